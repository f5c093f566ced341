/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, its finding reuseport.resize: a group of sockets that changes its size while it is in use. The story is at the top of resize.c.
 *
 * Async-signal-safe, raw system calls. Nothing is done in memory that is not ours, nor where notes go nowhere.
 */
#ifndef FDG_GUARDS_REUSEPORT_RESIZE_H
#define FDG_GUARDS_REUSEPORT_RESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/reuseport/groups.h"

/* fd became a member: by bind (UDP), or by listen. */
void fdg_resize_joined_slow(int fd, const void *site);
static inline void fdg_resize_joined(int fd, const void *site)
{
	if (fdg_groups_has(fd))
		fdg_resize_joined_slow(fd, site);
}

/* A member is about to be closed; numbers from first to last were. */
void fdg_resize_leaving(int fd, const struct fdg_group *g, const void *site);
void fdg_resize_left(unsigned first, unsigned last);

/* The program chooses the members of a UDP group itself. */
void fdg_resize_steered(void);

/* For tests: the time that counts, in ms; 0: the clock's. */
extern int64_t fdg_resize_now;

#endif
