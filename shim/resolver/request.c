// SPDX-License-Identifier: MIT
/* A request: what is refused at once, what is a number, and the steps of nsswitch. */
#include "resolver/core.h"

#include <string.h>

#include "base/sys.h"
#include "resolver/engine.h"
#include "resolver/node.h"

#include "base/poison.h"

/* What a message can have of both families, and more. */
enum { ADDRESSES_MAX = 16384 };

struct fdg_request *fdg_request_take(struct fdg_core *c, fdg_core_done *done, void *cookie)
{
	struct fdg_request *q;

	if (c->running == c->set.inflight)
		return NULL;
	if (c->requests_free != FDG_CORE_NONE) {
		q = &c->requests[c->requests_free];
		c->requests_free = q->next;
	} else {
		q = &c->requests[c->requests_touched++];
	}
	q->generation++;
	memset(&q->state, 0, offsetof(struct fdg_request, kind) - offsetof(struct fdg_request, state));
	q->canonical[0] = q->node[0] = '\0';
	q->state = FDG_REQUEST_RUNNING;
	q->done = done;
	q->cookie = cookie;
	q->asked_for = q->node;
	q->ips = q->few;
	q->ip_room = FDG_REQUEST_ADDRESSES;
	q->ttl = FDG_DNS_TTL_MAX;
	q->leg[0].asking = q->leg[1].asking = FDG_CORE_NONE;
	q->why[0] = q->why[1] = FDG_OUTCOME_NOTFOUND;
	q->started = c->now;
	c->running++;
	c->counts.submitted++;
	return q;
}

void fdg_request_give_back(struct fdg_core *c, struct fdg_request *q)
{
	if (q->mapped)
		fdg_sys_munmap(q->ips, q->mapped);
	q->mapped = 0;
	q->ips = q->few;
	q->state = FDG_REQUEST_FREE;
	q->generation++;
	q->next = c->requests_free;
	c->requests_free = (uint32_t)(q - c->requests);
}

uint64_t fdg_request_handle(const struct fdg_core *c, const struct fdg_request *q)
{
	return (uint64_t)q->generation << 32 | (uint32_t)(q - c->requests);
}

struct fdg_request *fdg_request_by_handle(struct fdg_core *c, uint64_t handle)
{
	uint32_t n = (uint32_t)handle;

	if (n >= c->requests_touched || c->requests[n].generation != handle >> 32)
		return NULL;
	return &c->requests[n];
}

static bool grow(struct fdg_request *q)
{
	uint32_t room = q->ip_room * 8;
	size_t bytes = room * sizeof(*q->ips);
	struct fdg_ip *more = room > ADDRESSES_MAX ? NULL : fdg_sys_mmap(bytes, false);

	if (!more)
		return false;
	memcpy(more, q->ips, q->ip_count * sizeof(*q->ips));
	if (q->mapped)
		fdg_sys_munmap(q->ips, q->mapped);
	q->ips = more;
	q->mapped = bytes;
	q->ip_room = room;
	return true;
}

struct fdg_ip *fdg_request_room(struct fdg_core *c, struct fdg_request *q)
{
	(void)c;
	if (q->ip_count == q->ip_room && !grow(q))
		return NULL;
	return &q->ips[q->ip_count++];
}

bool fdg_request_add(struct fdg_core *c, struct fdg_request *q, const struct fdg_ip *ip)
{
	struct fdg_ip *to = fdg_request_room(c, q);

	if (to)
		*to = *ip;
	return to;
}

void fdg_request_name(struct fdg_request *q, const char *name)
{
	size_t n = strlen(name);

	if (n >= sizeof(q->canonical))
		return;
	fdg_dns_copy(q->canonical, name, n + 1);
	q->name = q->canonical;
	q->named = true;
}

void fdg_request_alias(struct fdg_request *q, const char *name)
{
	size_t n = strlen(name) + 1;

	if (!q->names)
		return;
	q->names_cut = q->names_cut || q->names_len + n > q->names_room;
	if (q->names_cut)
		return;
	memcpy(q->names + q->names_len, name, n);
	q->names_len += (uint32_t)n;
	q->name_count++;
}

void fdg_request_end(struct fdg_core *c, struct fdg_request *q, int error)
{
	uint32_t n = (uint32_t)(q - c->requests);

	q->error = error;
	q->state = FDG_REQUEST_ENDED;
	q->next = FDG_CORE_NONE;
	if (c->ended_last == FDG_CORE_NONE)
		c->ended_first = n;
	else
		c->requests[c->ended_last].next = n;
	c->ended_last = n;
}

void fdg_request_cancel(struct fdg_core *c, struct fdg_request *q)
{
	bool over = true;

	if (q->state == FDG_REQUEST_ENDED)
		return;
	for (unsigned i = 0; i < FDG_REQUEST_LEGS; i++)
		over = (q->state == FDG_REQUEST_RUNNING ? fdg_ask_no_more(c, q, i)
							: q->leg[i].asking == FDG_CORE_NONE) &&
		       over;
	q->state = FDG_REQUEST_CANCELLED;
	if (over)
		fdg_request_end(c, q, EAI_CANCELED);
}

/* AI_ADDRCONFIG: families that the host does not have are not asked for. */
static int narrow(struct fdg_core *c, struct fdg_hints *h)
{
	if (!(h->flags & AI_ADDRCONFIG))
		return 0;
	fdg_sources_refresh(&c->sources, true, c->now);
	fdg_sources_read(&c->sources);
	if (h->family == AF_UNSPEC && c->sources.four != c->sources.six)
		h->family = c->sources.four ? AF_INET : AF_INET6;
	else if ((h->family == AF_INET && !c->sources.four) || (h->family == AF_INET6 && !c->sources.six))
		return EAI_NONAME;
	return 0;
}

static int find_kinds(struct fdg_core *c, struct fdg_hints *h)
{
	if (!fdg_hints_need_services(h))
		return fdg_hints_kinds(h, NULL);
	fdg_world_look(&c->world, FDG_WORLD_SERVICES, c->now);
	return c->world.services_ours ? fdg_hints_kinds(h, &c->world.services) : FDG_CORE_NOT_OURS;
}

static int refuse(struct fdg_core *c, struct fdg_hints *h, const char *node, const char *service,
		  const struct addrinfo *hints)
{
	int error = fdg_hints_read(node, service, hints, h);

	if (!error)
		error = narrow(c, h);
	return error ? error : find_kinds(c, h);
}

static void keep_hints(struct fdg_request *q, const struct fdg_hints *h)
{
	size_t n = h->node ? strlen(h->node) : 0;

	q->flags = h->flags;
	q->family = h->family;
	q->kind_count = h->kind_count;
	memcpy(q->kind, h->kind, h->kind_count * sizeof(*q->kind));
	if (n < sizeof(q->node))
		fdg_dns_copy(q->node, h->node ? h->node : "", n + 1);
	else
		q->asked_for = h->node;
}

/* True: no name has to be looked up. */
static bool without_name(struct fdg_core *c, struct fdg_request *q, const struct fdg_hints *h)
{
	struct fdg_ip ip[2];
	unsigned n = 1;
	int error = 0;

	if (!h->node)
		n = fdg_node_none(h, ip);
	else
		error = fdg_node_number(h, fdg_world_interface, ip);
	if (error == FDG_NODE_NAME)
		return false;
	q->source = FDG_FROM_TEXT;
	if (!error) {
		for (unsigned i = 0; i < n; i++)
			fdg_request_add(c, q, &ip[i]);
		if (h->node)
			fdg_request_name(q, h->node);
		fdg_order(c, q);
	}
	fdg_request_end(c, q, error);
	return true;
}

static const struct fdg_nss *default_steps(void)
{
	static const struct fdg_nss steps = {
		.count = 2,
		.step = { { .source = FDG_NSS_FILES, .ends = { [FDG_NSS_SUCCESS] = true } },
			  { .source = FDG_NSS_DNS, .ends = { [FDG_NSS_SUCCESS] = true } } },
	};

	return &steps;
}

const struct fdg_nss *fdg_core_nss(const struct fdg_core *c)
{
	return c->world.nss_ours ? &c->world.nss : default_steps();
}

/* Is there nothing in the files that we do not do? */
static bool is_plain(struct fdg_core *c)
{
	if (!c->world.conf_changes)
		fdg_world_look(&c->world, FDG_WORLD_RESOLV, c->now);
	fdg_world_look(&c->world, FDG_WORLD_GAICONF, c->now);
	return c->world.nss_ours && !c->world.conf.sortlist && !c->world.conf.search_cut && !c->world.gai.cut;
}

/* Is there anything in the way that only libc knows? */
static bool is_ours(struct fdg_core *c, const struct fdg_request *q)
{
	fdg_world_look(&c->world, FDG_WORLD_NSS, c->now);
	if ((c->set.flags & FDG_CORE_STRICT) && !is_plain(c))
		return false;
	return !(c->set.flags & FDG_CORE_ALIASES) || strchr(q->asked_for, '.') || q->reverse;
}

static void make_step(struct fdg_core *c, struct fdg_request *q)
{
	const struct fdg_nss *nss = fdg_core_nss(c);

	while (q->state == FDG_REQUEST_RUNNING) {
		const struct fdg_nss_step *step = &nss->step[q->step];
		enum fdg_nss_status status;

		if (q->step >= nss->count) {
			fdg_request_over(c, q);
			return;
		}
		if (step->source == FDG_NSS_DNS) {
			fdg_dns_step(c, q);
			return;
		}
		status = q->reverse ? fdg_reverse_files(c, q) : fdg_files_step(c, q);
		if (q->state != FDG_REQUEST_RUNNING)
			return;
		q->step = step->ends[status] ? (uint8_t)nss->count : q->step + 1;
	}
}

void fdg_request_step_over(struct fdg_core *c, struct fdg_request *q, enum fdg_nss_status status)
{
	const struct fdg_nss *nss = fdg_core_nss(c);

	/* The file may have changed since. */
	q->step = q->step >= nss->count || nss->step[q->step].ends[status] ? (uint8_t)nss->count : q->step + 1;
	make_step(c, q);
}

void fdg_request_restart(struct fdg_core *c, struct fdg_request *q)
{
	q->restart = q->found = q->got_six = q->named = false;
	q->ip_count = q->name_count = q->names_len = 0;
	q->step = 0;
	q->why[0] = q->why[1] = FDG_OUTCOME_NOTFOUND;
	make_step(c, q);
}

void fdg_request_look_up(struct fdg_core *c, struct fdg_request *q)
{
	if (is_ours(c, q))
		make_step(c, q);
	else
		fdg_request_end(c, q, FDG_CORE_NOT_OURS);
}

/* libc's gethostbyname, by which it goes where AF_INET alone and no canonical name is wanted, takes what looks like a number for one. */
static bool is_bad_number(const struct fdg_hints *h)
{
	const char *s = h->node;
	size_t n = strlen(s);

	if (h->family != AF_INET || (h->flags & AI_CANONNAME) || !n)
		return false;
	if (strchr(s, ':'))
		return true;
	return s[0] != '.' && s[n - 1] != '.' && strspn(s, "0123456789.") == n;
}

void fdg_request_begin(struct fdg_core *c, struct fdg_request *q, const char *node, const char *service,
		       const struct addrinfo *hints)
{
	struct fdg_hints h;
	int error = refuse(c, &h, node, service, hints);

	keep_hints(q, &h);
	if (error)
		fdg_request_end(c, q, error);
	else if (without_name(c, q, &h))
		return;
	else if (is_bad_number(&h))
		fdg_request_end(c, q, EAI_NONAME);
	else
		fdg_request_look_up(c, q);
}

/* AI_V4MAPPED alone: where there are AF_INET6 addresses, those that only look so are none. */
static void drop_mapped(struct fdg_request *q)
{
	uint32_t n = 0;

	if (!q->got_six || (q->flags & (AI_V4MAPPED | AI_ALL)) != AI_V4MAPPED)
		return;
	for (uint32_t i = 0; i < q->ip_count; i++)
		if (!fdg_ip_is_mapped(&q->ips[i]))
			q->ips[n++] = q->ips[i];
	q->ip_count = n;
	q->found = q->found && n;
}

void fdg_request_over(struct fdg_core *c, struct fdg_request *q)
{
	drop_mapped(q);
	if (!q->found) {
		fdg_request_end(c, q, fdg_request_error(q));
		return;
	}
	if (!q->reverse && !q->host_only)
		fdg_order(c, q);
	fdg_request_end(c, q, 0);
}
