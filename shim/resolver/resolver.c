// SPDX-License-Identifier: MIT
/* The public library: include/fdguard/resolver.h on a core. */
#include <fdguard/resolver.h>

#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "resolver/listing.h"
#include "resolver/nameinfo.h"
#include "resolver/resolver_inside.h"
#include "resolver/sentence.h"

#include "base/poison.h"

enum { INFLIGHT = 4096, PORTS = 64, CACHE = 8 << 20, TTL_MAX = 3600, BELIEVE = 1000, CLOCK_EVERY = 32 };

_Static_assert(FDG_RESOLVER_NO_CACHE == (int)FDG_CORE_NO_CACHE && FDG_RESOLVER_NO_HOSTS == (int)FDG_CORE_NO_HOSTS &&
		       FDG_RESOLVER_NO_SEARCH == (int)FDG_CORE_NO_SEARCH &&
		       FDG_RESOLVER_STRICT == (int)FDG_CORE_STRICT && FDG_RESOLVER_UNSORTED == (int)FDG_CORE_UNSORTED,
	       "flags are handed down as they are");
_Static_assert(FDG_RESOLVER_FROM_FILES == (int)FDG_FROM_FILES && FDG_RESOLVER_FROM_CACHE == (int)FDG_FROM_CACHE,
	       "and so are sources");
_Static_assert(FDG_RESOLVER_NOT_OURS == (int)FDG_CORE_NOT_OURS, "and errors");

static int read_servers(const struct fdg_resolver_options *o, struct fdg_core_settings *ret)
{
	if (o->server_count > FDG_EXCHANGE_SERVERS || (o->server_count && !o->servers))
		return -EINVAL;
	for (unsigned i = 0; i < o->server_count; i++) {
		const struct sockaddr_storage *a = &o->servers[i];
		uint16_t port = ntohs(((const struct sockaddr_in *)a)->sin_port); /* at one place in both families */

		if (!fdg_ip_from_socket(a, &ret->server[i].ip))
			return -EINVAL;
		ret->server[i].port = port ? port : FDG_CONF_PORT;
	}
	ret->server_count = o->server_count;
	return 0;
}

static unsigned or_else(unsigned value, unsigned usual)
{
	return value ? value : usual;
}

static int read_options(const struct fdg_resolver_options *o, struct fdg_core_settings *ret)
{
	const unsigned known =
		FDG_CORE_NO_CACHE | FDG_CORE_NO_HOSTS | FDG_CORE_NO_SEARCH | FDG_CORE_STRICT | FDG_CORE_UNSORTED;

	if (o->flags & ~known)
		return -EINVAL;
	*ret = (struct fdg_core_settings){
		.inflight = or_else(o->inflight, INFLIGHT),
		.ports = or_else(o->ports, PORTS),
		.timeout_ms = o->timeout_ms,
		.tries = o->tries,
		.cache_bytes = o->cache_bytes ? o->cache_bytes : CACHE,
		.ttl_min = o->ttl_min,
		.ttl_max = or_else(o->ttl_max, TTL_MAX),
		.flags = o->flags,
		.believe_ms = BELIEVE,
	};
	return ret->cache_bytes < FDG_CACHE_MIN || ret->ttl_min > ret->ttl_max ? -EINVAL : read_servers(o, ret);
}

int fdg_resolver_create(const struct fdg_resolver_options *options, struct fdg_resolver **ret)
{
	struct fdg_resolver_options o = { .size = sizeof(o) };
	struct fdg_core_settings s;
	struct fdg_resolver *r;
	int error;

	if (options) {
		if (options->size < offsetof(struct fdg_resolver_options, servers) + sizeof(void *) ||
		    options->size > sizeof(o))
			return -EINVAL;
		memcpy(&o, options, options->size);
	}
	error = read_options(&o, &s);
	if (error)
		return error;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return -ENOMEM;
	fdg_outside_start(&r->outside);
	error = fdg_resolver_map_slots(r, s.inflight);
	if (!error)
		error = fdg_core_make(&s, &r->core);
	if (error) {
		fdg_resolver_unmap(r);
		return error;
	}
	*ret = r;
	return 0;
}

void fdg_resolver_destroy(struct fdg_resolver *r)
{
	if (!r || r->telling)
		return;
	r->telling = true;
	fdg_core_free(r->core);
	fdg_outside_end(&r->outside);
	fdg_resolver_unmap(r);
}

const char *fdg_resolver_strerror(int error)
{
	return fdg_error_sentence(error);
}

const char *fdg_resolver_version(void)
{
	return FDGUARD_VERSION;
}

static struct fdg_slot *slot_of(struct fdg_resolver *r, const struct fdg_request *q)
{
	return &r->slots[q - r->core->requests];
}

static void describe(struct fdg_resolver *r, const struct fdg_request *q, struct fdg_resolver_result *ret)
{
	uint64_t now = r->core->now;

	*ret = (struct fdg_resolver_result){
		.error = q->error,
		.host = !q->error && q->named ? q->name : NULL,
		.source = (enum fdg_resolver_source)q->source,
		.ttl = q->error || q->source < FDG_FROM_DNS ? 0 : q->ttl,
		.took_us = now > q->started ? now - q->started : 0,
		.sent = q->sent,
		.reason = q->error ? fdg_request_reason(q) : NULL,
		.node = q->node[0] ? q->node : NULL,
	};
	if (q->was_asked && r->core->x && q->server < r->core->x->target_count)
		ret->server = &r->core->x->targets[q->server].address;
}

/* getnameinfo's ending: what has no name is a number. */
static void describe_address(struct fdg_resolver *r, struct fdg_request *q, struct fdg_resolver_result *ret)
{
	struct fdg_slot *s = slot_of(r, q);

	if ((ret->error == EAI_NONAME || ret->error == EAI_NODATA) && !(s->flags & NI_NAMEREQD)) {
		ret->error = 0;
		ret->reason = NULL;
		q->error = 0;
	} else if (ret->error == EAI_NODATA) {
		ret->error = EAI_NONAME;
	}
	if (ret->error)
		return;
	if (!ret->host) {
		fdg_nameinfo_number(&q->address, r->host);
		ret->host = r->host;
	}
	if (fdg_nameinfo_service(&r->core->world, s->port, s->flags, r->core->now, r->service))
		ret->service = r->service;
}

static void tell(void *cookie, struct fdg_request *q)
{
	struct fdg_resolver *r = cookie;
	struct fdg_slot *s = slot_of(r, q);
	struct fdg_resolver_result result;

	describe(r, q, &result);
	if (s->is_address)
		describe_address(r, q, &result);
	else if (!q->error)
		result.addresses = fdg_listing(r, q);
	if (!s->is_address && !q->error && !result.addresses) {
		result.error = EAI_MEMORY;
		result.reason = fdg_error_sentence(EAI_MEMORY);
	}
	r->told++;
	s->done(s->cookie, &result);
}

/* A system call for each of thousands that are submitted in a row would cost more than it tells. */
static void read_clock(struct fdg_resolver *r)
{
	if (r->core->running && ++r->since < CLOCK_EVERY)
		return;
	r->core->now = fdg_clock();
	r->since = 0;
}

static struct fdg_request *take(struct fdg_resolver *r, fdg_resolver_done *done, void *cookie,
				fdg_resolver_handle *ret_handle)
{
	struct fdg_request *q;

	read_clock(r);
	q = fdg_request_take(r->core, tell, r);
	if (!q)
		return NULL;
	*slot_of(r, q) = (struct fdg_slot){ .done = done, .cookie = cookie };
	if (ret_handle)
		*ret_handle = fdg_request_handle(r->core, q);
	return q;
}

int fdg_resolver_submit(struct fdg_resolver *r, const char *node, const char *service, const struct addrinfo *hints,
			fdg_resolver_done *done, void *cookie, fdg_resolver_handle *ret_handle)
{
	struct fdg_request *q;
	int saved = errno;

	if (!done)
		return -EINVAL;
	q = take(r, done, cookie, ret_handle);
	if (!q)
		return -EAGAIN;
	fdg_request_begin(r->core, q, node, service, hints);
	fdg_outside_ring(r);
	errno = saved;
	return 0;
}

static void begin_address(struct fdg_resolver *r, struct fdg_request *q, struct fdg_slot *s,
			  const struct sockaddr *address, socklen_t len)
{
	struct fdg_ip ip;
	int error = fdg_nameinfo_check(address, len, s->flags, &ip, &s->port);

	if (error) {
		fdg_request_end(r->core, q, error);
	} else if (s->flags & NI_NUMERICHOST) {
		q->address = ip;
		q->source = FDG_FROM_TEXT;
		fdg_request_end(r->core, q, EAI_NONAME);
	} else {
		fdg_reverse_begin(r->core, q, &ip);
	}
}

int fdg_resolver_submit_address(struct fdg_resolver *r, const struct sockaddr *address, socklen_t len, int flags,
				fdg_resolver_done *done, void *cookie, fdg_resolver_handle *ret_handle)
{
	struct fdg_request *q;
	struct fdg_slot *s;

	if (!done)
		return -EINVAL;
	q = take(r, done, cookie, ret_handle);
	if (!q)
		return -EAGAIN;
	s = slot_of(r, q);
	s->is_address = true;
	s->flags = flags;
	begin_address(r, q, s, address, len);
	fdg_outside_ring(r);
	return 0;
}

int fdg_resolver_cancel(struct fdg_resolver *r, fdg_resolver_handle handle)
{
	struct fdg_request *q = fdg_request_by_handle(r->core, handle);

	if (!q || q->state != FDG_REQUEST_RUNNING)
		return -ENOENT;
	fdg_request_cancel(r->core, q);
	fdg_outside_ring(r);
	return 0;
}

unsigned fdg_resolver_running(const struct fdg_resolver *r)
{
	return r->core->running;
}

unsigned fdg_resolver_room(const struct fdg_resolver *r)
{
	return r->core->set.inflight - r->core->running;
}

void fdg_resolver_flush(struct fdg_resolver *r)
{
	if (r->core->cache)
		fdg_cache_flush(r->core->cache);
}
