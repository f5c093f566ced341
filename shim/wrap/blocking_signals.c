// SPDX-License-Identifier: MIT
/*
 * A handler ran. Would a blocking call have gone on after it? Which one it was nobody tells, so: if all that may have run say so. A program with both kinds of
 * handlers gets EINTR where it would have waited on; the other way, an alarm would end nothing.
 *
 * What a handler says of itself counts as it was before the wait, for many put the default back as the first thing that they do. Only one that was set meanwhile is
 * looked at afterwards. That takes its time, in which a signal would go by: so they are kept back, and the wait itself lets them in.
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

#define BIT(signal) (UINT64_C(1) << ((signal) - 1))

/* Come of what the thread itself does. */
#define OWN_DOING (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL))
/* And libc's own two, for which another thread waits. */
#define NEVER_HELD (OWN_DOING | BIT(SIGTRAP) | BIT(SIGSYS) | BIT(32) | BIT(33))

/* libc's own two do, whatever their flags say. */
static bool restarts(int signal, const struct disposition *d)
{
	return d->flags & SA_RESTART || signal == 32 || signal == 33;
}

static struct fdg_handlers ask(uint64_t blocked)
{
	struct fdg_handlers h = { 0, 0 };

	for (int i = 1; i <= 64; i++) {
		struct disposition d = { 0, 0, 0, 0 };

		if ((blocked | OWN_DOING) & BIT(i) || fdg_sys4(SYS_rt_sigaction, i, NULL, &d, sizeof(d.mask)) < 0 || d.handler <= 1)
			continue;
		*(restarts(i, &d) ? &h.restart : &h.interrupt) |= BIT(i);
	}
	return h;
}

void fdg_signals_hold(struct fdg_signals *s)
{
	s->opened.kernel = 0;
	fdg_sys4(SYS_rt_sigprocmask, SIG_BLOCK, &(uint64_t){ ~NEVER_HELD }, &s->opened.kernel, sizeof(uint64_t));
	if (!s->asked)
		s->before = ask(s->opened.kernel);
	s->asked = true;
}

void fdg_signals_let(struct fdg_signals *s)
{
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &s->opened.kernel, NULL, sizeof(uint64_t));
}

bool fdg_signals_restart(struct fdg_signals *s)
{
	struct fdg_handlers now = ask(s->opened.kernel);
	uint64_t interrupt = s->before.interrupt | (now.interrupt & ~s->before.restart), all = s->before.restart | s->before.interrupt | now.restart | now.interrupt;

	s->asked = false; /* the next wait is under what it has set */
	return all && !interrupt;
}
