/* SPDX-License-Identifier: MIT */
/*
 * Processes that the supervisor may not look into: of another user, not dumpable, or of a file that they may not read. What they do passes, unseen, which is said of each: run.uncovered.
 */
#ifndef FDG_SUPERVISE_BLIND_H
#define FDG_SUPERVISE_BLIND_H

#include "supervise/facts.h"

/* Something about it could not be had: says so, if that was refused, and no preload guards it. */
void fdg_blind_tell(struct fdg_process *p, int tid);
/* It is about to exec: then all of it has to be had, its memory too. */
void fdg_blind_exec(struct fdg_process *p, int tid);
/* Processes are more than can be watched, this thread's is one too many: says so, once. */
void fdg_blind_crowd(int tid, unsigned known);
/* It makes a call: if it may be looked into, nothing needs to be held for it. */
void fdg_blind_seen(const struct fdg_process *p);
/* It asked what our preload asks. */
void fdg_blind_asked(struct fdg_process *p);

#endif
