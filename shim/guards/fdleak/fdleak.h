/* SPDX-License-Identifier: MIT */
/*
 * Guard fdleak: descriptors that only grow in number. The story is at the top of fdleak.c.
 *
 * Async-signal-safe; one thread samples at a time.
 */
#ifndef FDG_GUARDS_FDLEAK_FDLEAK_H
#define FDG_GUARDS_FDLEAK_FDLEAK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"

/* What is counted apart. */
enum fdg_fdleak_class { FDG_FDLEAK_SOCKETS, FDG_FDLEAK_FILES, FDG_FDLEAK_PIPES, FDG_FDLEAK_EPOLLS, FDG_FDLEAK_OTHERS, FDG_FDLEAK_CLASSES };

enum fdg_fdleak_class fdg_fdleak_class_of(enum fdg_kind kind);

/* Counts what is open and says what only grows. Once a sweep; `now` in milliseconds, of a clock that only goes on. Does nothing in memory that is not ours. */
void fdg_fdleak_sample(uint64_t now);

/* For the report: fd is of this class and was open for a whole window or longer. *ret_windows: for how many. */
bool fdg_fdleak_stays(int fd, enum fdg_fdleak_class class, unsigned *ret_windows);
/* For tests, in one thread: a process that has just begun. */
void fdg_fdleak_restart(void);

#endif
