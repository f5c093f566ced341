/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors share a description, without a look at them all: for programs that have copies of many thousands. Small numbers are looked at, so that nearly no process
 * touches a page of this.
 *
 * No lock; async-signal-safe. In memory that is not ours nothing is written.
 */
#ifndef FDG_LEDGER_SHARERS_H
#define FDG_LEDGER_SHARERS_H

#include <stdint.h>

#define FDG_SHARERS_FIRST 256 /* the numbers below are looked at */

/* The entry of fd is FDG_SHARED now, or of another description. */
void fdg_sharers_add_slow(int fd);
static inline void fdg_sharers_add(int fd)
{
	if (__builtin_expect(fd >= FDG_SHARERS_FIRST, 0))
		fdg_sharers_add_slow(fd);
}
/* The least descriptor >= fd that is FDG_SHARED, or was, and is known by this description (not 0); or -1. */
int fdg_sharers_next(int fd, uint64_t description);

#endif
