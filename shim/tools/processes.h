/* SPDX-License-Identifier: MIT */
/* The processes below this one, as /proc has them. Only a child subreaper is sure to find them all. */
#ifndef FDG_TOOLS_PROCESSES_H
#define FDG_TOOLS_PROCESSES_H

#include "tools/log.h"

/* What runs below us now, zombies left out; returns how many. The array is the caller's to free. */
size_t processes_below(int64_t **ret_pids);
/* What it is and where it hangs. False: it is gone. */
bool processes_describe(struct pool *pool, int64_t pid, struct run_stuck *ret);
/* It has the C library mapped and not ours, which the loader maps first. */
bool processes_is_unguarded(int64_t pid);
/* Sends a signal to each; returns to how many. */
size_t processes_signal(int signal);

#endif
