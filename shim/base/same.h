/* SPDX-License-Identifier: MIT */
/*
 * Do two descriptors refer to one open file description? Raw system calls; async-signal-safe.
 */
#ifndef FDG_BASE_SAME_H
#define FDG_BASE_SAME_H

#include <stdbool.h>
#include <stdint.h>

enum fdg_same { FDG_NOT_SAME, FDG_SAME, FDG_MAYBE_SAME /* same inode and access mode, and the kernel does not tell more */ };

/* Two descriptors of this process: F_DUPFD_QUERY, else kcmp, else what fstat and the access mode say (of sockets they are proof). */
enum fdg_same fdg_same_here(int a, int b);
/* fd here and `theirs` of the process pid. FDG_NOT_SAME too where we may not look. */
enum fdg_same fdg_same_there(int fd, int pid, int theirs);

#endif
