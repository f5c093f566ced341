/* SPDX-License-Identifier: MIT */
/*
 * Guard select from outside: a wait on more descriptors than an fd_set has bits for. The story is at the top of guards/select/select.c.
 *
 * How long a program's sets are is not to be seen, unless they would reach into another argument of the same call: then they are too short. Nothing is repaired.
 */
#ifndef FDG_SUPERVISE_SETS_H
#define FDG_SUPERVISE_SETS_H

#include "supervise/facts.h"
#include "supervise/listener.h"

void fdg_sets_seen(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a);

#endif
