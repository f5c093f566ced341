// SPDX-License-Identifier: MIT
#include "guards/nonblock/lookup.h"

#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "guards/nonblock/stall.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define NAME_MAX_SHOWN 96

bool fdg_stall_lookup_begin(struct fdg_stall_lookup *l)
{
	l->asked[0] = '\0';
	l->begun = fdg_stall_begin();
	return l->begun;
}

void fdg_stall_lookup_name(struct fdg_stall_lookup *l, const char *name)
{
	struct fdg_buf b = FDG_BUF(l->asked);
	size_t n = name ? strnlen(name, NAME_MAX_SHOWN + 1) : 0;

	b.cap -= sizeof("…") - 1;
	fdg_put_printable(&b, name, n > NAME_MAX_SHOWN ? NAME_MAX_SHOWN : n);
	if (n > NAME_MAX_SHOWN || b.cut)
		memcpy(b.text + b.len, "…", sizeof("…"));
}

void fdg_stall_lookup_address(struct fdg_stall_lookup *l, int family, const void *address, socklen_t len)
{
	struct fdg_buf b = FDG_BUF(l->asked);
	size_t wants = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (address && len >= wants)
		fdg_put_host(&b, family, address);
}

void fdg_stall_lookup_peer(struct fdg_stall_lookup *l, const struct sockaddr *peer, socklen_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (!peer || len < sizeof(in))
		return;
	if (peer->sa_family == AF_INET) {
		memcpy(&in, peer, sizeof(in));
		fdg_stall_lookup_address(l, AF_INET, &in.sin_addr, sizeof(in.sin_addr));
	} else if (peer->sa_family == AF_INET6 && len >= sizeof(in6)) {
		memcpy(&in6, peer, sizeof(in6));
		fdg_stall_lookup_address(l, AF_INET6, &in6.sin6_addr, sizeof(in6.sin6_addr));
	}
}

static void say(const struct fdg_stall_lookup *l, int64_t ms, const char *call, const void *called_at)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_NONBLOCK_STALL);
	char message[256];
	struct fdg_buf b = FDG_BUF(message);
	struct fdg_place site;
	struct fdg_fact fact[2];

	fdg_fmt(&b, "%s%s%s kept a thread that has an event loop for %ld ms", call, l->asked[0] ? " of " : "", l->asked, (long)ms);
	f.message = message;
	f.fix = "look names up in a thread that has no loop, or asynchronously (getaddrinfo_a, c-ares), and let the loop tell when the answer is there";
	f.key = call;
	f.age_ms = ms;
	f.site = &site;
	f.sites = fdg_options.stacks > 0 && fdg_place_of(called_at, &site);
	f.site_label = "called at";
	f.fact = fact;
	fact[f.facts++] = (struct fdg_fact){ "call", "call", call, 0 };
	if (l->asked[0])
		fact[f.facts++] = (struct fdg_fact){ "looked_up", "looked up", l->asked, 0 };
	fdg_report(&f);
}

void fdg_stall_lookup_end(const struct fdg_stall_lookup *l, const char *call, const void *site)
{
	int64_t ms = fdg_stall_of_loop(l->begun);

	if (ms)
		say(l, ms, call, site);
}
