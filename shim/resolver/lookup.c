// SPDX-License-Identifier: MIT
/*
 * Properties, operation and safety: lookup.h. A core of one request, polled; the wait is the only place where it can be left in good order. Left
 * elsewhere, what may be half done is not touched: its sockets are closed, its memory is given up, and a new one is made.
 */
#include "resolver/modest.h"
#include "resolver/lookup.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "resolver/engine.h"
#include "resolver/lookup_inside.h"

#include "base/poison.h"

enum { PORTS = 1, CACHE = 256 << 10, TTL_MAX = 3600, SLICE_MS = 250 };

static void done(void *cookie, struct fdg_request *q)
{
	(void)q;
	((struct fdg_lookup *)cookie)->over = true;
}

static int make_core(struct fdg_lookup *l)
{
	struct fdg_core_settings s = {
		.inflight = 1,
		.ports = PORTS,
		.cache_bytes = CACHE,
		.ttl_max = TTL_MAX,
		.flags = FDG_CORE_STRICT | (l->calls.cache ? 0 : FDG_CORE_NO_CACHE),
		.polled = true,
		.believe_ms = l->calls.believe_ms,
		.block = l->calls.block,
		.receive = l->calls.receive,
	};

	return fdg_core_make(&s, &l->core);
}

void fdg_lookup_modest(void)
{
	atomic_store(&fdg_modest, true);
}

int fdg_lookup_make(const struct fdg_lookup_calls *calls, struct fdg_lookup **ret)
{
	struct fdg_lookup *l = fdg_sys_mmap(sizeof(*l), false);
	int error;

	if (!l)
		return -ENOMEM;
	l->calls = *calls;
	error = make_core(l);
	if (error) {
		fdg_sys_munmap(l, sizeof(*l));
		return error;
	}
	*ret = l;
	return 0;
}

/* What is left of one that was torn. */
static void scrap(struct fdg_lookup *l)
{
	struct fdg_core *c = l->core;

	struct fdg_exchange *x = c ? c->x : NULL;

	if (!c)
		return;
	/* What is closed is known to be ours, so that to be torn here, too, does no harm. */
	if (x)
		fdg_exchange_scrap(x);
	fdg_sources_scrap(&c->sources);
	fdg_world_scrap(&c->world);
	l->core = NULL;
	if (x)
		fdg_exchange_unmap(x);
	fdg_sys_munmap(c, c->mapped);
}

void fdg_lookup_free(struct fdg_lookup *l)
{
	if (!l)
		return;
	if (l->running)
		scrap(l);
	fdg_core_free(l->core);
	fdg_sys_munmap(l, sizeof(*l));
}

static bool put_in_order(struct fdg_lookup *l)
{
	if (!l->running)
		return false;
	if (l->core && l->core->x && l->core->x->blocked)
		fdg_core_abandon(l->core);
	else
		scrap(l);
	l->running = false;
	return true;
}

static void start_request(struct fdg_lookup *l)
{
	struct fdg_core *c = l->core;

	c->now = fdg_clock();
	l->started = c->now;
	l->waited = 0;
	fdg_core_look_at_conf(c);
	if (fdg_text_variable("HOSTALIASES"))
		c->set.flags |= FDG_CORE_ALIASES;
	else
		c->set.flags &= ~(unsigned)FDG_CORE_ALIASES;
	l->over = false;
	l->request = fdg_request_take(c, done, l);
	l->request->names = l->names;
	l->request->names_room = sizeof(l->names);
}

bool fdg_lookup_begin(struct fdg_lookup *l)
{
	bool was_left = put_in_order(l);

	l->running = true;
	l->request = NULL;
	if (!l->core)
		make_core(l);
	return was_left;
}

void fdg_lookup_end(struct fdg_lookup *l)
{
	if (l->core && l->request)
		fdg_core_tell(l->core);
	l->request = NULL;
	l->running = false;
}

void fdg_lookup_rest(struct fdg_lookup *l)
{
	if (l->core)
		fdg_core_let_go(l->core);
}

struct numbers {
	int *at;
	unsigned room, count;
};

static void add_number(struct numbers *n, int fd)
{
	if (fd < 0)
		return;
	if (n->count < n->room)
		n->at[n->count] = fd;
	n->count++;
}

unsigned fdg_lookup_descriptors(const struct fdg_lookup *l, int *ret, unsigned room)
{
	struct numbers n = { ret, room, 0 };
	const struct fdg_exchange *x = l->core ? l->core->x : NULL;

	for (unsigned i = 0; x && i < x->port_count; i++)
		add_number(&n, x->ports[i].fd);
	for (unsigned i = 0; x && i < x->target_count; i++)
		add_number(&n, x->targets[i].stream.fd);
	if (l->core) {
		add_number(&n, l->core->sources.told.fd);
		add_number(&n, l->core->sources.four_fd.fd);
		add_number(&n, l->core->sources.six_fd.fd);
	}
	return n.count;
}

int fdg_lookup_floor(void)
{
	return fdg_pool_floor();
}

struct fdg_request *fdg_lookup_start(struct fdg_lookup *l)
{
	if (!l->core)
		return NULL;
	if (l->request)
		fdg_core_tell(l->core); /* the last lookup between this begin and its end */
	start_request(l);
	return l->request;
}

/* A thread that is stopped, or gets no CPU, overstays its waits: what is beyond a slice was no wait for an answer. */
static void wait_a_slice(struct fdg_lookup *l)
{
	uint64_t begun = l->core->now, spent;

	fdg_exchange_wait(l->core->x, SLICE_MS);
	l->core->now = fdg_exchange_now(l->core->x);
	spent = l->core->now - begun;
	l->waited += spent < SLICE_MS * 1000 ? spent : SLICE_MS * 1000;
}

/* No memory, or no descriptor, for a single question. */
static bool could_not_ask(const struct fdg_request *q)
{
	return q->error == EAI_AGAIN && q->status == FDG_EXCHANGE_NO_SOCKET && !q->sent;
}

/* Its request's memory lives until it is told of. */
int fdg_lookup_run(struct fdg_lookup *l)
{
	struct fdg_request *q = l->request;

	while (q->state != FDG_REQUEST_ENDED)
		wait_a_slice(l);
	l->took = (l->waited ? l->core->now : fdg_clock()) - l->started;
	return could_not_ask(q) ? EAI_MEMORY : q->error;
}

int fdg_lookup_addresses(struct fdg_lookup *l, const char *node, const char *service, const struct addrinfo *hints,
			 struct fdg_lookup_result *ret, int *ret_errno)
{
	struct fdg_request *q = fdg_lookup_start(l);
	int error, saved = errno;

	(void)ret_errno;
	if (!q)
		return EAI_MEMORY;
	fdg_request_begin(l->core, q, node, service, hints);
	error = fdg_lookup_run(l);
	errno = saved;
	if (error)
		return error == FDG_CORE_NOT_OURS ? FDG_LOOKUP_NOT_OURS : error;
	*ret = (struct fdg_lookup_result){
		.address_count = q->ip_count,
		.kind_count = q->kind_count,
		.canonical = q->flags & AI_CANONNAME && q->named ? q->name : NULL,
		.flags = q->flags,
		.addresses = q->ips,
		.kinds = q->kind,
	};
	return 0;
}

bool fdg_lookup_entry(const struct fdg_lookup_result *r, unsigned n, struct fdg_lookup_entry *ret)
{
	const struct fdg_kind *kinds = r->kinds;
	const struct fdg_ip *ips = r->addresses;
	struct sockaddr_storage a;

	if (n >= r->address_count * r->kind_count)
		return false;
	*ret = (struct fdg_lookup_entry){
		.flags = r->flags,
		.family = ips[n / r->kind_count].family,
		.socktype = kinds[n % r->kind_count].socktype,
		.protocol = kinds[n % r->kind_count].protocol,
		.canonical = n ? NULL : r->canonical,
	};
	ret->address_len = fdg_ip_to_socket(&ips[n / r->kind_count], kinds[n % r->kind_count].port, &a);
	memcpy(&ret->address, &a, ret->address_len);
	return true;
}

static bool is_answered(const struct fdg_leg *l)
{
	return l->type && l->over && l->kind != FDG_REPLY_NONE;
}

static const char *missing(const struct fdg_request *q)
{
	for (unsigned i = 0; i < FDG_REQUEST_LEGS; i++) {
		const struct fdg_leg *l = &q->leg[i], *other = &q->leg[!i];

		if (l->type && l->over && !is_answered(l) && l->status == FDG_EXCHANGE_TIMEOUT && is_answered(other))
			return l->type == FDG_DNS_A ? "A" : l->type == FDG_DNS_AAAA ? "AAAA" : NULL;
	}
	return NULL;
}

void fdg_lookup_facts(const struct fdg_lookup *l, struct fdg_lookup_facts *ret)
{
	const struct fdg_request *q = l->request;

	*ret = (struct fdg_lookup_facts){ .took_us = l->took, .waited_us = l->waited };
	if (!q)
		return;
	ret->sent = q->sent;
	if (q->was_asked && l->core->x && q->server < l->core->x->target_count)
		memcpy(&ret->server, &l->core->x->targets[q->server].address, sizeof(ret->server));
	ret->reason = q->error ? fdg_request_reason(q) : NULL;
	ret->missing = missing(q);
}
