/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: what this process sent to another or got from one (SCM_RIGHTS, pidfd_getfd), the last of it. A relative's change of mode names the inode, and here is the
 * number that it has.
 */
#ifndef FDG_GUARDS_PASSED_H
#define FDG_GUARDS_PASSED_H

#include <stdint.h>

#define FDG_PASSED_MAX 64

void fdg_passed_add(int fd);
/* A descriptor of ours that was of this inode when it was passed; *at is where the search goes on, 0 to begin. -1: no more. */
int fdg_passed_next(uint64_t dev, uint64_t ino, unsigned *at);

#endif
