/* SPDX-License-Identifier: MIT */
/*
 * Standard error. The supervisor outlives the program that it was started with, and a pipe that it held would keep `$(…)` and `2>&1 | less` from ending. So it has none: for the length of a
 * line it borrows that of the process which the line is about, if that is still the one of the start. Where runs are written to it (format=json), or something was told whose
 * last number comes when its process has ended, it is kept until the first program has ended.
 */
#ifndef FDG_SUPERVISE_VOICE_H
#define FDG_SUPERVISE_VOICE_H

#include <stdbool.h>

/* Remembers what fd 2 is, and lets it go unless `keep`. `first`: the process that the supervisor was started with. */
void fdg_voice_start(int first, int keep);
/* Process `pid`, whose pidfd that is, is spoken of next. */
void fdg_voice_borrow(int pid, int pidfd);
/* The first program's is held from its start, until it is known that it can be borrowed, or the program has ended. */
void fdg_voice_lend(int pid, int pidfd);
bool fdg_voice_is_lent(int pid);
void fdg_voice_return(void);
/* The same standard error, of a process above one that we may not look into; or what is held. */
void fdg_voice_borrow_above(int pid);
/* What is borrowed now is held, until the first program has ended, for lines about processes that have ended. */
void fdg_voice_keep(void);
/* What follows is about a process that has ended: it can lend none. */
void fdg_voice_ended(int pid);
void fdg_voice_give_back(void);
void fdg_voice_first_ended(void);

#endif
