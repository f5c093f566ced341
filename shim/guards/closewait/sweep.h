/* SPDX-License-Identifier: MIT */
/*
 * When the sockets are looked at, and how: a sweep is one poll over the TCP sockets, and TCP_INFO for those whose peer has closed. Nobody's thread is needed: calls that
 * weigh something anyway (fdg_sweep_tick) and the data calls on TCP sockets (fdg_sweep_used) look at the clock now and then, and one of them sweeps when it is time.
 *
 * One thread sweeps at a time; who comes meanwhile, a signal handler that interrupted it too, goes on. No lock; async-signal-safe; errno is left alone.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_SWEEP_H
#define FDG_GUARDS_CLOSEWAIT_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/closewait/connections.h"
#include "ledger/watch.h"

enum fdg_sweep_how {
	FDG_SWEEP_DUE,    /* only if it is time: closewait.thread */
	FDG_SWEEP_SIGNAL, /* whatever the time: closewait.signal */
	FDG_SWEEP_END,    /* the process, or its image, ends; a forked child's own sockets alone */
};

#define FDG_SWEEP_NEVER INT64_MAX
extern _Atomic int64_t fdg_sweep_due; /* in milliseconds of fdg_connection_clock; 0: not begun */
extern _Thread_local int fdg_sweep_skip; /* so many calls of this thread need not look at the clock */

/* Not in memory that is not ours, nor where nothing of ours is wanted any more: then nothing happens. */
void fdg_sweep_now(enum fdg_sweep_how how);
/* This image ends: the last of option metrics. */
void fdg_sweep_tell_last(void);
/* How long from one sweep to the next, in milliseconds; 0: there are none. */
unsigned fdg_sweep_period(void);
/* Of the time since then, how much passed without a sweep that was due: the process may have been stopped, and the program could not look after anything. */
int64_t fdg_sweep_lost(fdg_moment since);
/* Was it open when this process was forked, and has it not been used since? Then it is for a process that came before this one. */
bool fdg_sweep_is_parents(int fd, const struct fdg_connection *c);
/* A forked child: whoever swept is not here. */
void fdg_sweep_forked(void);

void fdg_sweep_look(void);

/* A call has waited, and long may have passed: one of the next calls looks. */
static inline void fdg_sweep_waited(void)
{
	fdg_sweep_skip -= 8;
}

/* For calls that cost as much as a system call, when they are made. */
static inline void fdg_sweep_tick(void)
{
	if (atomic_load_explicit(&fdg_sweep_due, memory_order_relaxed) != FDG_SWEEP_NEVER && __builtin_expect(--fdg_sweep_skip < 0, 0))
		fdg_sweep_look();
}

extern _Atomic uint32_t fdg_sweep_number; /* of the sweep to come */

/* A data call on fd. True: another guard watches it. Who has called it calls fdg_sweep_after when the call is made. */
bool fdg_sweep_used(int fd);
/* Never before: a signal that comes while the sockets are looked at is to find the program in its call, which it ends, and not before a call that waits for ever. */
static inline void fdg_sweep_after(void)
{
	if (__builtin_expect(fdg_sweep_skip < 0, 0))
		fdg_sweep_look();
}

/* Nothing is to be done for a data call on fd: nobody watches it but us, and that it is used has been known since the last sweep. Calls nothing. */
static inline bool fdg_sweep_passes(int fd)
{
	unsigned watch;

	if (__builtin_expect((unsigned)fd < atomic_load_explicit(&fdg_news.end, memory_order_relaxed), 1)) {
		watch = atomic_load_explicit(&fdg_watch[(unsigned)fd], memory_order_relaxed);
	} else {
		watch = fdg_watched(fd);
		if (fdg_has_news())
			return false;
	}
	if (__builtin_expect(!watch, 1))
		return true;
	return watch == FDG_WATCH_USE && atomic_load_explicit(&fdg_connection_uses[fd], memory_order_relaxed) == atomic_load_explicit(&fdg_sweep_number, memory_order_relaxed) && --fdg_sweep_skip >= 0;
}

/* The same for a caller that has something to do afterwards anyway: is the call to be looked at? */
static inline bool fdg_sweep_watched(int fd)
{
	return !fdg_sweep_passes(fd) && fdg_sweep_used(fd);
}

/* Two of them, of which neither is left out. */
static inline bool fdg_sweep_passes_both(int one, int other)
{
	bool passes = fdg_sweep_passes(one);

	return fdg_sweep_passes(other) && passes;
}

static inline bool fdg_sweep_used_both(int one, int other)
{
	bool used = fdg_sweep_used(one);

	return fdg_sweep_used(other) || used;
}

/* Of a call that moves no data. */
static inline bool fdg_sweep_watched_else(int fd)
{
	return fdg_is_watched(fd) && (fdg_watched(fd) != FDG_WATCH_USE || fdg_has_news());
}

#endif
