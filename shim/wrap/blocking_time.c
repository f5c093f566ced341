// SPDX-License-Identifier: MIT
/* SO_RCVTIMEO, SO_SNDTIMEO and VTIME: how long a call waits at most. */
#include "wrap/blocking_wait.h"

#include "wrap/wrap.h"

#include <errno.h>

static void add(struct timespec *t, int64_t s, int64_t ns)
{
	t->tv_sec += s + (t->tv_nsec + ns) / 1000000000;
	t->tv_nsec = (t->tv_nsec + ns) % 1000000000;
}

void fdg_call_ask_limit(struct fdg_call *c)
{
	struct timeval t = { 0, 0 };
	unsigned len = sizeof(t);

	c->limited = fdg_sys_getsockopt(c->fd, SOL_SOCKET, c->way == FDG_TAKES ? SO_RCVTIMEO : SO_SNDTIMEO, &t, &len) == 0 && (t.tv_sec || t.tv_usec);
	if (!c->limited)
		return;
	fdg_sys_clock(CLOCK_MONOTONIC, &c->end);
	add(&c->end, t.tv_sec, t.tv_usec * 1000);
}

void fdg_call_next_message(struct fdg_call *c)
{
	c->vain = 0;
	c->last = c->last == EAGAIN ? 0 : c->last;
	if (c->looked)
		fdg_call_ask_limit(c);
}

void fdg_call_terminal_limit(struct fdg_call *c, unsigned tenths)
{
	c->limited = c->terminal = true;
	fdg_sys_clock(CLOCK_MONOTONIC, &c->end);
	add(&c->end, tenths / 10, tenths % 10 * 100000000);
}

bool fdg_call_cut_to_limit(const struct fdg_call *c, struct timespec *t)
{
	struct timespec now, left = c->end;

	if (!c->limited)
		return true;
	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	left.tv_sec -= now.tv_sec;
	left.tv_nsec -= now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	if (left.tv_sec < 0)
		return false;
	if (left.tv_sec < t->tv_sec || (left.tv_sec == t->tv_sec && left.tv_nsec < t->tv_nsec))
		*t = left;
	return true;
}
