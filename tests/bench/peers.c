// SPDX-License-Identifier: MIT
#include "peers.h"

#include <stdlib.h>

static struct pending *pendings, **free_pending;
static unsigned free_count;

void pending_start(void)
{
	pendings = calloc(bench.window, sizeof(*pendings));
	free_pending = calloc(bench.window, sizeof(*free_pending));
	if (!pendings || !free_pending)
		abort();
	for (free_count = 0; free_count < bench.window; free_count++)
		free_pending[free_count] = &pendings[free_count];
}

struct pending *pending_begin(unsigned questions)
{
	struct pending *p;
	unsigned name;

	if (!free_count || !bench_next(&name))
		return NULL;
	p = free_pending[--free_count];
	*p = (struct pending){ .name = name, .left = questions, .good = true };
	return p;
}

void pending_end(struct pending *p, bool good)
{
	p->good = p->good && good;
	if (--p->left)
		return;
	bench_end(p->name, p->good);
	free_pending[free_count++] = p;
}

unsigned pending_running(void)
{
	return bench.window - free_count;
}

const struct peer peers[] = {
	{ "fdguard", ours, false, 0 },
	{ "exchange", exchange, false, 0 },
	{ "floor", floor_one_socket, false, 0 },
#ifdef HAVE_ADNS
	{ "adns", adns_all, true, 100 },
#endif
#ifdef HAVE_UDNS
	{ "udns", udns, false, 100 },
#endif
#ifdef HAVE_CARES
	{ "c-ares", cares, false, 0 },
	{ "c-ares-sorted", cares_sorted, false, 0 },
#endif
#ifdef HAVE_EVDNS
	{ "evdns", evdns, false, 0 },
#endif
#ifdef HAVE_UNBOUND
	{ "libunbound", libunbound, false, 0 },
#endif
	{ "glibc", libc_serial, true, 0 },
	{ "glibc-16", libc_16, true, 0 },
	{ "glibc-64", libc_64, true, 0 },
	{ "glibc-360", libc_360, true, 0 },
	{ "getaddrinfo_a", libc_async, true, 0 },
	{ NULL, NULL, false, 0 },
};
