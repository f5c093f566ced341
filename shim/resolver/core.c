// SPDX-License-Identifier: MIT
#include "resolver/core.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "resolver/engine.h"

#include "base/poison.h"

enum { TIMEOUT_MIN = 1000 };

static void *carve(uint8_t *base, size_t *at, size_t n, size_t size)
{
	void *p = base ? base + *at : NULL;

	*at += (n * size + 63) & ~(size_t)63;
	return p;
}

static uint32_t head_mask(const struct fdg_core_settings *s)
{
	uint32_t mask = 63;

	while (mask + 1 < 2 * s->inflight * FDG_REQUEST_LEGS) /* what shares a head is far away in memory */
		mask = mask * 2 + 1;
	return mask;
}

/* A core has more bytes than there may be stack: it is written where it lies. NULL: the size of all alone. */
static size_t lay_out(const struct fdg_core_settings *s, uint8_t *base)
{
	struct fdg_core *c = (struct fdg_core *)base;
	size_t at = 0, questions = (size_t)s->inflight * FDG_REQUEST_LEGS;
	void *heads, *requests, *askings, *reply;

	carve(base, &at, 1, sizeof(*c));
	heads = carve(base, &at, head_mask(s) + 1, sizeof(*c->heads));
	requests = carve(base, &at, s->inflight + 1, sizeof(*c->requests)); /* one is being told of */
	askings = carve(base, &at, questions, sizeof(*c->askings));
	reply = carve(base, &at, 1, FDG_REPLY_MAX);
	if (!c)
		return at;
	c->set = *s;
	c->head_mask = head_mask(s);
	c->heads = heads;
	c->requests = requests;
	c->askings = askings;
	c->reply = reply;
	c->mapped = at;
	return at;
}

static int check(const struct fdg_core_settings *s)
{
	bool ok = s->inflight && s->inflight <= FDG_CORE_INFLIGHT_MAX && s->ports &&
		  s->server_count <= FDG_EXCHANGE_SERVERS;

	return ok ? 0 : -EINVAL;
}

static int map(const struct fdg_core_settings *s, struct fdg_core **ret)
{
	uint8_t *base = fdg_sys_mmap(lay_out(s, NULL), false);

	if (!base)
		return -ENOMEM;
	lay_out(s, base);
	*ret = (struct fdg_core *)base;
	return 0;
}

static void clear_lists(struct fdg_core *c)
{
	c->requests_free = c->askings_free = c->ended_first = c->ended_last = FDG_CORE_NONE;
	for (uint32_t i = 0; i <= c->head_mask; i++)
		c->heads[i] = FDG_CORE_NONE;
}

void fdg_core_let_go(void *core)
{
	struct fdg_core *c = core;

	if (c->x)
		fdg_exchange_let_go(c->x);
	fdg_sources_scrap(&c->sources);
}

/* What an exchange that is short of descriptors can be given. */
static bool spare(void *core)
{
	struct fdg_sources *s = &((struct fdg_core *)core)->sources;
	bool any = s->told.fd >= 0 || s->four_fd.fd >= 0 || s->six_fd.fd >= 0;

	fdg_sources_scrap(s);
	return any;
}

static void start(struct fdg_core *c)
{
	clear_lists(c);
	c->world.believe_ms = c->set.believe_ms;
	c->world.frugal = c->set.polled;
	c->now = fdg_clock();
	fdg_sources_start(&c->sources);
	c->sources.let_go = c->world.let_go = fdg_core_let_go;
	c->sources.cookie = c->world.cookie = c;
}

static int make_parts(struct fdg_core *c)
{
	int error = fdg_random_make(&c->random);

	if (error)
		return error;
	if (!fdg_hash_seed(&c->random, &c->seed))
		return -EIO;
	return c->set.flags & FDG_CORE_NO_CACHE ? 0 : fdg_cache_make(c->set.cache_bytes, &c->cache);
}

static void unmake(struct fdg_core *c)
{
	fdg_sources_end(&c->sources);
	fdg_world_forget(&c->world);
	fdg_cache_free(c->cache);
	if (c->random.page)
		fdg_random_free(&c->random);
	if (c->items)
		fdg_sys_munmap(c->items, c->items_mapped);
	fdg_sys_munmap(c, c->mapped);
}

int fdg_core_make(const struct fdg_core_settings *s, struct fdg_core **ret)
{
	struct fdg_core *c;
	int error = check(s);

	if (!error)
		error = map(s, &c);
	if (error)
		return error;
	start(c);
	error = make_parts(c);
	if (error) {
		unmake(c);
		return error;
	}
	*ret = c;
	return 0;
}

void fdg_core_add_counts(struct fdg_exchange_counts *to, const struct fdg_exchange_counts *from)
{
	uint64_t *a = (uint64_t *)to;
	const uint64_t *b = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*a); i++)
		a[i] += b[i];
}

static void free_exchange(struct fdg_core *c)
{
	struct fdg_exchange *x = c->x;

	if (!x)
		return;
	c->x = NULL;
	c->renewing = true;
	fdg_core_add_counts(&c->before, fdg_exchange_counts(x));
	fdg_exchange_free(x);
	c->renewing = false;
}

void fdg_core_free(struct fdg_core *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->requests_touched; i++)
		if (c->requests[i].state == FDG_REQUEST_RUNNING)
			fdg_request_cancel(c, &c->requests[i]);
	free_exchange(c);
	fdg_core_tell(c);
	unmake(c);
}

static void exchange_settings(struct fdg_core *c, struct fdg_exchange_settings *ret)
{
	const struct fdg_core_settings *s = &c->set;

	fdg_exchange_settings(&c->world.conf, ret);
	if (s->server_count) {
		memcpy(ret->server, s->server, sizeof(ret->server));
		ret->server_count = s->server_count;
	}
	if (s->timeout_ms)
		ret->timeout_ms = s->timeout_ms;
	else if (!ret->timeout_ms) /* resolv.conf's timeout:0 */
		ret->timeout_ms = TIMEOUT_MIN;
	if (s->tries)
		ret->attempts = s->tries;
	ret->questions = s->inflight * FDG_REQUEST_LEGS;
	if (s->ports < ret->ports)
		ret->ports = s->ports;
	ret->polled = ret->brief = s->polled;
	ret->block = s->block;
	ret->receive = s->receive;
	ret->let_go = spare;
	ret->owner = c;
}

void fdg_core_abandon(struct fdg_core *c)
{
	if (c->x)
		fdg_exchange_abandon(c->x);
	clear_lists(c);
	c->askings_touched = 0;
	for (uint32_t i = 0; i < c->requests_touched; i++)
		if (c->requests[i].state != FDG_REQUEST_FREE)
			fdg_request_give_back(c, &c->requests[i]);
	c->running = 0;
	c->requests_free = FDG_CORE_NONE;
	for (uint32_t i = 0; i < c->requests_touched; i++) {
		c->requests[i].next = c->requests_free;
		c->requests_free = i;
	}
}

/* What was asked of the old servers is asked of the new ones. */
static void restart_all(struct fdg_core *c)
{
	for (uint32_t i = 0; i < c->requests_touched; i++)
		if (c->requests[i].state == FDG_REQUEST_RUNNING && c->requests[i].restart)
			fdg_request_restart(c, &c->requests[i]);
}

void fdg_core_look_at_conf(struct fdg_core *c)
{
	bool known = c->world.conf_changes;

	if (!fdg_world_look(&c->world, FDG_WORLD_RESOLV, c->now) || !known)
		return;
	if (c->cache)
		fdg_cache_flush(c->cache);
	free_exchange(c);
	restart_all(c);
}

struct fdg_exchange *fdg_core_exchange(struct fdg_core *c, int *ret_error)
{
	struct fdg_exchange_settings s;

	*ret_error = 0;
	if (c->x)
		return c->x;
	if (!c->world.conf_changes)
		fdg_world_look(&c->world, FDG_WORLD_RESOLV, c->now);
	exchange_settings(c, &s);
	*ret_error = fdg_exchange_make(&s, &c->x);
	if (*ret_error)
		c->x = NULL;
	return c->x;
}

unsigned fdg_core_tell(struct fdg_core *c)
{
	unsigned n = 0;

	while (c->ended_first != FDG_CORE_NONE) {
		struct fdg_request *q = &c->requests[c->ended_first];

		c->ended_first = q->next;
		if (c->ended_first == FDG_CORE_NONE)
			c->ended_last = FDG_CORE_NONE;
		n++;
		c->running--;
		c->counts.ended++;
		c->counts.failed += q->error != 0;
		q->done(q->cookie, q);
		fdg_request_give_back(c, q);
	}
	return n;
}
