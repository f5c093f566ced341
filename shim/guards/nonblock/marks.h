/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: FDG_WATCH_BLOCKS, the mark of a descriptor that the program was told blocks, while its description does not; for which description it was made, and by
 * which change. What gets past the data calls (libc, a program that is started) makes us give it up: marks.c does that, too.
 */
#ifndef FDG_GUARDS_NONBLOCK_MARKS_H
#define FDG_GUARDS_NONBLOCK_MARKS_H

#include <stdbool.h>

#include "ledger/watch.h"

static inline bool fdg_mark_is(int fd)
{
	return fdg_watched(fd) & FDG_WATCH_BLOCKS;
}

/* Was there ever one? */
extern _Atomic bool fdg_marked;
static inline bool fdg_mark_any(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_marked, memory_order_relaxed), 0);
}

/* Can the data calls wait for fd? */
bool fdg_mark_can(int fd);
/*
 * Nothing where they cannot. generation: of fd, from before the caller made sure what fd is. call: what the program asked for last, of the whole description, was to block,
 * and there (site NULL: in another process); NULL: not to block.
 */
void fdg_mark_set(int fd, uint32_t generation, const void *site, const char *call);
/* The same for one that does not wait, and has to be known when it goes to another program. */
bool fdg_mark_keep(int fd, uint32_t generation, const void *site, const char *call);
void fdg_mark_clear(int fd);
/* A loop has it from now on. */
void fdg_mark_polled(int fd);

/* Does fd's user count on its not blocking? The program asked for that through fd, or a loop has it. A plain copy may count on either mode. */
static inline bool fdg_mark_counts(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return state & FDG_NONBLOCK && (!(state & FDG_MODE_COPIED) || state & FDG_POLLED);
}

/*
 * Does fd wait while its description does not block? Where blocking was asked for last it would without us. Else it was itself made or asked to, and no loop has it.
 */
static inline bool fdg_mark_waits(int fd, bool asked_last)
{
	uint32_t state = fdg_ledger_state(fd);

	return !(state & FDG_NONBLOCK) && !(asked_last && state & (FDG_MODE_COPIED | FDG_POLLED));
}

/* The mode of fd is this process's own wish from now on, and not its parent's. */
void fdg_mark_asked(int fd);
bool fdg_mark_is_asked(int fd);

#endif
