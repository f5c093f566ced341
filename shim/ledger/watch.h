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
#include <stddef.h>

#include "ledger/ledger.h"

#define FDG_WATCH_MAX FDG_LEDGER_MAX

enum {
	FDG_WATCH_BLOCKS = 1, /* the program was told that this fd blocks, and its description does not: nonblock=fix */
	FDG_WATCH_STALL = 2,  /* in an interest list, and its description blocks */
	FDG_WATCH_SETTLE = 4, /* a change of its mode waits to be judged */
	FDG_WATCH_WAITS = 8,  /* … by which it waits now */
	FDG_WATCH_ACT = 16,   /* a wait told of it: whoever does something about it is to be noticed */
	FDG_WATCH_USE = 64,   /* a TCP socket: guards/closewait/sweep.h is told that the program uses it */
};

extern _Atomic unsigned char fdg_watch[FDG_WATCH_MAX];

/* FDG_WATCH_… or 0. */
static inline unsigned fdg_watched(int fd)
{
	if (__builtin_expect((unsigned)fd >= FDG_WATCH_MAX, 0))
		return 0;
	return atomic_load_explicit(&fdg_watch[(unsigned)fd], memory_order_relaxed);
}

/*
 * News: a relative, forked here or there, changed the mode of a description that both may hold, and wrote so into memory that they share. It cannot set a byte of ours, so the
 * count of such changes is compared with what was seen. A program that never started another pays nothing: until then `end` is FDG_WATCH_MAX, and then 0.
 */
extern struct fdg_news {
	_Atomic unsigned end;
	_Atomic uint32_t seen;
	const _Atomic uint32_t *_Atomic at; /* NULL: there are no relatives */
} fdg_news;

static inline bool fdg_has_news(void)
{
	const _Atomic uint32_t *at = atomic_load_explicit(&fdg_news.at, memory_order_relaxed);

	return at && __builtin_expect(atomic_load_explicit(at, memory_order_relaxed) != atomic_load_explicit(&fdg_news.seen, memory_order_relaxed), 0);
}

/* Is a data call on fd to be looked at? */
static inline bool fdg_is_watched(int fd)
{
	if (__builtin_expect((unsigned)fd < atomic_load_explicit(&fdg_news.end, memory_order_relaxed), 1))
		return __builtin_expect(atomic_load_explicit(&fdg_watch[(unsigned)fd], memory_order_relaxed) != 0, 0);
	return __builtin_expect(fdg_watched(fd) != 0, 0) || fdg_has_news();
}

/* Not in memory that is not ours. */
void fdg_watch_change(int fd, unsigned set, unsigned clear);

static inline void fdg_watch_forget(int fd)
{
	if (__builtin_expect(fdg_watched(fd) != 0, 0))
		atomic_store_explicit(&fdg_watch[(unsigned)fd], 0, memory_order_relaxed);
}

#endif
