// SPDX-License-Identifier: MIT
/*
 * A handler ran. Would a blocking call have gone on after it? Which one it was nobody tells, so: if all that may have run say so. A program with both kinds of
 * handlers gets EINTR where it would have waited on; the other way, an alarm would end nothing.
 */
#include "wrap/blocking_wait.h"

#include "wrap/wrap.h"

#include <signal.h>

/* The kernel's own. */
struct disposition {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

/* Comes from outside, not by what the thread itself does. */
static bool may_interrupt(int signal)
{
	switch (signal) {
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
		return false;
	default:
		return true;
	}
}

/* A handler of SA_RESETHAND is gone when it has run; its flags stay. */
static bool has_handler(const struct disposition *d)
{
	return d->handler > 1 || (d->handler == 0 && d->flags & SA_RESETHAND);
}

/* libc's own two do, whatever their flags say. */
static bool restarts(int signal, const struct disposition *d)
{
	return d->flags & SA_RESTART || signal == 32 || signal == 33;
}

bool fdg_handlers_restart(void)
{
	uint64_t blocked = 0;
	bool seen = false;

	fdg_sys4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked));
	for (int i = 1; i <= 64; i++) {
		struct disposition d = { 0, 0, 0, 0 };

		if (!may_interrupt(i) || blocked >> (i - 1) & 1 || fdg_sys4(SYS_rt_sigaction, i, NULL, &d, sizeof(d.mask)) < 0 || !has_handler(&d))
			continue;
		if (!restarts(i, &d))
			return false;
		seen = true;
	}
	return seen;
}
