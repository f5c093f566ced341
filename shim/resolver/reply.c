// SPDX-License-Identifier: MIT
#include "resolver/reply.h"

#include <string.h>

#include "base/poison.h"

/* Names are collected behind the place where the canonical one, which is known last, will stand. */
struct reading {
	struct fdg_dns_message m;
	struct fdg_reply *to;
	const struct fdg_dns_name *question; /* as the server repeats it */
	const struct fdg_dns_name *expected; /* whose records count */
	size_t expected_at;           /* where it stands in the message; 0: nowhere */
	const struct fdg_dns_name *canonical;
	struct fdg_dns_name repeated, target, host; /* what they may point at */
	uint8_t *data; /* of the addresses, at their largest distance */
	char *names;
	size_t names_len;
	unsigned names_count;
};

enum { QUESTION_AT = FDG_DNS_HEADER };

#define QUESTION_TAIL 4u

static bool add_name(struct reading *r, const struct fdg_dns_name *name)
{
	char text[FDG_DNS_TEXT_MAX];
	size_t n = fdg_dns_name_to_text(name, text) + 1;

	if (r->names_len + n > FDG_REPLY_NAMES - FDG_DNS_TEXT_MAX)
		return false;
	memcpy(r->names + r->names_len, text, n);
	r->names_len += n;
	r->names_count++;
	return true;
}

static bool is_expected(struct reading *r, const struct fdg_dns_record *record)
{
	const uint8_t *p = r->m.data + record->owner;
	struct fdg_dns_name owner;

	if ((p[0] & 0xc0) == 0xc0 && ((size_t)(p[0] & 0x3f) << 8 | p[1]) == r->expected_at)
		return true;
	return !fdg_dns_read_owner(&r->m, record, &owner) && fdg_dns_name_equal(&owner, r->expected);
}

/* The name that was expected is an alias now. */
static bool take_cname(struct reading *r, const struct fdg_dns_record *record)
{
	if (fdg_dns_read_target(&r->m, record, &r->target))
		return false;
	if (r->to->type != FDG_DNS_PTR && fdg_dns_name_is_host(&r->target)) {
		add_name(r, r->canonical);
		fdg_dns_name_copy(&r->host, &r->target);
		r->canonical = &r->host;
	}
	r->expected = &r->target;
	r->expected_at = record->data;
	r->to->cname = true;
	return true;
}

static void take_address(struct reading *r, const struct fdg_dns_record *record)
{
	struct fdg_reply *to = r->to;

	if (record->data_len != to->width || !is_expected(r, record))
		return;
	if (to->width == 4)
		memcpy(r->data + (size_t)to->count * 4, r->m.data + record->data, 4);
	else
		memcpy(r->data + (size_t)to->count * 16, r->m.data + record->data, 16);
	to->count++;
}

static bool take_ptr(struct reading *r, const struct fdg_dns_record *record)
{
	struct fdg_dns_name target;

	if (!is_expected(r, record))
		return true;
	if (fdg_dns_read_target(&r->m, record, &target))
		return false;
	if (fdg_dns_name_is_host(&target) && add_name(r, &target))
		r->to->count++;
	return true;
}

static void lower_ttl(struct fdg_reply *to, uint32_t ttl)
{
	if (ttl < to->ttl)
		to->ttl = ttl;
}

static bool take(struct reading *r, const struct fdg_dns_record *record)
{
	if (record->class_ != FDG_DNS_IN)
		return true;
	if (record->type == FDG_DNS_CNAME || record->type == r->to->type)
		lower_ttl(r->to, record->ttl);
	if (record->type == FDG_DNS_CNAME)
		return take_cname(r, record);
	if (record->type != r->to->type)
		return true;
	if (record->type == FDG_DNS_PTR)
		return take_ptr(r, record);
	take_address(r, record);
	return true;
}

/* RFC 2308 section 5: how long that there is nothing may be kept. */
static void take_negative(struct reading *r, const struct fdg_dns_record *record)
{
	struct fdg_dns_soa soa;

	if (record->type != FDG_DNS_SOA || record->class_ != FDG_DNS_IN || fdg_dns_read_soa(&r->m, record, &soa))
		return;
	lower_ttl(r->to, record->ttl < soa.minimum ? record->ttl : soa.minimum);
	r->to->keep = true;
}

/* False: the answers cannot be read. What is wrong behind them matters to nobody. */
static bool walk(struct reading *r)
{
	struct fdg_dns_record record;
	enum fdg_dns_error error;
	unsigned answers = 0;

	while (!(error = fdg_dns_next(&r->m, &record))) {
		if (record.section == FDG_DNS_ANSWER) {
			answers++;
			if (!take(r, &record))
				return false;
		} else if (record.section == FDG_DNS_AUTHORITY && !r->to->count) {
			take_negative(r, &record);
		} else {
			return true;
		}
	}
	return error == FDG_DNS_END || answers == r->m.header.count[FDG_DNS_ANSWER];
}

/* The names to their place: the canonical one first. */
static void settle_names(struct reading *r)
{
	struct fdg_reply *to = r->to;
	char text[FDG_DNS_TEXT_MAX];
	size_t n;

	to->name_count = (uint16_t)r->names_count;
	to->names_len = (uint16_t)r->names_len;
	if (to->type == FDG_DNS_PTR || to->as_asked)
		return;
	n = fdg_dns_name_to_text(r->canonical, text) + 1;
	memmove(r->names + n, r->names, r->names_len);
	memcpy(r->names, text, n);
	to->names_len = (uint16_t)(to->names_len + n);
	to->name_count++;
}

static void settle(struct reading *r, const struct fdg_dns_name *asked)
{
	struct fdg_reply *to = r->to;

	to->as_asked = !to->cname && r->question == asked && to->type != FDG_DNS_PTR;
	settle_names(r);
	memset(to->bytes + to->names_len, 0, fdg_reply_names_room(to) - to->names_len);
	if (to->count && to->width)
		memmove(to->bytes + fdg_reply_names_room(to), r->data, (size_t)to->count * to->width);
}

static void read_records(struct reading *r, const struct fdg_dns_name *asked)
{
	struct fdg_reply *to = r->to;

	if (!walk(r)) {
		to->kind = FDG_REPLY_MALFORMED;
		to->count = 0;
		to->keep = false;
		return;
	}
	if (to->count) {
		to->kind = FDG_REPLY_HIT;
		to->keep = true;
	} else if (r->m.header.count[FDG_DNS_ANSWER]) {
		to->kind = FDG_REPLY_EMPTY;
	}
	settle(r, asked);
}

static enum fdg_reply_kind kind_of(const struct fdg_dns_header *h)
{
	switch (h->rcode) {
	case FDG_DNS_NOERROR:
		return FDG_REPLY_NODATA;
	case FDG_DNS_NXDOMAIN:
		return FDG_REPLY_NXDOMAIN;
	case FDG_DNS_SERVFAIL:
		return FDG_REPLY_SERVFAIL;
	default:
		return FDG_REPLY_NORECOVERY;
	}
}

static enum fdg_reply_kind kind_without(enum fdg_exchange_status status)
{
	return status == FDG_EXCHANGE_SERVFAIL  ? FDG_REPLY_SERVFAIL
	       : status == FDG_EXCHANGE_REFUSED ? FDG_REPLY_REFUSED
						: FDG_REPLY_NONE;
}

/* Mostly it is repeated byte by byte. */
static bool is_repeated(const struct fdg_dns_message *m, const struct fdg_dns_name *asked)
{
	return m->header.count[0] == 1 && m->len >= FDG_DNS_HEADER + asked->len + QUESTION_TAIL &&
	       !memcmp(m->data + FDG_DNS_HEADER, asked->wire, asked->len);
}

static bool open_message(struct reading *r, const struct fdg_exchange_answer *a, const struct fdg_dns_name *asked)
{
	struct fdg_dns_question q;

	if (fdg_dns_open(&r->m, a->packet, a->len))
		return false;
	r->question = asked;
	r->expected_at = QUESTION_AT;
	if (is_repeated(&r->m, asked)) {
		fdg_dns_pass(&r->m, asked->len + QUESTION_TAIL);
	} else {
		if (fdg_dns_next_question(&r->m, &q))
			return false;
		fdg_dns_name_copy(&r->repeated, &q.name);
		r->question = &r->repeated;
	}
	r->expected = r->canonical = r->question;
	return true;
}

/* Without records that count: what is left is what the header says, and for how long. */
static void read_failure(struct reading *r)
{
	enum fdg_reply_kind kind = kind_of(&r->m.header);

	r->to->kind = (uint8_t)kind;
	if (kind == FDG_REPLY_NXDOMAIN && !walk(r))
		r->to->keep = false;
	r->to->count = r->to->name_count = 0;
	r->to->keep = r->to->keep && kind == FDG_REPLY_NXDOMAIN;
}

void fdg_reply_read(const struct fdg_exchange_answer *a, const struct fdg_dns_name *asked, uint16_t type,
		    struct fdg_reply *ret)
{
	struct reading r; /* not cleared: the names in it are large */

	r.to = ret;
	r.names = (char *)ret->bytes;
	r.data = ret->bytes + FDG_REPLY_NAMES;
	r.names_len = r.names_count = 0;
	*ret = (struct fdg_reply){ .status = (uint8_t)a->status, .type = type, .ttl = FDG_DNS_TTL_MAX };
	ret->width = type == FDG_DNS_A ? 4 : type == FDG_DNS_AAAA ? 16 : 0;
	ret->kind = (uint8_t)kind_without(a->status);
	if (!a->packet)
		return;
	ret->kind = FDG_REPLY_MALFORMED;
	if (!open_message(&r, a, asked))
		return;
	if (r.m.header.rcode) {
		read_failure(&r);
		return;
	}
	ret->kind = FDG_REPLY_NODATA;
	read_records(&r, asked);
}
