// SPDX-License-Identifier: MIT
/* Event loops: which threads wait on them, and what is in their interest lists. */
#include "wrap/wrap.h"

#include "guards/nonblock.h"
#include "guards/stall.h"

/* A loop may make no other call of ours for long. */
static inline void about_to_wait(int epfd)
{
	fdg_loop_waits(epfd);
	if (__builtin_expect(atomic_load_explicit(&fdg_late_ticks, memory_order_relaxed), 0) && !fdg_out())
		fdg_nonblock_judge();
}

WRAP(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event))
{
	int r;

	FDG_PASS(epoll_ctl, epfd, op, fd, event);
	r = real_epoll_ctl(epfd, op, fd, event);
	if (r == 0)
		fdg_stall_registered(epfd, op, fd, FDG_SITE);
	return r;
}

WRAP(int, epoll_wait, (int epfd, struct epoll_event *events, int room, int timeout))
{
	about_to_wait(epfd);
	return real_epoll_wait(epfd, events, room, timeout);
}

WRAP(int, epoll_pwait, (int epfd, struct epoll_event *events, int room, int timeout, const sigset_t *mask))
{
	about_to_wait(epfd);
	return real_epoll_pwait(epfd, events, room, timeout, mask);
}

WRAP(int, epoll_pwait2, (int epfd, struct epoll_event *events, int room, const struct timespec *timeout, const sigset_t *mask))
{
	about_to_wait(epfd);
	return real_epoll_pwait2(epfd, events, room, timeout, mask);
}
