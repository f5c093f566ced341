/* SPDX-License-Identifier: MIT */
/*
 * io_uring: what a program does with a descriptor through one nobody sees, and what it takes is no evidence for us.
 *
 * Raw system calls; async-signal-safe.
 */
#ifndef FDG_GUARDS_URING_H
#define FDG_GUARDS_URING_H

#include <stdbool.h>

/* Is the memory of a ring mapped here, or was it, or is one among the descriptors? True where we cannot look. Reads /proc, until it is. */
bool fdg_uring_is_used(void);

#endif
