/* SPDX-License-Identifier: MIT */
/*
 * Is a file served by a program (FUSE)? That one may be supervised, and wait for us: its files are not opened by who answers.
 */
#ifndef FDG_SUPERVISE_MOUNTS_H
#define FDG_SUPERVISE_MOUNTS_H

#include <stdbool.h>

/* By its name as the process has it, without links. */
bool fdg_mounts_is_served(int pid, const char *name);
/* What a link of /proc leads to: right as well of a file that has no name any more. Where that cannot be told, it is. */
bool fdg_mounts_is_link_served(int pid, const char *link);

#endif
