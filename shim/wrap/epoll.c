// SPDX-License-Identifier: MIT
/* Event loops: which threads wait on them, and what is in their interest lists. */
#include "wrap/wrap.h"

#include "guards/cures.h"
#include "guards/epoll.h"
#include "guards/interest.h"
#include "guards/nonblock.h"
#include "guards/rests.h"
#include "guards/stale.h"
#include "guards/stall.h"
#include "options/options.h"

/* A loop may make no other call of ours for long. */
static inline void about_to_wait(int epfd)
{
	fdg_loop_waits(epfd);
	if (__builtin_expect(atomic_load_explicit(&fdg_late_ticks, memory_order_relaxed), 0) && !fdg_out())
		fdg_nonblock_judge();
	fdg_stale_judge(epfd);
}

static void registered(int epfd, int op, int fd, const struct epoll_event *event, const void *site)
{
	fdg_stall_registered(epfd, op, fd, site);
	if (fdg_options.epoll != FDG_OFF)
		fdg_interest_changed(epfd, op, fd, event, site);
	if (__builtin_expect(fdg_watched(fd) & FDG_WATCH_ACT, 0)) {
		if (op == EPOLL_CTL_MOD)
			fdg_cure_replaced(epfd, fd);
		fdg_acted(fd);
	}
}

int fdg_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site)
{
	unsigned mods = atomic_load_explicit(&fdg_cure_mods, memory_order_acquire);
	int r = real_epoll_ctl(epfd, op, fd, event);

	if (r != 0)
		return r;
	registered(epfd, op, fd, event, site);
	if (__builtin_expect(fdg_cure_crossed(mods, fd), 0) && op != EPOLL_CTL_DEL && !fdg_foreign_memory())
		fdg_cure_put_right(epfd, fd, event);
	return r;
}

WRAP(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event))
{
	FDG_PASS(epoll_ctl, epfd, op, fd, event);
	return fdg_epoll_ctl(epfd, op, fd, event, FDG_SITE);
}

WRAP(int, epoll_wait, (int epfd, struct epoll_event *events, int room, int timeout))
{
	struct fdg_rest_wait w = { .ms = timeout };
	int n;

	about_to_wait(epfd);
	if (fdg_rests_any())
		fdg_rest_begin(&w, epfd, fdg_rest_ns(timeout));
	if (w.in_parts)
		FDG_REST_WAIT(w, n, n = real_epoll_wait(epfd, events, room, w.ms));
	else
		n = real_epoll_wait(epfd, events, room, timeout);
	fdg_epoll_woken(epfd, events, n, timeout != 0);
	return n;
}

WRAP(int, epoll_pwait, (int epfd, struct epoll_event *events, int room, int timeout, const sigset_t *mask))
{
	struct fdg_rest_wait w = { .ms = timeout };
	int n;

	about_to_wait(epfd);
	if (fdg_rests_any())
		fdg_rest_begin(&w, epfd, fdg_rest_ns(timeout));
	if (w.in_parts)
		FDG_REST_WAIT(w, n, n = real_epoll_pwait(epfd, events, room, w.ms, mask));
	else
		n = real_epoll_pwait(epfd, events, room, timeout, mask);
	fdg_epoll_woken(epfd, events, n, timeout != 0);
	return n;
}

WRAP(int, epoll_pwait2,
     (int epfd, struct epoll_event *events, int room, const struct timespec *timeout, const sigset_t *mask))
{
	struct fdg_rest_wait w = { .in_parts = false };
	int n;

	about_to_wait(epfd);
	if (fdg_rests_any())
		fdg_rest_begin(&w, epfd, fdg_rest_ns_of(timeout));
	if (w.in_parts)
		FDG_REST_WAIT(w, n, n = real_epoll_pwait2(epfd, events, room, (&(struct timespec){ 0, w.ns }), mask));
	else
		n = real_epoll_pwait2(epfd, events, room, timeout, mask);
	fdg_epoll_woken(epfd, events, n, n > 0 && (!timeout || timeout->tv_sec || timeout->tv_nsec));
	return n;
}
