/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, hand-over: one thread at a time opens or closes listeners of groups. Signals wait until its turn is over: no handler runs in it, and no way out of it leads
 * by one. So it is no lock that a handler could meet.
 *
 * Raw system calls; async-signal-safe. Not in memory that is not ours.
 */
#ifndef FDG_GUARDS_REUSEPORT_TURN_H
#define FDG_GUARDS_REUSEPORT_TURN_H

#include <stdbool.h>
#include <stdint.h>

/* False: for 2 s others had it. True again for the thread that has it: several at once are one turn. */
bool fdg_turn_take(void);
void fdg_turn_end(void);
bool fdg_turn_is_mine(void);
bool fdg_turn_is_taken(void);
/* When it began, in ms of CLOCK_MONOTONIC. */
int64_t fdg_turn_began(void);
/* A forked child: another thread's turn is not its own. */
void fdg_turn_forked(void);

#endif
