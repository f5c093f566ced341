/* SPDX-License-Identifier: MIT */
/* The inside of a lookup: what its files share. */
#ifndef FDG_RESOLVER_LOOKUP_INSIDE_H
#define FDG_RESOLVER_LOOKUP_INSIDE_H

#include <stdlib.h>

#include "resolver/core.h"
#include "resolver/lookup.h"

enum { FDG_LOOKUP_NAMES = 8192, FDG_LOOKUP_ADDRESSES = 16384 };

struct fdg_lookup {
	struct fdg_lookup_calls calls;
	struct fdg_core *core; /* NULL: it could not be made */
	struct fdg_request *request;
	volatile bool running; /* between begin and end */
	bool over;
	uint64_t started, took, waited; /* µs */
	char names[FDG_LOOKUP_NAMES];
	uint8_t addresses[FDG_LOOKUP_ADDRESSES]; /* of fdg_lookup_host */
};

/* A new request; NULL: there is no memory. Then it is begun, and run: its error. */
struct fdg_request *fdg_lookup_start(struct fdg_lookup *l);
int fdg_lookup_run(struct fdg_lookup *l);

#endif
