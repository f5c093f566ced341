/* SPDX-License-Identifier: MIT */
/*
 * In a Go program a supervisor knows of copies that no preload sees made, and judges each change of mode there: also those that C code makes, which we see as well. What it judges is not told here.
 */
#ifndef FDG_GUARDS_NONBLOCK_MODES_H
#define FDG_GUARDS_NONBLOCK_MODES_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool fdg_modes_ours; /* false: a supervisor judges them, or was not asked yet */

/* What a supervisor said to FDG_PROBE when this program began. */
void fdg_modes_start(long answer);
/* Are they ours? */
bool fdg_modes_ask(void);

static inline __attribute__((always_inline)) bool fdg_modes_may_be_judged(bool nonblocking)
{
	/* In this order: after a system call processors guess a branch that goes now one way and now the other wrong half of the time. */
	return __builtin_expect(!atomic_load_explicit(&fdg_modes_ours, memory_order_relaxed), 0) && !nonblocking;
}

/* Does a supervisor judge this change? */
static inline bool fdg_modes_are_judged(bool nonblocking)
{
	return fdg_modes_may_be_judged(nonblocking) && !fdg_modes_ask();
}

#endif
