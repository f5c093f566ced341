/* SPDX-License-Identifier: MIT */
/* Will the kernel run this file? Raw system calls; async-signal-safe. Not in memory that is not ours. */
#ifndef FDG_WRAP_RUNS_H
#define FDG_WRAP_RUNS_H

#include <stdbool.h>

/* False also where that is not known: a file that may not be read, or one for another machine, which an emulator may run. */
bool fdg_runs(const char *path, char *const argv[], char *const envp[]);

#endif
