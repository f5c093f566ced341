/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, hand-over: accepted connections that wait for the program's next accept, and the stand-ins that wait for them in a sibling's queue. The story
 * is at the top of handover.c.
 *
 * A slot is FREE, HELD (its connection is here, and nothing stands for it), WAITING (for its stand-in to be accepted), LOOKED_AT (by a thread that accepted), TAKEN (it is
 * being given) or SPENT (it was taken back: its stand-in, reset, is in a queue still, or in the hands of a thread that has just accepted it). Atomics, no lock.
 */
#ifndef FDG_GUARDS_REUSEPORT_STANDINS_H
#define FDG_GUARDS_REUSEPORT_STANDINS_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/reuseport/handover.h"

/* False: no memory. */
bool fdg_standins_prepare(void);
/* A slot, and the two numbers that one takes: there is room before anything is accepted. False: there is none. */
struct fdg_reserved {
	int slot, connection, standin;
};
bool fdg_standin_reserve(struct fdg_reserved *r, int family);
void fdg_standin_unreserve(struct fdg_reserved *r);
/* The slot is HELD, for connection fd, which becomes ours. */
void fdg_standin_hold(const struct fdg_reserved *r, int fd);
/* Puts a stand-in for each HELD slot into the queue of a listener that takes what comes where its connection came, all at a time; what is not there by then
 * (ms of CLOCK_MONOTONIC) is reset: returns how many. */
unsigned fdg_standins_send(int64_t until);
/* The next HELD slot that is >= at; -1: none. */
int fdg_standin_next(int at);
/* A drained connection: a stand-in is closed, and its slot HELD again, or free if it was spent. False: it is a connection as any. */
bool fdg_standin_returned(int fd);
/* Resets the connection; the slot is FREE. True: there was one. */
bool fdg_standin_drop(int slot);
/* Those whose listener was closed, or whose stand-in was accepted by nobody knows whom, are HELD again, or else reset: how many. */
unsigned fdg_standins_died(bool moves_on);
/* Those that wait for so long are reset, and what stands for them is in the queues still, as a connection that its client reset: how many. */
unsigned fdg_standins_take_back(int age_ms);
/* A forked child: its copies are closed, and nothing waits there. */
void fdg_standins_forked(void);

#endif
