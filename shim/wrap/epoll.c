// SPDX-License-Identifier: MIT
/* Event loops: which threads wait on them, and what is in their interest lists. */
#include "wrap/wrap.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "guards/closewait/sweep.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/interest.h"
#include "guards/epoll/slow.h"
#include "guards/epoll/stale.h"
#include "guards/epoll/turns.h"
#include "guards/metrics/wakeups.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/stall.h"
#include "guards/reuseport/handover.h"
#include "options/options.h"

/* A loop may make no other call of ours for long. */
static inline void loop_waits(int epfd)
{
	fdg_loop_waits(epfd);
	fdg_handover_tick();
	if (__builtin_expect(atomic_load_explicit(&fdg_late_ticks, memory_order_relaxed), 0) && !fdg_out())
		fdg_nonblock_judge();
	fdg_stale_judge(epfd);
}

/* NO_TURN: nobody is suspected. IDLE: next to nothing was done since the thread's last wait on it. */
enum turn { NO_TURN, BUSY, IDLE };

static inline enum turn about_to_wait(int epfd)
{
	loop_waits(epfd);
	if (!fdg_suspects_any())
		return NO_TURN;
	return fdg_turn_over(epfd) ? IDLE : BUSY;
}

static void registered(int epfd, int op, int fd, const struct epoll_event *event, const void *site)
{
	fdg_stall_registered(epfd, op, fd, site);
	if (fdg_options.epoll != FDG_OFF)
		fdg_interest_changed(epfd, op, fd, event, site);
	fdg_acted(fd);
}

int fdg_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site)
{
	int r;

	if (fdg_slow_any()) /* what comes once from now on is not to be held back */
		fdg_slow_registers(epfd, op, fd, event);
	r = real_epoll_ctl(epfd, op, fd, event);
	if (r == 0)
		registered(epfd, op, fd, event, site);
	return r;
}

WRAP(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event))
{
	FDG_PASS(epoll_ctl, epfd, op, fd, event);
	return fdg_epoll_ctl(epfd, op, fd, event, FDG_SITE);
}

/*
 * Waits
 */

enum by { WAIT, PWAIT, PWAIT2, NUMBER };

struct call {
	enum by by;
	int epfd;
	struct epoll_event *events;
	int room;
	int64_t ns; /* negative: no timeout */
	const sigset_t *mask;
	long nr;          /* of syscall(2) … */
	size_t mask_size; /* … and what it says of the mask */
};

static struct timespec time_of(int64_t ns)
{
	return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

/* Rounded up: a wait is never shorter than the program's. */
static int ms_of(int64_t ns)
{
	int64_t ms = (ns + 999999) / 1000000;

	return ns < 0 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

static int wait_for(const struct call *c, struct epoll_event *e, int room, int64_t ns)
{
	struct timespec t = time_of(ns), *time = ns < 0 ? NULL : &t;

	switch (c->by) {
	case WAIT:
		return real_epoll_wait(c->epfd, e, room, ms_of(ns));
	case PWAIT:
		return real_epoll_pwait(c->epfd, e, room, ms_of(ns), c->mask);
	case PWAIT2:
		return real_epoll_pwait2(c->epfd, e, room, time, c->mask);
	default:
		return (int)real_syscall(c->nr, (long)c->epfd, e, (long)room, c->nr == SYS_epoll_pwait2 ? (long)time : (long)ms_of(ns), c->mask, c->mask_size);
	}
}

/* As the wait would: a signal that has a handler ends it, and so does a thread's cancellation where that is its call. */
static bool sleeps(const struct call *c, int64_t ns)
{
	struct timespec t = time_of(ns);

	if (c->by == NUMBER)
		return real_syscall(SYS_ppoll, NULL, 0L, &t, c->mask, c->mask_size) == 0;
	return real_ppoll(NULL, 0, &t, c->mask) == 0;
}

/* Holds n events back for a moment, and asks what there is then. *ret_over: it is for the program; else it may have to be held back again. */
static int held_back(const struct call *c, const struct fdg_slow_wait *w, int n, int64_t ns, bool *ret_over)
{
	struct epoll_event again[FDG_TURN_ROOM];
	int before = errno, missed = 0, error, more;
	bool ended = ns != FDG_SLOW_NO_SLEEP && !sleeps(c, ns);

	error = errno;
	errno = before;
	fdg_turn_slept();
	*ret_over = true;
	if (fdg_out() || w->is_paced)
		return n;
	more = wait_for(c, again, fdg_slow_room(n, c->room), 0);
	if (more < 0)
		return more;
	n = fdg_slow_again(w, c->events, n, again, more, &missed);
	*ret_over = missed > 0 || ended;
	if (n > 0 || !ended || error != EINTR)
		return n;
	errno = EINTR;
	return -1;
}

/* The wait, where it is to be slowed: guards/epoll/slow.h. */
__attribute__((noinline)) static int slowed(const struct call *c, bool is_idle)
{
	struct fdg_slow_wait w;
	bool over = false;
	int64_t ns;
	int n;

	fdg_slow_wait_begin(&w, c->epfd, c->ns, is_idle);
	n = wait_for(c, c->events, c->room, c->ns);
	while (n > 0 && !over && (ns = fdg_slow_hold(&w, c->events, n, c->room)) > 0 && fdg_slow_sleeps()) {
		n = held_back(c, &w, n, ns, &over);
		fdg_slow_wakes();
		if (n == 0 && (ns = fdg_slow_left(&w)) != 0)
			n = wait_for(c, c->events, c->room, ns);
	}
	return n;
}

static inline bool is_slow(int64_t ns)
{
	return fdg_slow_any() && ns != 0 && !fdg_out() && !fdg_foreign_memory();
}

/* The program goes on. */
static inline void woken(int epfd, struct epoll_event *events, int n, int room, bool waited)
{
	fdg_woke_up();
	fdg_epoll_woken(epfd, events, n, waited);
	if (waited) {
		fdg_sweep_waited();
		fdg_room_tick();
	}
	fdg_sweep_tick();
	fdg_turn_begins(n, room);
}

WRAP(int, epoll_wait, (int epfd, struct epoll_event *events, int room, int timeout))
{
	enum turn turn = about_to_wait(epfd);
	int n;

	if (turn && is_slow(timeout))
		n = slowed(&(struct call){ WAIT, epfd, events, room, fdg_slow_ns(timeout), NULL, 0, 0 }, turn == IDLE);
	else
		n = real_epoll_wait(epfd, events, room, timeout);
	woken(epfd, events, n, room, timeout != 0);
	return n;
}

WRAP(int, epoll_pwait, (int epfd, struct epoll_event *events, int room, int timeout, const sigset_t *mask))
{
	enum turn turn = about_to_wait(epfd);
	int n;

	if (turn && is_slow(timeout))
		n = slowed(&(struct call){ PWAIT, epfd, events, room, fdg_slow_ns(timeout), mask, 0, 0 }, turn == IDLE);
	else
		n = real_epoll_pwait(epfd, events, room, timeout, mask);
	woken(epfd, events, n, room, timeout != 0);
	return n;
}

WRAP(int, epoll_pwait2,
     (int epfd, struct epoll_event *events, int room, const struct timespec *timeout, const sigset_t *mask))
{
	enum turn turn = about_to_wait(epfd);
	int64_t ns;
	int n;

	if (turn && fdg_slow_any() && is_slow(ns = fdg_slow_ns_of(timeout)))
		n = slowed(&(struct call){ PWAIT2, epfd, events, room, ns, mask, 0, 0 }, turn == IDLE);
	else
		n = real_epoll_pwait2(epfd, events, room, timeout, mask);
	woken(epfd, events, n, room, n > 0 && (!timeout || timeout->tv_sec || timeout->tv_nsec));
	return n;
}

long fdg_raw_epoll_wait(long nr, const long a[6])
{
	struct call c = { NUMBER, (int)a[0], (struct epoll_event *)a[1], (int)a[2], fdg_slow_ns((int)a[3]), NULL, nr, 0 };
	bool is_idle = fdg_turn_over(c.epfd);

	if (nr == SYS_epoll_pwait2 && fdg_slow_any())
		c.ns = fdg_slow_ns_of((const struct timespec *)a[3]);
	if (!is_slow(c.ns))
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (nr == SYS_epoll_pwait || nr == SYS_epoll_pwait2) {
		c.mask = (const sigset_t *)a[4];
		c.mask_size = (size_t)a[5];
	}
	return slowed(&c, is_idle);
}
