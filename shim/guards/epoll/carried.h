/* SPDX-License-Identifier: MIT */
/*
 * What the events of a list carry, and which descriptors carry it: a hash of the records of interest.c, which keeps it, and which asks its records whether what it finds here
 * is so. What says the number itself is not in it.
 *
 * Three tables, of which the larger ones are mapped when the smaller ones have no room. Relaxed atomics, entries by compare-and-swap; async-signal-safe.
 */
#ifndef FDG_GUARDS_EPOLL_CARRIED_H
#define FDG_GUARDS_EPOLL_CARRIED_H

#include <stdbool.h>
#include <stdint.h>

#define FDG_CARRIED_MOST 24u /* descriptors that carry the same are found so far */

/* Where it is now, for fdg_carried_drop; 0: nowhere. */
uint32_t fdg_carried_put(uint64_t set, uint64_t data, int fd);
void fdg_carried_drop_at(uint32_t place, int fd);
static inline void fdg_carried_drop(uint32_t place, int fd)
{
	if (place)
		fdg_carried_drop_at(place, fd);
}
/* A descriptor that may carry it; *at is where the search goes on, 0 to begin. -1: no more. */
int fdg_carried_next(uint64_t set, uint64_t data, unsigned *at);
/* Was there no room for one that may carry it? */
bool fdg_carried_lacks(uint64_t set, uint64_t data);

#endif
