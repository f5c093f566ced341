/* SPDX-License-Identifier: MIT */
/* Guard epoll: the words of epoll.ignored and epoll.spin, for those who wait in epoll. Async-signal-safe; in a mapping of its own, for small stacks. */
#ifndef FDG_GUARDS_EPOLL_EPOLL_SAY_H
#define FDG_GUARDS_EPOLL_EPOLL_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/epoll/acts.h"
#include "guards/epoll/interest.h"

struct fdg_epoll_claim {
	const struct fdg_suspect *s;
	const struct fdg_registration *r;
	uint32_t shows; /* what the kernel says now */
	uint32_t given; /* bits that its events get */
	int64_t ms;     /* since the first delivery */
	uint64_t rate;  /* a second */
	bool once;      /* it came once, and does not come again */
	bool fixed;
	const char *why_not; /* a spin was not ended; NULL: it was, or is only reported */
};

void fdg_epoll_say_ignored(const struct fdg_epoll_claim *c);
void fdg_epoll_say_spin(const struct fdg_epoll_claim *c);

#endif
