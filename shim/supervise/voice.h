/* SPDX-License-Identifier: MIT */
/*
 * Standard error. The supervisor outlives the program that it was started with, and a pipe that it held would keep `$(…)` and `2>&1 | less` from ending. So it has none: for the length of a
 * line it borrows that of the process which the line is about, if that is still the one of the start. Where runs are written to it (format=json), or something was told whose
 * last number comes when its process has ended, it is kept until the first program has ended.
 */
#ifndef FDG_SUPERVISE_VOICE_H
#define FDG_SUPERVISE_VOICE_H

/* Remembers what fd 2 is, and lets it go unless `keep`. `first`: the process that the supervisor was started with. */
void fdg_voice_start(int first, int keep);
/* Process `pid`, whose pidfd that is, is spoken of next. */
void fdg_voice_borrow(int pid, int pidfd);
/* What is borrowed now is held, until the first program has ended, for lines about processes that have ended. */
void fdg_voice_keep(void);
/* What follows is about a process that has ended: it can lend none. */
void fdg_voice_ended(int pid);
void fdg_voice_give_back(void);
void fdg_voice_first_ended(void);

#endif
