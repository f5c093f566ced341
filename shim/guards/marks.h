/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: FDG_WATCH_BLOCKS, the mark of a descriptor that the program was told blocks, while its description does not; for which description it was made, and by
 * which change. What gets past the data calls (libc, a program that is started) makes us give it up: marks.c does that, too.
 */
#ifndef FDG_GUARDS_MARKS_H
#define FDG_GUARDS_MARKS_H

#include <stdbool.h>

#include "ledger/watch.h"

static inline bool fdg_mark_is(int fd)
{
	return fdg_watched(fd) & FDG_WATCH_BLOCKS;
}

/* Was there ever one? */
extern _Atomic bool fdg_marked;
static inline bool fdg_mark_any(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_marked, memory_order_relaxed), 0);
}

/* Can the data calls wait for fd? */
bool fdg_mark_can(int fd);
/* Nothing where they cannot. site NULL: the program did not ask for it, and fd blocked before. */
void fdg_mark_set(int fd, const void *site, const char *call);
void fdg_mark_clear(int fd);

#endif
