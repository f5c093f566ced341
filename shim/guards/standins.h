/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, hand-over: accepted connections that wait for the program's next accept, and the stand-ins that wait for them in a sibling's queue. The story
 * is at the top of handover.c.
 *
 * A slot is FREE, HELD (its connection is here, and nothing stands for it), WAITING (for its stand-in to be accepted), TAKEN (it is being given) or LOST (another
 * process accepted the stand-in). Relaxed and release/acquire atomics, no lock. The slots are shared with forked children, the descriptors are not.
 */
#ifndef FDG_GUARDS_STANDINS_H
#define FDG_GUARDS_STANDINS_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/handover.h"

/* False: no memory. */
bool fdg_standins_prepare(void);
/* A HELD slot of this process for connection fd, which becomes ours (-1: for none); -1: no room, and fd is as it was. */
int fdg_standin_hold(int fd);
/* Puts a stand-in for the slot into the queue of a listener that takes what comes to this address. False: it could not be, the slot is HELD. */
bool fdg_standin_send(int slot, const void *address, unsigned len);
/* The same, to the address at which its connection came. */
bool fdg_standin_send_home(int slot);
/* The next HELD slot of this process that is >= at; -1: none. */
int fdg_standin_next(int at);
/* A drained connection: of a stand-in the slot, HELD again and the stand-in reset; -1: it is a connection as any. */
int fdg_standin_returned(int fd);
/* Does it stand for a connection? */
bool fdg_standin_has(int slot);
/* Resets the connection; the slot is FREE. True: there was one. */
bool fdg_standin_drop(int slot);
/* Those whose stand-in another process took are reset: how many. */
unsigned fdg_standins_lost(void);
/* Those whose listener was closed are HELD again. False: none. */
bool fdg_standins_died(void);
/* A forked child: its copies are closed. */
void fdg_standins_forked(void);

#endif
