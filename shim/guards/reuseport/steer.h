/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, hand-over: while a listener is being closed the kernel chooses among the others of its group, by a classic BPF program, which anybody may attach. See steer.c.
 *
 * Raw system calls; async-signal-safe. Only in the caller's turn (turn.h), and on a group that is this process's alone, and has no program.
 */
#ifndef FDG_GUARDS_REUSEPORT_STEER_H
#define FDG_GUARDS_REUSEPORT_STEER_H

#include <stdbool.h>

#include "guards/reuseport/groups.h"

/* fd gets no new connections any more, nor do those of the turn that it was done to before. False: its place is not known, or no other is left. */
bool fdg_steer_clear(int fd, const struct fdg_group *g);
/* Before a close under load: see there. Cannot be undone. False: it was not done. */
bool fdg_steer_hide(int fd);
/* Are those that get none gone? A call of another thread (accept, poll) that has one of them keeps it, closed or not. True also where /proc does not tell. */
bool fdg_steer_is_done(void);
/* All that are there get some again. */
void fdg_steer_end(void);
/* The program put one of its own there meanwhile, and it is that which stays. */
void fdg_steer_is_over(void);

#endif
