// SPDX-License-Identifier: MIT
/* getnameinfo: ours, or libc's, as getaddrinfo is (getaddrinfo.c). */
#include <errno.h>
#include <netdb.h>

#include "guards/lookup/lookup.h"
#include "guards/nonblock/lookup.h"
#include "wrap/lookups.h"
#include "wrap/wrap.h"

struct asked {
	const struct sockaddr *peer;
	socklen_t len;
	char *host;
	socklen_t host_len;
	char *service;
	socklen_t service_len;
	int flags;
	const void *site;
};

static void tell(const struct asked *a, struct fdg_looked_up *l)
{
	struct fdg_stall_lookup text = { .begun = 0 };

	if (l->reason || l->took_ms >= FDG_LOOKUP_SLOW)
		fdg_stall_lookup_peer(&text, a->peer, a->len);
	l->call = "getnameinfo";
	l->asked = text.asked;
	l->site = a->site;
	fdg_looked_up(l);
}

static int by_libc(const struct asked *a)
{
	uint64_t state = fdg_lookups_libc_begins();
	int64_t begun = fdg_lookup_clock();
	int error = real_getnameinfo(a->peer, a->len, a->host, a->host_len, a->service, a->service_len, a->flags);

	fdg_lookups_libc_ends(state);
	tell(a, &(struct fdg_looked_up){
			.by_libc = true, .took_ms = fdg_lookup_clock() - begun, .reason = fdg_lookup_reason(error) });
	return error;
}

/* True: *ret is its result. */
static bool by_us(const struct asked *a, int *ret)
{
	struct fdg_lookup_facts f;
	FDG_HELD(h);

	if (!fdg_lookups_take(&h))
		return false;
	*ret = fdg_lookup_name(h.lookup, a->peer, a->len, a->host, a->host_len, a->service, a->service_len, a->flags);
	fdg_lookup_facts(h.lookup, &f);
	fdg_lookups_give(&h);
	if (*ret == FDG_LOOKUP_NOT_OURS || *ret == EAI_MEMORY || *ret == EAI_SYSTEM)
		return false;
	tell(a, &(struct fdg_looked_up){
			.took_ms = (int64_t)(f.took_us / 1000),
			.lost_ms = fdg_lookup_lost(f.took_us, f.waited_us),
			.reason = fdg_lookup_reason(*ret) ? f.reason : NULL,
			.server = f.server.ss_family ? &f.server : NULL,
			.sent = f.sent,
		});
	return true;
}

/* Numbers are wanted: nobody is asked. */
static bool is_no_lookup(const struct asked *a)
{
	return (a->flags & NI_NUMERICHOST) && (!a->service || (a->flags & NI_NUMERICSERV));
}

WRAP(int, getnameinfo,
     (const struct sockaddr *peer, socklen_t len, char *host, socklen_t host_len, char *service, socklen_t service_len,
      int flags))
{
	struct asked a = { peer, len, host, host_len, service, service_len, flags, FDG_SITE };
	struct fdg_stall_lookup stall;
	bool in_loop;
	int r;

	FDG_PASS(getnameinfo, peer, len, host, host_len, service, service_len, flags);
	if (is_no_lookup(&a))
		return real_getnameinfo(peer, len, host, host_len, service, service_len, flags);
	in_loop = fdg_stall_lookup_begin(&stall);
	if (in_loop)
		fdg_stall_lookup_peer(&stall, peer, len);
	if (!by_us(&a, &r))
		r = by_libc(&a);
	if (in_loop)
		fdg_stall_lookup_end(&stall, "getnameinfo", a.site);
	return r;
}
