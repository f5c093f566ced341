// SPDX-License-Identifier: MIT
/* Questions in flight: one for all that ask the same, and the answers that are kept. */
#include "resolver/core.h"

#include "base/poison.h"

static uint32_t *head_of(const struct fdg_core *c, uint64_t hash, uint16_t type)
{
	return &c->heads[(hash + type) & c->head_mask];
}

static struct fdg_asking *find(const struct fdg_core *c, const struct fdg_hash_key *key,
			       const struct fdg_dns_name *name)
{
	uint32_t n = *head_of(c, key->hash, key->type);

	while (n != FDG_CORE_NONE) {
		struct fdg_asking *a = &c->askings[n];

		if (a->running && a->hash == key->hash && a->type == key->type && fdg_dns_name_equal(&a->name, name))
			return a;
		n = a->next;
	}
	return NULL;
}

static struct fdg_asking *take(struct fdg_core *c)
{
	struct fdg_asking *a;

	if (c->askings_free != FDG_CORE_NONE) {
		a = &c->askings[c->askings_free];
		c->askings_free = a->next;
	} else if (c->askings_touched < c->set.inflight * FDG_REQUEST_LEGS) {
		a = &c->askings[c->askings_touched];
		a->core = c;
		a->number = c->askings_touched++;
	} else {
		return NULL;
	}
	a->first = FDG_CORE_NONE;
	return a;
}

static void enter(struct fdg_core *c, struct fdg_asking *a)
{
	uint32_t *head = head_of(c, a->hash, a->type);

	a->running = true;
	a->next = *head;
	*head = a->number;
}

static void leave(struct fdg_core *c, struct fdg_asking *a)
{
	uint32_t *at = head_of(c, a->hash, a->type);

	while (*at != a->number)
		at = &c->askings[*at].next;
	*at = a->next;
	a->next = c->askings_free;
	c->askings_free = a->number;
}

static void wait_for(struct fdg_core *c, struct fdg_asking *a, struct fdg_request *q, unsigned leg)
{
	q->leg[leg].asking = a->number;
	q->leg[leg].next = a->first;
	a->first = (uint32_t)(q - c->requests) * FDG_REQUEST_LEGS + leg;
}

/* The seconds for which it may be kept; 0: not at all. */
static uint32_t life(const struct fdg_core *c, const struct fdg_reply *r)
{
	uint32_t ttl = r->ttl;

	if (r->kind == FDG_REPLY_SERVFAIL)
		return c->set.ttl_max < FDG_CACHE_TTL_FAILED ? c->set.ttl_max : FDG_CACHE_TTL_FAILED;
	if (!r->keep)
		return 0;
	if (ttl < c->set.ttl_min)
		ttl = c->set.ttl_min;
	if (ttl > c->set.ttl_max)
		ttl = c->set.ttl_max;
	return r->kind != FDG_REPLY_HIT && ttl > FDG_CACHE_TTL_NEGATIVE ? FDG_CACHE_TTL_NEGATIVE : ttl;
}

static void leg_failed(struct fdg_leg *l, enum fdg_exchange_status status)
{
	l->over = true;
	l->kind = FDG_REPLY_NONE;
	l->status = (uint8_t)status;
}

static void no_room(struct fdg_request *q, unsigned leg)
{
	q->status = FDG_EXCHANGE_NO_SOCKET;
	leg_failed(&q->leg[leg], FDG_EXCHANGE_NO_SOCKET);
}

/* One that waits: it is told, and goes on when that was the last. */
static void answer(struct fdg_core *c, uint32_t leg_number, const struct fdg_exchange_answer *a, uint32_t ttl)
{
	struct fdg_request *q = &c->requests[leg_number / FDG_REQUEST_LEGS];
	unsigned leg = leg_number % FDG_REQUEST_LEGS;

	q->leg[leg].asking = FDG_CORE_NONE;
	q->sent += a->sent;
	q->was_asked = q->was_asked || a->sent;
	q->server = (uint8_t)a->server;
	q->status = (uint8_t)a->status;
	if (q->state != FDG_REQUEST_RUNNING) {
		fdg_request_cancel(c, q);
		return;
	}
	if (c->renewing) {
		q->restart = true;
		leg_failed(&q->leg[leg], a->status);
		return;
	}
	fdg_dns_take(c, q, leg, c->reply, ttl);
	fdg_dns_go_on(c, q);
}

static void keep(struct fdg_core *c, const struct fdg_asking *a, uint32_t ttl)
{
	struct fdg_hash_key key;

	fdg_hash_lower(&a->name, a->type, a->hash, &key);
	fdg_cache_put(c->cache, &key, c->reply, c->now, ttl);
}

/* What is needed when the message has been read is fetched meanwhile: with thousands in flight it is in no near cache any more. */
static void look_ahead(const struct fdg_core *c, const struct fdg_asking *a)
{
	const struct fdg_request *q;

	if (c->cache)
		fdg_cache_look_ahead(c->cache, a->hash);
	__builtin_prefetch(head_of(c, a->hash, a->type));
	if (a->first == FDG_CORE_NONE)
		return;
	q = &c->requests[a->first / FDG_REQUEST_LEGS];
	for (size_t i = 0; i < offsetof(struct fdg_request, kind); i += 64)
		__builtin_prefetch((const char *)q + i, 1);
	__builtin_prefetch(q->node);
	__builtin_prefetch(q->few, 1);
}

static void answered(void *cookie, const struct fdg_exchange_answer *a)
{
	struct fdg_asking *asking = cookie;
	struct fdg_core *c = asking->core;
	struct fdg_exchange_answer told = *a;
	uint32_t leg = asking->first, next, ttl;

	look_ahead(c, asking);
	fdg_reply_read(a, &asking->name, asking->type, c->reply);
	ttl = life(c, c->reply);
	if (c->cache && ttl)
		keep(c, asking, ttl);
	leave(c, asking);
	for (; leg != FDG_CORE_NONE; leg = next) {
		next = c->requests[leg / FDG_REQUEST_LEGS].leg[leg % FDG_REQUEST_LEGS].next;
		answer(c, leg, &told, ttl);
		told.sent = 0; /* it went out for the first */
	}
}

static bool is_cached(struct fdg_core *c, struct fdg_request *q, unsigned leg, const struct fdg_hash_key *key)
{
	const struct fdg_reply *r;
	uint32_t left;

	if (!c->cache)
		return false;
	r = fdg_cache_find(c->cache, key, c->now, &left);
	if (!r)
		return false;
	c->counts.cached++;
	q->leg[leg].cached = true;
	q->status = r->status;
	fdg_dns_take(c, q, leg, r, left);
	return true;
}

static bool ask_anew(struct fdg_core *c, struct fdg_asking *a, const struct fdg_dns_name *name)
{
	int error;
	struct fdg_exchange *x = fdg_core_exchange(c, &error);

	fdg_dns_name_copy(&a->name, name);
	return x && fdg_exchange_ask(x, name, a->type, answered, a, &a->handle);
}

void fdg_ask(struct fdg_core *c, struct fdg_request *q, unsigned leg, const struct fdg_dns_name *name,
	     const struct fdg_hash_key *key)
{
	struct fdg_asking *a;

	if (c->cache)
		fdg_cache_look_ahead(c->cache, key->hash);
	__builtin_prefetch(head_of(c, key->hash, key->type));
	q->leg[leg] = (struct fdg_leg){ .asking = FDG_CORE_NONE, .type = key->type };
	if (is_cached(c, q, leg, key))
		return;
	a = find(c, key, name);
	if (a) {
		c->counts.shared++;
		q->leg[leg].cached = true;
		wait_for(c, a, q, leg);
		return;
	}
	a = take(c);
	if (!a) {
		no_room(q, leg);
		return;
	}
	a->hash = key->hash;
	a->type = key->type;
	enter(c, a);
	if (!ask_anew(c, a, name)) {
		leave(c, a);
		no_room(q, leg);
		return;
	}
	c->counts.asked++;
	wait_for(c, a, q, leg);
}

bool fdg_ask_no_more(struct fdg_core *c, struct fdg_request *q, unsigned leg)
{
	uint32_t mine = (uint32_t)(q - c->requests) * FDG_REQUEST_LEGS + leg, *at;
	struct fdg_asking *a;

	if (q->leg[leg].asking == FDG_CORE_NONE)
		return true;
	a = &c->askings[q->leg[leg].asking];
	if (a->first == mine && q->leg[leg].next == FDG_CORE_NONE) {
		a->running = false; /* nobody joins */
		if (c->x)
			fdg_exchange_cancel(c->x, a->handle);
		return false;
	}
	for (at = &a->first; *at != mine; at = &c->requests[*at / FDG_REQUEST_LEGS].leg[*at % FDG_REQUEST_LEGS].next)
		continue;
	*at = q->leg[leg].next;
	q->leg[leg].asking = FDG_CORE_NONE;
	return true;
}
