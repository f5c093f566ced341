/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock, third part: descriptions that the program was started with (a terminal, a pipe of its parent, a jobserver) are shared with processes that we do not
 * see. They are judged when the program leaves: is the mode what it was before the program's first change? The story is at the top of stdio.c.
 *
 * Async-signal-safe, all of it.
 */
#ifndef FDG_GUARDS_NONBLOCK_STDIO_H
#define FDG_GUARDS_NONBLOCK_STDIO_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ledger/ledger.h"

/* At the end of wrap's start-up. */
void fdg_stdio_start(void);

/* Is fd, which came by SCM_RIGHTS, what 0, 1 or 2 is? */
bool fdg_stdio_came_back(int fd);

/* Is fd, as far as we know, of a description that was open when the program started? */
static inline bool fdg_stdio_is_inherited(int fd)
{
	return fdg_ledger_is_inherited(fd) || (fdg_ledger_state(fd) & FDG_PASSED && fdg_stdio_came_back(fd));
}

/* The program changes the mode of such a description: it was `was`, and now is `now`. After the real call. */
void fdg_stdio_changed(int fd, bool was, bool now, const void *site);

/* The program leaves (exit, _exit, return, quick_exit), or, where `file` is not NULL, execs that: reports what it leaves in another mode, and with nonblock=fix
 * puts it back. */
void fdg_stdio_leave(const char *file);
/* The exec failed after all: the program's own modes again. */
void fdg_stdio_stay(void);

extern _Atomic bool fdg_stdio_any; /* a mode was changed here */

static inline bool fdg_stdio_has_work(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_stdio_any, memory_order_relaxed), 0);
}

void fdg_stdio_closing_slow(unsigned first, unsigned last);

/* Before a real close, or a dup2 over fd: was it the last descriptor here by which the mode could be judged? */
static inline void fdg_stdio_closing(unsigned first, unsigned last)
{
	if (fdg_stdio_has_work())
		fdg_stdio_closing_slow(first, last);
}

#endif
