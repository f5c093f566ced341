/* SPDX-License-Identifier: MIT */
/*
 * Memory that is handed out once and never given back: option strings, suppressions, names.
 *
 * Async-signal-safe and lock-free (one compare-and-swap). Limited to FDG_ARENA_MAX bytes of lazily touched .bss in a process: what a
 * user can make us keep has an end.
 */
#ifndef FDG_BASE_ARENA_H
#define FDG_BASE_ARENA_H

#include <stddef.h>

#define FDG_ARENA_MAX (256u << 10)

/* Zeroed, aligned for any type. NULL when the limit is reached. */
void *fdg_arena_alloc(size_t n);
/* A NUL-terminated copy of n bytes; NULL as above. */
char *fdg_arena_strndup(const char *s, size_t n);
/* For tests and fuzzers, in one thread: takes all of it back. */
void fdg_arena_forget(void);

#endif
