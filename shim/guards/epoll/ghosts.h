/* SPDX-License-Identifier: MIT */
/*
 * Registrations that may have outlived their descriptor's number: where they were made, and where it was closed. Hints for a report; the kernel is asked what is true. The
 * last FDG_GHOSTS are kept. Async-signal-safe.
 */
#ifndef FDG_GUARDS_EPOLL_GHOSTS_H
#define FDG_GUARDS_EPOLL_GHOSTS_H

#include "guards/epoll/interest.h"

#define FDG_GHOSTS 256u

struct fdg_ghost {
	struct fdg_registration r;
	const void *closed_at; /* NULL: nobody saw it */
	const void *made_at;
};

/* Not in memory that is not ours. */
void fdg_ghost_keep(const struct fdg_registration *r, const void *closed_at);
/* The latest one of this list and number. */
bool fdg_ghost_find(int epfd, int fd, uint64_t data, struct fdg_ghost *ret);

#endif
