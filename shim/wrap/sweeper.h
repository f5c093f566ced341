/* SPDX-License-Identifier: MIT */
/* Who else sweeps (guards/closewait/sweep.h), if the user asks for it: a thread of ours (closewait.thread), and whoever gets a signal (closewait.signal). */
#ifndef FDG_WRAP_SWEEPER_H
#define FDG_WRAP_SWEEPER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "guards/closewait/connections.h"

extern _Atomic bool fdg_sweeper_wanted;

/* Before the program runs. */
void fdg_sweeper_start(void);
void fdg_sweeper_thread(void);

/* A descriptor of this kind was made: the first TCP socket starts the thread. */
static inline void fdg_sweeper_made(fdg_kindword kind)
{
	if (__builtin_expect(atomic_load_explicit(&fdg_sweeper_wanted, memory_order_relaxed), 0) && fdg_connection_is_tcp(kind))
		fdg_sweeper_thread();
}

/* In a child of fork: the thread is not here. */
void fdg_sweeper_forked(void);
/* … and libc knows that it forked, so that threads can be made. */
void fdg_sweeper_again(void);
/* Ends the thread, and waits until it is gone. */
void fdg_sweeper_stop(void);

#endif
