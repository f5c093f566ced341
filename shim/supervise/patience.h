/* SPDX-License-Identifier: MIT */
/*
 * How long an execve may be looked at. All calls that are told of wait meanwhile, in the whole tree; and a server with ten thousand connections may start ten programs a second. So there is an end to
 * each look, and after one that came to it the next is a while off: what is handed on in between is neither told of nor changed.
 */
#ifndef FDG_SUPERVISE_PATIENCE_H
#define FDG_SUPERVISE_PATIENCE_H

#include "supervise/facts.h"

#define FDG_PATIENCE_NS 20000000 /* of our own time: that others make us wait for a processor is not the look's fault */
#define FDG_PATIENCE_SHARE 20    /* of looks that come to no end a twentieth of the time, at most */

int fdg_patience_start(void);
/* maker: the process whose program it is; NULL: not known, and not kept. */
bool fdg_patience_left(const struct fdg_process *maker);
/* It was looked at to no end. True: for the first time. */
bool fdg_patience_lost(const struct fdg_process *maker);
void fdg_patience_say(struct fdg_process *maker, int tid);
/* Time that this thread has run, and when that is enough. `fdguard check` can wait. */
int64_t fdg_patience_clock(void);
int64_t fdg_patience_until(void);

#endif
