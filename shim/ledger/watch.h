/* SPDX-License-Identifier: MIT */
/*
 * One byte a descriptor: is a call that moves data on it anybody's business? Zero for nearly all, and then read, write, send and recv go straight to libc. Apart from
 * the entries of ledger.h so that the question is one compare and one load for any number, in a cache line that holds 64 of them.
 *
 * Relaxed atomics; async-signal-safe. A number of FDG_WATCH_MAX or more is never watched. What is never set is never written: the pages stay the kernel's zero page.
 */
#ifndef FDG_LEDGER_WATCH_H
#define FDG_LEDGER_WATCH_H

#include <stdatomic.h>

#include "ledger/ledger.h"

#define FDG_WATCH_MAX FDG_LEDGER_MAX

enum {
	FDG_WATCH_BLOCKS = 1, /* the program was told that this fd blocks, and its description does not: nonblock=fix */
	FDG_WATCH_STALL = 2,  /* in an interest list, and its description blocks */
	FDG_WATCH_SETTLE = 4, /* a change of its mode waits to be judged */
	FDG_WATCH_WAITS = 8,  /* … by which it waits now */
};

extern _Atomic unsigned char fdg_watch[FDG_WATCH_MAX];

/* FDG_WATCH_… or 0. */
static inline unsigned fdg_watched(int fd)
{
	if (__builtin_expect((unsigned)fd >= FDG_WATCH_MAX, 0))
		return 0;
	return atomic_load_explicit(&fdg_watch[(unsigned)fd], memory_order_relaxed);
}

static inline bool fdg_is_watched(int fd)
{
	return __builtin_expect(fdg_watched(fd) != 0, 0);
}

/* Not in memory that is not ours. */
void fdg_watch_change(int fd, unsigned set, unsigned clear);

static inline void fdg_watch_forget(int fd)
{
	if (__builtin_expect(fdg_watched(fd) != 0, 0))
		atomic_store_explicit(&fdg_watch[(unsigned)fd], 0, memory_order_relaxed);
}

#endif
