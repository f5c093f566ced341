/* SPDX-License-Identifier: MIT */
/*
 * Guard select: descriptors that an fd_set has no bit for. The story is at the top of select.c; fdsets.c has the memory.
 */
#ifndef FDG_GUARDS_SELECT_SELECT_H
#define FDG_GUARDS_SELECT_SELECT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "guards/select/fdsets.h"

/*
 * nfds is above FD_SETSIZE: were the sets written past their end? False: the program's own pointers go to the kernel. Fills in c->n. Async-signal-safe.
 */
bool fdg_select_overran(struct fdg_select_call *c);
/*
 * They were: finds out what was meant, and reports it. True: wait for s->want until s->time, put what is ready into s->got, then fdg_select_after. The caller has
 * filled in s->call. Async-signal-safe.
 */
bool fdg_select_before(struct fdg_select *s);
/* `result` is select's, `left` what is left of s->time: writes both into the program's memory. False: that is EFAULT. */
bool fdg_select_after(const struct fdg_select *s, int result, const int64_t left[2]);

/* FD_SET, FD_CLR or FD_ISSET of a fortified program, with a number that has no bit: is about to abort. */
void fdg_select_fortify(long fd, const void *site);

/* Where the main thread's stack ends: the address of its environment vector. Set by wrap's start-up; 0 is never wrong. */
extern uintptr_t fdg_select_main_stack;

/* What this process was seen to do with select. */
enum fdg_select_use {
	FDG_SELECT_UNUSED,
	FDG_SELECT_SMALL, /* waits on sets of 1,024 bits, as far as one can see */
	FDG_SELECT_BIG,   /* may have larger ones, or was warned */
};
extern _Atomic unsigned char fdg_select_use;

void fdg_select_first_used(const void *r, const void *w, const void *e);

/* A select on sets of the usual size; one of them is not NULL. */
static inline void fdg_select_used(const void *r, const void *w, const void *e)
{
	if (__builtin_expect(atomic_load_explicit(&fdg_select_use, memory_order_relaxed) == FDG_SELECT_UNUSED, 0))
		fdg_select_first_used(r, w, e);
}

/*
 * The descriptor table was seen to end at 1,024 or before, and nothing above was made since. What is made behind us leaves it true: then the program's call goes
 * to the kernel, as it would without us.
 */
extern _Atomic bool fdg_select_table_is_small;

void fdg_select_warn(int fd);

/* A number that was chosen. */
static inline void fdg_select_numbered(int fd)
{
	if (__builtin_expect(fd >= (int)FDG_SET_FDS, 0))
		atomic_store_explicit(&fdg_select_table_is_small, false, memory_order_relaxed);
}

/* A number that was obtained, the lowest that was free: does it have a bit? */
static inline void fdg_select_obtained(int fd)
{
	fdg_select_numbered(fd);
	if (__builtin_expect(fd >= (int)FDG_SET_FDS, 0) && atomic_load_explicit(&fdg_select_use, memory_order_relaxed) == FDG_SELECT_SMALL)
		fdg_select_warn(fd);
}

#endif
