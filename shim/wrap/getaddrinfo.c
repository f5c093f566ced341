// SPDX-License-Identifier: MIT
/*
 * getaddrinfo: our resolver's, or libc's where it knows more than ours (what nsswitch names, AI_IDN), where nothing of ours is wanted or possible, and where ours failed for a
 * reason of its own. Timed both ways. It is a cancellation point; malloc is called when the lookup is over.
 */
#include <errno.h>

#include "guards/lookup/lookup.h"
#include "guards/nonblock/lookup.h"
#include "wrap/gai.h"
#include "wrap/lookup_list.h"
#include "wrap/lookups.h"
#include "wrap/wrap.h"

struct asked {
	const char *node, *service;
	const struct addrinfo *hints;
	struct addrinfo **list;
	const void *site;
	const char *call;
};

/* Four numbers up to 255, or something with a colon: nobody is asked for what cannot be a name. */
static bool is_number(const char *s)
{
	unsigned dots = 0, digits = 0, part = 0;

	for (; *s; s++) {
		if (*s == ':')
			return true;
		if (*s == '.' && digits) {
			dots++;
			digits = part = 0;
		} else if (*s >= '0' && *s <= '9' && digits < 3) {
			digits++;
			part = part * 10 + (unsigned)(*s - '0');
		} else {
			return false;
		}
		if (part > 255)
			return false;
	}
	return dots == 3 && digits;
}

/* There is no name: libc knows the answer, or the mistake, at once. */
static bool is_no_lookup(const struct asked *a)
{
	return !a->node || (a->hints && a->hints->ai_flags & AI_NUMERICHOST) || is_number(a->node);
}

static int by_libc(const struct asked *a)
{
	uint64_t state = fdg_lookups_libc_begins();
	int64_t begun = fdg_lookup_clock();
	int error = real_getaddrinfo(a->node, a->service, a->hints, a->list);

	fdg_lookups_libc_ends(state);
	fdg_looked_up(&(struct fdg_looked_up){
		.call = a->call,
		.asked = a->node,
		.site = a->site,
		.by_libc = true,
		.took_ms = fdg_lookup_clock() - begun,
		.reason = fdg_lookup_reason(error),
	});
	return error;
}

static void tell(const struct asked *a, const struct fdg_lookup_facts *f, int error)
{
	fdg_looked_up(&(struct fdg_looked_up){
		.call = a->call,
		.asked = a->node,
		.site = a->site,
		.took_ms = (int64_t)(f->took_us / 1000),
		.lost_ms = fdg_lookup_lost(f->took_us, f->waited_us),
		.reason = fdg_lookup_reason(error) ? f->reason : NULL,
		.server = f->server.ss_family ? &f->server : NULL,
		.sent = f->sent,
		.missing = f->missing,
	});
}

/* Out of memory, ours as well: libc may have some left, or says so itself. */
static bool is_ours(int error)
{
	return error != FDG_LOOKUP_NOT_OURS && error != EAI_MEMORY;
}

/* True: *ret is its result. */
static bool by_us(const struct asked *a, int *ret)
{
	struct fdg_lookup_result result;
	struct fdg_lookup_facts facts;
	int system_error = 0;
	FDG_HELD(h);

	if (!fdg_lookups_take(&h))
		return false;
	*ret = fdg_lookup_addresses(h.lookup, a->node, a->service, a->hints, &result, &system_error);
	fdg_lookup_facts(h.lookup, &facts);
	if (!*ret)
		*ret = fdg_lookup_list(&result, a->list);
	fdg_lookups_give(&h);
	if (!is_ours(*ret))
		return false;
	if (*ret == EAI_SYSTEM)
		errno = system_error;
	tell(a, &facts, *ret);
	return true;
}

static int look_up(const struct asked *a)
{
	int r;

	return by_us(a, &r) ? r : by_libc(a);
}

/* What an event loop has lost meanwhile is told of as a lookup, whoever made it. */
__attribute__((noinline)) static int look_up_in_loop(const struct asked *a, struct fdg_stall_lookup *stall)
{
	int r;

	fdg_stall_lookup_name(stall, a->node);
	r = look_up(a);
	fdg_stall_lookup_end(stall, a->call, a->site);
	return r;
}

int fdg_getaddrinfo_for(const struct gaicb *cb, struct addrinfo **list, const void *site)
{
	struct asked a = { cb->ar_name, cb->ar_service, cb->ar_request, list, site, "getaddrinfo_a" };

	return is_no_lookup(&a) ? real_getaddrinfo(a.node, a.service, a.hints, list) : look_up(&a);
}

WRAP(int, getaddrinfo, (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list))
{
	struct fdg_stall_lookup stall;
	struct asked a = { node, service, hints, list, FDG_SITE, "getaddrinfo" };

	FDG_PASS(getaddrinfo, node, service, hints, list);
	if (is_no_lookup(&a))
		return real_getaddrinfo(node, service, hints, list);
	return fdg_stall_lookup_begin(&stall) ? look_up_in_loop(&a, &stall) : look_up(&a);
}
