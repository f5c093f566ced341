/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock from outside: F_SETFL and FIONBIO that turn a description blocking which somebody else holds. The story is at the top of guards/nonblock/nonblock.c.
 *
 * Unlike the preload we see the moment of the change alone, not the calls that suffer later; and nonblock=fix can only answer that it was done: for sockets, where the caller asked for nothing else.
 */
#ifndef FDG_SUPERVISE_MODE_H
#define FDG_SUPERVISE_MODE_H

#include "supervise/facts.h"
#include "supervise/listener.h"

void fdg_mode_setfl(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a);
void fdg_mode_fionbio(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a);

#endif
