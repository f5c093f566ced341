/* SPDX-License-Identifier: MIT */
/*
 * Sockets and pipes that processes duplicated, and by which number: who changes one is asked about with those alone that are the same.
 */
#ifndef FDG_SUPERVISE_HINTS_H
#define FDG_SUPERVISE_HINTS_H

#include "supervise/facts.h"

#define FDG_HINTS 16384 /* of all processes; of more than are open at once, the oldest are lost */

/* `fd` is about to be copied, by a thread that has the process's table. */
void fdg_hint_add(struct fdg_process *p, int fd);
/* The numbers that were copied of this, the last first; returns how many. */
unsigned fdg_hint_find(const struct fdg_process *p, const struct fdg_identity *what, int *ret, unsigned max);

#endif
