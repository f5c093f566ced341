// SPDX-License-Identifier: MIT
#include "resolver/judge.h"

#include <string.h>

#include "base/poison.h"

enum { QUESTION_TAIL = 4 };

/* Names that differ in letter case are the same question. */
static bool is_question(const struct fdg_asked *asked, struct fdg_dns_message *m)
{
	struct fdg_dns_query query;
	size_t name = asked->len - FDG_DNS_HEADER - QUESTION_TAIL;
	const uint8_t *tail = asked->packet + asked->len - QUESTION_TAIL;

	if (m->header.count[0] == 1 && m->len >= asked->len &&
	    !memcmp(m->data + FDG_DNS_HEADER, asked->packet + FDG_DNS_HEADER, asked->len - FDG_DNS_HEADER)) {
		fdg_dns_pass(m, asked->len - FDG_DNS_HEADER);
		return true;
	}
	query.id = m->header.id;
	query.type = (uint16_t)(tail[0] << 8 | tail[1]);
	query.name.len = (uint8_t)name;
	memcpy(query.name.wire, asked->packet + FDG_DNS_HEADER, name);
	return !fdg_dns_answers(m, &query);
}

/* RFC 6891 section 7: a server that knows no OPT says FORMERR, some without repeating the question; one of a later version says BADVERS. */
static bool is_against_opt(const struct fdg_dns_header *h)
{
	return h->rcode == FDG_DNS_FORMERR || h->rcode == FDG_DNS_NOTIMP;
}

static enum fdg_verdict walk(struct fdg_dns_message *m, bool opt)
{
	struct fdg_dns_record r;
	struct fdg_dns_opt o;
	enum fdg_dns_error error;

	while (!(error = fdg_dns_next(m, &r)))
		if (opt && r.type == FDG_DNS_OPT && r.section == FDG_DNS_ADDITIONAL && !fdg_dns_read_opt(m, &r, &o) &&
		    o.rcode == FDG_DNS_BADVERS)
			return FDG_VERDICT_PLAIN;
	return error == FDG_DNS_END ? FDG_VERDICT_FINAL : FDG_VERDICT_MALFORMED;
}

static enum fdg_verdict judge_answer(const struct fdg_asked *asked, struct fdg_dns_message *m, bool cut)
{
	const struct fdg_dns_header *h = &m->header;

	if (asked->opt && is_against_opt(h))
		return FDG_VERDICT_PLAIN;
	if (h->rcode == FDG_DNS_SERVFAIL)
		return FDG_VERDICT_SERVFAIL;
	if (h->rcode == FDG_DNS_REFUSED || h->rcode == FDG_DNS_NOTIMP)
		return FDG_VERDICT_REFUSED;
	if (h->truncated || cut)
		return FDG_VERDICT_TRUNCATED;
	if (h->rcode == FDG_DNS_NOERROR && !h->count[FDG_DNS_ANSWER] && !h->authoritative && !h->recursion)
		return FDG_VERDICT_REFUSED;
	return walk(m, asked->opt);
}

enum fdg_verdict fdg_judge(const struct fdg_asked *asked, const uint8_t *msg, size_t len, bool cut)
{
	struct fdg_dns_message m;
	enum fdg_dns_error error = fdg_dns_open(&m, msg, len);

	if (error)
		return FDG_VERDICT_SHORT;
	if (!m.header.answer || m.header.opcode)
		return FDG_VERDICT_NOT_ANSWER;
	if (asked->opt && !m.header.count[0] && len == FDG_DNS_HEADER && is_against_opt(&m.header))
		return FDG_VERDICT_PLAIN;
	return is_question(asked, &m) ? judge_answer(asked, &m, cut) : FDG_VERDICT_QUESTION;
}

bool fdg_frame_next(const uint8_t *stream, size_t len, size_t *at, const uint8_t **ret_msg, size_t *ret_len)
{
	size_t n;

	if (len - *at < 2)
		return false;
	n = (size_t)stream[*at] << 8 | stream[*at + 1];
	if (len - *at - 2 < n)
		return false;
	*ret_msg = stream + *at + 2;
	*ret_len = n;
	*at += 2 + n;
	return true;
}
