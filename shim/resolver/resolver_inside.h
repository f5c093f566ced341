/* SPDX-License-Identifier: MIT */
/* The inside of the public object: what its files share. */
#ifndef FDG_RESOLVER_INSIDE_H
#define FDG_RESOLVER_INSIDE_H

#include <fdguard/resolver.h>

#include "resolver/core.h"
#include "resolver/engine.h"
#include "resolver/nameinfo.h"

/* What the user gave with a request. */
struct fdg_slot {
	fdg_resolver_done *done;
	void *cookie;
	int flags; /* NI_… */
	uint16_t port;
	bool is_address;
};

/* The descriptor that users poll: an epoll with the exchange's and a timer in it. */
struct fdg_outside {
	int epoll, timer, inner; /* -1: none; inner: the exchange's that is in it */
	int pid;
	uint64_t armed; /* µs; 0: not set */
	bool rung;      /* it is readable until the next process */
};

struct fdg_resolver {
	struct fdg_core *core;
	struct fdg_slot *slots;
	size_t slots_mapped;
	struct fdg_outside outside;
	bool telling;
	unsigned since; /* requests since the clock was read */
	unsigned told;
	void *list; /* of the result that is being told */
	size_t list_mapped;
	char host[FDG_NAMEINFO_HOST], service[FDG_NAMEINFO_SERVICE];
};

int fdg_resolver_map_slots(struct fdg_resolver *r, unsigned n);
void fdg_resolver_unmap(struct fdg_resolver *r);

void fdg_outside_start(struct fdg_outside *o);
void fdg_outside_end(struct fdg_outside *o);
/* Something was submitted: whoever polls the descriptor is to know. */
void fdg_outside_ring(struct fdg_resolver *r);

#endif
