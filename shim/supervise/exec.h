/* SPDX-License-Identifier: MIT */
/*
 * A process is about to become another program.
 */
#ifndef FDG_SUPERVISE_EXEC_H
#define FDG_SUPERVISE_EXEC_H

#include <stdbool.h>

#include "supervise/facts.h"
#include "supervise/listener.h"

/* Does the program make its system calls past the C library? */
bool fdg_exec_is_go(const char *path);
void fdg_exec_seen(struct fdg_process *p, const struct fdg_listener *l);

#endif
