/* SPDX-License-Identifier: MIT */
/*
 * Close-on-exec that was set for an execve which then failed (ENOEXEC, a file system without exec, arguments too long): nobody tells us of that. The program has the descriptor still, by that number,
 * when it or a child of its comes to the next execve: there it is taken back from what is meant for the next program.
 */
#ifndef FDG_SUPERVISE_UNDO_H
#define FDG_SUPERVISE_UNDO_H

#include "supervise/open.h"

int fdg_undo_start(void);
/* o has close-on-exec now. */
void fdg_undo_keep(const struct fdg_process *p, const struct fdg_open *o);
/* Adds what p has of that still, as is_held: of what was set in it or, as long as it was no program of its own, in those that it was forked from. */
void fdg_undo_look(const struct fdg_process *p, struct fdg_open_list *l);
/* It was taken back. */
void fdg_undo_done(const struct fdg_process *p, int fd);
void fdg_undo_forget(const struct fdg_process *p);

#endif
