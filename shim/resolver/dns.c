// SPDX-License-Identifier: MIT
/* The step "dns": the names of the search, and for each the questions that the family wants. */
#include "resolver/core.h"

#include <string.h>

#include "resolver/node.h"

#include "base/poison.h"

static bool is_waiting(const struct fdg_request *q)
{
	return q->leg[0].asking != FDG_CORE_NONE || q->leg[1].asking != FDG_CORE_NONE;
}

static bool name_now(const struct fdg_core *c, const struct fdg_request *q, struct fdg_dns_name *ret)
{
	if (q->reverse)
		return fdg_reverse_name(&q->address, ret);
	return q->asked_for == q->node && fdg_search_name(&q->search, &c->world.conf, q->node, ret);
}

/* The canonical name where that is the one that was asked for. */
static void take_asked_name(const struct fdg_core *c, struct fdg_request *q)
{
	char text[FDG_DNS_TEXT_MAX];
	struct fdg_dns_name name;

	if (q->search.at == FDG_SEARCH_AS_IS && q->asked_for == q->node && !q->search.dot_at_end &&
	    !strchr(q->node, '\\')) {
		q->name = q->node;
		q->named = true;
		return;
	}
	if (!name_now(c, q, &name))
		return;
	fdg_dns_name_to_text(&name, text);
	fdg_request_name(q, text);
}

/* Of two answers it is A's that names the host. */
static void take_names(const struct fdg_core *c, struct fdg_request *q, unsigned leg, const struct fdg_reply *r)
{
	const char *name = (const char *)r->bytes;

	if (!q->named || (!leg && q->leg[1].type)) {
		if (r->as_asked)
			take_asked_name(c, q);
		else
			fdg_request_name(q, name);
	}
	if (!q->names || q->reverse)
		return;
	for (unsigned i = 0; i < r->name_count; i++, name += strlen(name) + 1)
		if (i || r->as_asked)
			fdg_request_alias(q, name);
}

static bool take_addresses(struct fdg_core *c, struct fdg_request *q, const struct fdg_reply *r)
{
	const uint8_t *data = fdg_reply_data(r);
	for (unsigned i = 0; i < r->count; i++, data += r->width) {
		struct fdg_ip *one = fdg_request_room(c, q);

		if (!one)
			return false;
		*one = (struct fdg_ip){ .family = r->width == 4 ? AF_INET : AF_INET6 };
		if (r->width == 4)
			memcpy(one->bytes, data, 4);
		else
			memcpy(one->bytes, data, 16);
		if (q->family == AF_INET6 && one->family == AF_INET)
			fdg_ip_map(one);
	}
	return true;
}

void fdg_dns_take(struct fdg_core *c, struct fdg_request *q, unsigned leg, const struct fdg_reply *r, uint32_t ttl)
{
	struct fdg_leg *l = &q->leg[leg];
	uint32_t before = q->ip_count;

	l->over = true;
	l->kind = r->kind;
	l->status = r->status;
	if (r->kind != FDG_REPLY_HIT)
		return;
	if (r->width && !take_addresses(c, q, r))
		l->kind = FDG_REPLY_MALFORMED;
	l->count = q->ip_count - before;
	if (ttl < q->ttl)
		q->ttl = ttl;
	take_names(c, q, leg, r);
}

/* The questions of a name: the types, in libc's order. */
static unsigned types_of(const struct fdg_core *c, const struct fdg_request *q, uint16_t types[FDG_REQUEST_LEGS])
{
	bool no_six = c->world.conf.options & FDG_CONF_NO_AAAA;
	unsigned n = 0;

	if (q->reverse) {
		types[n++] = FDG_DNS_PTR;
		return n;
	}
	if (q->pass != AF_INET6)
		types[n++] = FDG_DNS_A;
	if (q->pass != AF_INET && !no_six)
		types[n++] = FDG_DNS_AAAA;
	return n;
}

static bool one_at_a_time(const struct fdg_core *c)
{
	return c->world.conf.options & (FDG_CONF_SINGLE_REQUEST | FDG_CONF_SINGLE_REQUEST_REOPEN);
}

/* Who asks one at a time does not ask for the second where no server answered the first. */
static bool is_lost(const struct fdg_core *c, const struct fdg_request *q)
{
	return one_at_a_time(c) && q->leg[0].over && q->leg[0].kind == FDG_REPLY_NONE;
}

static void clear_legs(struct fdg_request *q)
{
	for (unsigned i = 0; i < FDG_REQUEST_LEGS; i++)
		q->leg[i] = (struct fdg_leg){ .asking = FDG_CORE_NONE };
}

/* Asks for what has not been asked for yet; true: answers are awaited. */
static bool ask(struct fdg_core *c, struct fdg_request *q)
{
	uint16_t types[FDG_REQUEST_LEGS];
	unsigned n = types_of(c, q, types);
	struct fdg_dns_name name;
	struct fdg_hash_key key;

	if (!name_now(c, q, &name))
		return false;
	fdg_hash_key(&c->seed, &name, 0, &key);
	q->source = FDG_FROM_DNS;
	for (unsigned i = 0; i < n; i++) {
		if (q->leg[i].type)
			continue;
		if (i && (is_lost(c, q) || (is_waiting(q) && one_at_a_time(c))))
			break;
		key.type = types[i];
		fdg_ask(c, q, i, &name, &key);
	}
	return is_waiting(q);
}

static bool has_more_to_ask(const struct fdg_core *c, const struct fdg_request *q)
{
	uint16_t types[FDG_REQUEST_LEGS];
	unsigned n = types_of(c, q, types);

	return q->leg[0].type && n == FDG_REQUEST_LEGS && !q->leg[1].type && !is_lost(c, q);
}

static enum fdg_outcome outcome(const struct fdg_core *c, const struct fdg_request *q)
{
	struct fdg_dns_name name;

	if (q->leg[0].type)
		return fdg_merge(q);
	if (!*q->node && !q->reverse) /* ".domain" is no name, and libc asks for no other then */
		return FDG_OUTCOME_NORECOVERY;
	/* Nothing was asked: no host has such a name, or resolv.conf wants no AAAA. */
	return q->pass == AF_INET6 && (c->world.conf.options & FDG_CONF_NO_AAAA) && name_now(c, q, &name)
		       ? FDG_OUTCOME_NODATA
		       : FDG_OUTCOME_NOTFOUND;
}

/* Where libc takes the function that tells a canonical name, gethostbyname3_r, it looks at the name only when there is an answer. */
static bool asks_for_any(const struct fdg_request *q)
{
	return q->family != AF_UNSPEC && (q->flags & AI_CANONNAME) && !q->host_only && !q->reverse;
}

/* What was found is nothing, if no host has such a name. */
static enum fdg_outcome refuse_name(const struct fdg_core *c, struct fdg_request *q, enum fdg_outcome o)
{
	struct fdg_dns_name name;

	if (o != FDG_OUTCOME_FOUND || !q->search.any || !name_now(c, q, &name) || fdg_dns_name_is_host(&name))
		return o;
	q->ip_count -= q->leg[0].count;
	q->named = q->named && q->found;
	return FDG_OUTCOME_NORECOVERY;
}

/* As nss_dns of libc tells it: "no answer" is UNAVAIL, but not if something else was asked since. */
static enum fdg_nss_status status_of(const struct fdg_request *q, enum fdg_outcome o)
{
	switch (o) {
	case FDG_OUTCOME_FOUND:
		return FDG_NSS_SUCCESS;
	case FDG_OUTCOME_SERVFAIL:
	case FDG_OUTCOME_AGAIN:
		return q->late ? FDG_NSS_NOTFOUND : FDG_NSS_UNAVAIL;
	case FDG_OUTCOME_BROKEN:
		return FDG_NSS_UNAVAIL;
	case FDG_OUTCOME_EMPTY:
		return q->pass == AF_UNSPEC ? FDG_NSS_NOTFOUND : FDG_NSS_TRYAGAIN;
	default:
		return FDG_NSS_NOTFOUND;
	}
}

static void start_pass(struct fdg_core *c, struct fdg_request *q, int family)
{
	q->pass = (uint8_t)family;
	fdg_search_start(&q->search, &c->world.conf, q->node, q->reverse || (c->set.flags & FDG_CORE_NO_SEARCH));
	q->search.any = asks_for_any(q);
	clear_legs(q);
}

static bool wants_mapped(const struct fdg_request *q)
{
	return q->pass == AF_INET6 && (q->flags & AI_V4MAPPED) && (!q->got_six || (q->flags & AI_ALL)) && !q->host_only;
}

/* A's first, whichever came first. */
static void put_in_order(struct fdg_request *q)
{
	uint32_t sixes = q->leg[1].count, n = q->ip_count;

	if (!sixes || !q->leg[0].count || q->ips[n - 1].family == AF_INET6)
		return;
	for (uint32_t i = 0; i < q->leg[0].count; i++) {
		struct fdg_ip four = q->ips[n - q->leg[0].count + i];
		uint32_t to = n - q->leg[0].count - sixes + i;

		memmove(&q->ips[to + 1], &q->ips[to], (n - q->leg[0].count + i - to) * sizeof(four));
		q->ips[to] = four;
	}
}

static bool is_again(enum fdg_outcome o)
{
	return o == FDG_OUTCOME_SERVFAIL || o == FDG_OUTCOME_AGAIN;
}

static void note_outcome(struct fdg_request *q, enum fdg_outcome o)
{
	if (o == FDG_OUTCOME_FOUND) {
		q->found = true;
		q->got_six = q->got_six || q->pass == AF_INET6;
		put_in_order(q);
		if (q->leg[0].cached && (!q->leg[1].type || q->leg[1].cached))
			q->source = FDG_FROM_CACHE;
	}
	if (q->pass != AF_INET || q->family == AF_INET)
		q->why[1] = (uint8_t)o;
	q->why[0] = (uint8_t)o;
}

/* The name is over: true: there is another one to ask for. */
static bool to_next(struct fdg_core *c, struct fdg_request *q, enum fdg_outcome o)
{
	if (!q->reverse && fdg_search_next(&q->search, &c->world.conf, q->node, o)) {
		clear_legs(q);
		return true;
	}
	if (!q->reverse)
		o = refuse_name(c, q, fdg_search_outcome(&q->search));
	note_outcome(q, o);
	q->late = !q->reverse && is_again(o) && !is_again((enum fdg_outcome)q->search.last);
	if (wants_mapped(q)) {
		start_pass(c, q, AF_INET);
		return true;
	}
	fdg_request_step_over(c, q, q->found ? FDG_NSS_SUCCESS : status_of(q, o));
	return false;
}

static void run(struct fdg_core *c, struct fdg_request *q)
{
	do {
		if (ask(c, q))
			return;
		if (has_more_to_ask(c, q))
			continue;
	} while (to_next(c, q, outcome(c, q)));
}

void fdg_dns_go_on(struct fdg_core *c, struct fdg_request *q)
{
	if (is_waiting(q))
		return;
	if (has_more_to_ask(c, q) && ask(c, q))
		return;
	if (to_next(c, q, outcome(c, q)))
		run(c, q);
}

void fdg_dns_step(struct fdg_core *c, struct fdg_request *q)
{
	if (!c->world.conf_changes)
		fdg_world_look(&c->world, FDG_WORLD_RESOLV, c->now);
	start_pass(c, q, q->reverse ? AF_UNSPEC : q->family);
	run(c, q);
}
