/* SPDX-License-Identifier: MIT */
/*
 * What this process sent to another or got from one (SCM_RIGHTS, pidfd_getfd), and duplicates of that: which numbers it has of an inode, without a look at them all. One
 * description that went and came has two ids, and is known by its inode; and a relative's change of mode names the inode.
 *
 * No lock; async-signal-safe. In memory that is not ours nothing is written.
 */
#ifndef FDG_GUARDS_PASSED_H
#define FDG_GUARDS_PASSED_H

#include <stdint.h>

/* So many of one inode are known at least: all eventfds are one. */
#define FDG_PASSED_ROW 32

/* The entry of fd is FDG_PASSED now. */
void fdg_passed_add(int fd);
/* The least descriptor above `after` that may have been of this inode when it was passed; or -1. */
int fdg_passed_next(uint64_t dev, uint64_t ino, int after);

#endif
