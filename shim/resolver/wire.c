// SPDX-License-Identifier: MIT
#include "resolver/wire.h"

#include <string.h>

#include "base/poison.h"

/* Bits of the header's second 16. */
enum {
	QR = 0x8000,
	AA = 0x400,
	TC = 0x200,
	RD = 0x100,
	RA = 0x80,
	AD = 0x20,
	CD = 0x10,
	OPCODE_SHIFT = 11,
	FOUR_BITS = 0xf
};

enum { QUESTION_TAIL = 4, RECORD_TAIL = 10, OPT_BYTES = 11, DO = 0x8000 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint8_t *put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

/* The root, OPT, the payload as class, and a TTL and a length of 0: RFC 6891 section 6.1.2. */
static uint8_t *put_opt(uint8_t *p, uint16_t payload)
{
	*p++ = 0;
	p = put16(p, FDG_DNS_OPT);
	p = put16(p, payload < FDG_DNS_PAYLOAD_MIN ? FDG_DNS_PAYLOAD_MIN : payload);
	memset(p, 0, 6);
	return p + 6;
}

enum fdg_dns_error fdg_dns_write(const struct fdg_dns_query *query, uint8_t *buf, size_t room, size_t *ret_len)
{
	size_t need = FDG_DNS_HEADER + query->name.len + QUESTION_TAIL + (query->payload ? OPT_BYTES : 0);
	uint8_t *p = buf;

	if (room < need)
		return FDG_DNS_ROOM;
	p = put16(p, query->id);
	p = put16(p, (query->recurse ? RD : 0) | (query->authentic ? AD : 0));
	p = put16(p, 1);
	p = put16(p, 0);
	p = put16(p, 0);
	p = put16(p, query->payload != 0);
	fdg_dns_copy(p, query->name.wire, query->name.len);
	p = put16(p + query->name.len, query->type);
	p = put16(p, FDG_DNS_IN);
	if (query->payload)
		put_opt(p, query->payload);
	*ret_len = need;
	return FDG_DNS_OK;
}

static void read_header(const uint8_t *p, struct fdg_dns_header *h)
{
	uint16_t bits = get16(p + 2);

	h->id = get16(p);
	h->opcode = bits >> OPCODE_SHIFT & FOUR_BITS;
	h->rcode = bits & FOUR_BITS;
	h->answer = bits & QR;
	h->authoritative = bits & AA;
	h->truncated = bits & TC;
	h->recurse = bits & RD;
	h->recursion = bits & RA;
	h->authentic = bits & AD;
	h->unchecked = bits & CD;
	for (int i = 0; i < 4; i++)
		h->count[i] = get16(p + 4 + 2 * i);
}

enum fdg_dns_error fdg_dns_open(struct fdg_dns_message *ret_m, const void *data, size_t len)
{
	if (len < FDG_DNS_HEADER)
		return FDG_DNS_SHORT;
	if (len > FDG_DNS_MESSAGE_MAX)
		return FDG_DNS_LONG;
	read_header(data, &ret_m->header);
	ret_m->data = data;
	ret_m->len = len;
	ret_m->at = FDG_DNS_HEADER;
	ret_m->section = 0;
	ret_m->done = 0;
	return FDG_DNS_OK;
}

void fdg_dns_pass(struct fdg_dns_message *m, size_t n)
{
	m->at += n;
	m->done++;
}

enum fdg_dns_error fdg_dns_next_question(struct fdg_dns_message *m, struct fdg_dns_question *ret)
{
	enum fdg_dns_error error;
	size_t end;

	if (m->section || m->done == m->header.count[0])
		return FDG_DNS_END;
	error = fdg_dns_name_read(m->data, m->len, m->at, &ret->name, &end);
	if (error)
		return error;
	if (end + QUESTION_TAIL > m->len)
		return FDG_DNS_CUT;
	ret->type = get16(m->data + end);
	ret->class_ = get16(m->data + end + 2);
	m->at = end + QUESTION_TAIL;
	m->done++;
	return FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_answers(struct fdg_dns_message *m, const struct fdg_dns_query *query)
{
	struct fdg_dns_question question;
	enum fdg_dns_error error;

	if (m->header.id != query->id)
		return FDG_DNS_ID;
	if (!m->header.answer)
		return FDG_DNS_NOT_ANSWER;
	if (m->header.opcode)
		return FDG_DNS_OPCODE;
	if (m->header.count[0] != 1)
		return FDG_DNS_QUESTIONS;
	error = fdg_dns_next_question(m, &question);
	if (error)
		return error;
	if (question.type != query->type || question.class_ != FDG_DNS_IN ||
	    !fdg_dns_name_equal(&question.name, &query->name))
		return FDG_DNS_QUESTION;
	return FDG_DNS_OK;
}

static enum fdg_dns_error pass_questions(struct fdg_dns_message *m)
{
	struct fdg_dns_question question;
	enum fdg_dns_error error;

	do
		error = fdg_dns_next_question(m, &question);
	while (!error);
	return error == FDG_DNS_END ? FDG_DNS_OK : error;
}

/* The rest of the record whose name ends at `end`. */
static enum fdg_dns_error read_record(struct fdg_dns_message *m, size_t end, struct fdg_dns_record *ret)
{
	const uint8_t *p = m->data + end;
	uint32_t ttl;
	size_t n;

	if (end + RECORD_TAIL > m->len)
		return FDG_DNS_CUT;
	n = get16(p + 8);
	if (end + RECORD_TAIL + n > m->len)
		return FDG_DNS_CUT;
	ttl = get32(p + 4);
	*ret = (struct fdg_dns_record){
		.section = (enum fdg_dns_section)m->section,
		.type = get16(p),
		.class_ = get16(p + 2),
		.ttl = ttl > FDG_DNS_TTL_MAX ? 0 : ttl,
		.owner = m->at,
		.data = end + RECORD_TAIL,
		.data_len = n,
	};
	m->at = end + RECORD_TAIL + n;
	m->done++;
	return FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_next(struct fdg_dns_message *m, struct fdg_dns_record *ret)
{
	enum fdg_dns_error error;
	size_t end;

	if (!m->section) {
		error = pass_questions(m);
		if (error)
			return error;
	}
	while (!m->section || m->done == m->header.count[m->section]) {
		if (m->section == FDG_DNS_ADDITIONAL)
			return FDG_DNS_END;
		m->section++;
		m->done = 0;
	}
	error = fdg_dns_name_skip(m->data, m->len, m->at, &end);
	return error ? error : read_record(m, end, ret);
}

enum fdg_dns_error fdg_dns_read_owner(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				      struct fdg_dns_name *ret)
{
	size_t end;

	return fdg_dns_name_read(m->data, m->len, r->owner, ret, &end);
}

static enum fdg_dns_error read_bytes(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				     enum fdg_dns_type type, uint8_t *ret, size_t n)
{
	if (r->type != type)
		return FDG_DNS_TYPE;
	if (r->data_len != n)
		return FDG_DNS_DATA;
	memcpy(ret, m->data + r->data, n);
	return FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_read_a(const struct fdg_dns_message *m, const struct fdg_dns_record *r, uint8_t ret[4])
{
	return read_bytes(m, r, FDG_DNS_A, ret, 4);
}

enum fdg_dns_error fdg_dns_read_aaaa(const struct fdg_dns_message *m, const struct fdg_dns_record *r, uint8_t ret[16])
{
	return read_bytes(m, r, FDG_DNS_AAAA, ret, 16);
}

/* The name at *at in the record's data, behind which *at is moved. */
static enum fdg_dns_error read_name(const struct fdg_dns_message *m, const struct fdg_dns_record *r, size_t *at,
				    struct fdg_dns_name *ret)
{
	size_t end = r->data + r->data_len;
	enum fdg_dns_error error;

	if (*at >= end)
		return FDG_DNS_DATA;
	error = fdg_dns_name_read(m->data, m->len, *at, ret, at);
	if (error)
		return error;
	return *at > end ? FDG_DNS_DATA : FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_read_target(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				       struct fdg_dns_name *ret)
{
	size_t at = r->data;
	enum fdg_dns_error error;

	if (r->type != FDG_DNS_CNAME && r->type != FDG_DNS_PTR)
		return FDG_DNS_TYPE;
	error = read_name(m, r, &at, ret);
	if (error)
		return error;
	return at == r->data + r->data_len ? FDG_DNS_OK : FDG_DNS_DATA;
}

enum fdg_dns_error fdg_dns_read_soa(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				    struct fdg_dns_soa *ret)
{
	uint32_t *const numbers[] = { &ret->serial, &ret->refresh, &ret->retry, &ret->expire, &ret->minimum };
	size_t at = r->data;
	enum fdg_dns_error error;

	if (r->type != FDG_DNS_SOA)
		return FDG_DNS_TYPE;
	error = read_name(m, r, &at, &ret->server);
	if (!error)
		error = read_name(m, r, &at, &ret->mailbox);
	if (error)
		return error;
	if (at + 4 * sizeof(numbers) / sizeof(numbers[0]) != r->data + r->data_len)
		return FDG_DNS_DATA;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*numbers[i] = get32(m->data + at + 4 * i);
	return FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_read_opt(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				    struct fdg_dns_opt *ret)
{
	const uint8_t *ttl = m->data + r->data - 6; /* rcode, version, flags: RFC 6891 section 6.1.3 */

	if (r->type != FDG_DNS_OPT)
		return FDG_DNS_TYPE;
	if (m->data[r->owner])
		return FDG_DNS_OWNER;
	ret->payload = r->class_ < FDG_DNS_PAYLOAD_MIN ? FDG_DNS_PAYLOAD_MIN : r->class_;
	ret->rcode = (uint16_t)(ttl[0] << 4 | m->header.rcode);
	ret->version = ttl[1];
	ret->secure = get16(ttl + 2) & DO;
	ret->at = r->data;
	ret->end = r->data + r->data_len;
	return FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_opt_next(const struct fdg_dns_message *m, struct fdg_dns_opt *opt,
				    struct fdg_dns_option *ret)
{
	size_t n;

	if (opt->at == opt->end)
		return FDG_DNS_END;
	if (opt->at + 4 > opt->end)
		return FDG_DNS_DATA;
	n = get16(m->data + opt->at + 2);
	if (opt->at + 4 + n > opt->end)
		return FDG_DNS_DATA;
	*ret = (struct fdg_dns_option){ .code = get16(m->data + opt->at), .data = opt->at + 4, .data_len = n };
	opt->at += 4 + n;
	return FDG_DNS_OK;
}
