// SPDX-License-Identifier: MIT
/* Event loops: which threads have one, and what is in their interest lists. */
#include "wrap/wrap.h"

#include "guards/stall.h"

WRAP(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event))
{
	int r;

	FDG_PASS(epoll_ctl, epfd, op, fd, event);
	r = real_epoll_ctl(epfd, op, fd, event);
	if (r == 0)
		fdg_stall_registered(epfd, op, fd, FDG_SITE);
	return r;
}

/* Thread-local: in a vfork child it is the parent's. */
void fdg_loop_begins(void)
{
	if (!fdg_foreign_memory())
		fdg_has_loop = true;
}

static inline void note_loop(void)
{
	if (__builtin_expect(!fdg_has_loop, 0))
		fdg_loop_begins();
}

WRAP(int, epoll_wait, (int epfd, struct epoll_event *events, int room, int timeout))
{
	note_loop();
	return real_epoll_wait(epfd, events, room, timeout);
}

WRAP(int, epoll_pwait, (int epfd, struct epoll_event *events, int room, int timeout, const sigset_t *mask))
{
	note_loop();
	return real_epoll_pwait(epfd, events, room, timeout, mask);
}

WRAP(int, epoll_pwait2, (int epfd, struct epoll_event *events, int room, const struct timespec *timeout, const sigset_t *mask))
{
	note_loop();
	return real_epoll_pwait2(epfd, events, room, timeout, mask);
}
