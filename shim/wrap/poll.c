// SPDX-License-Identifier: MIT
/* poll and ppoll: straight through, and a look at what they told. Numbers that guard epoll hides are left out of the wait. */
#include "wrap/wrap.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "guards/closewait/sweep.h"
#include "guards/epoll/poll.h"
#include "guards/epoll/turns.h"
#include "guards/metrics/wakeups.h"
#include "guards/nonblock/nonblock.h"
#include "guards/reuseport/handover.h"

struct call {
	struct pollfd *fds;
	unsigned n;
	const struct timespec *time; /* NULL: none */
	const sigset_t *mask;
	size_t mask_size; /* of a raw call; 0: one of libc's */
	const char *name;
	const void *site;
};

static inline bool hides(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_poll_hides, memory_order_relaxed) != 0, 0);
}

/* A loop may make no other call of ours for long. Was next to nothing done since the thread's last wait on this array? */
static inline bool about_to_wait(const void *fds)
{
	fdg_handover_tick();
	if (__builtin_expect(atomic_load_explicit(&fdg_late_ticks, memory_order_relaxed), 0) && !fdg_out())
		fdg_nonblock_judge();
	return (fdg_suspects_any() || hides()) && fdg_turn_over_slow(fdg_turn_array(fds));
}

static inline void turn_begins(void)
{
	if (fdg_suspects_any() || hides())
		fdg_turn_begins_slow(0, 0);
}

static inline bool may_wait(const struct timespec *t)
{
	return !t || t->tv_sec || t->tv_nsec;
}

/* The kernel takes half of n. */
static inline int woken(const struct pollfd *fds, nfds_t n, int r, const char *name, const void *site)
{
	if (r > 0)
		fdg_poll_woken(&(struct fdg_polled){ fds, (unsigned)n, r, name, site });
	fdg_woke_up();
	fdg_sweep_waited();
	fdg_sweep_tick();
	fdg_room_tick();
	turn_begins();
	return r;
}

/*
 * The wait with numbers left out
 */

/* How long: what is left out is told after a moment, so that a number that is opened meanwhile is not missed for long. */
static struct timespec slice_of(const struct call *c)
{
	struct timespec t = { 0, FDG_POLL_HIDES_MS * 1000000L };

	return c->time && c->time->tv_sec == 0 && c->time->tv_nsec <= t.tv_nsec ? *c->time : t;
}

static bool is_refused(const struct timespec *t)
{
	return t && (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= 1000000000);
}

static int call_with(const struct call *c, struct pollfd *copy, struct timespec *slice)
{
	if (c->mask_size)
		return (int)real_syscall(SYS_ppoll, copy, (long)c->n, slice, c->mask, c->mask_size);
	return real_ppoll(copy, c->n, slice, c->mask);
}

/* As the kernel leaves the array, whether it is something that ended the wait or a signal. */
static int hand_back(const struct call *c, const struct pollfd *copy, bool tells)
{
	int more = 0;

	for (unsigned i = 0; i < c->n; i++) {
		bool out = copy[i].fd == FDG_POLL_OUT && tells;

		c->fds[i].revents = out ? POLLNVAL : copy[i].revents;
		more += out;
	}
	return more;
}

static int waited(const struct call *c, struct pollfd *copy, struct timespec *slice)
{
	int r = call_with(c, copy, slice), error = errno;

	if (r < 0 && error == EINTR)
		for (unsigned i = 0; i < c->n; i++)
			copy[i].revents = 0; /* a handler may have waited in the same room */
	if (r < 0 && error != EINTR)
		return r;
	woken(copy, c->n, r, c->name, c->site);
	r += hand_back(c, copy, r >= 0);
	errno = error;
	return r;
}

/* False: none of the hidden ones is in it. */
static bool waited_in(const struct call *c, struct pollfd *copy, struct timespec *slice, int *ret)
{
	if (!fdg_sys_peek(c->fds, copy, c->n * sizeof(*copy)) || !fdg_poll_leave_out(copy, c->n))
		return false;
	*ret = waited(c, copy, slice);
	return true;
}

/* Functions of their own, for the frame. */
__attribute__((noinline)) static bool waited_on_stack(const struct call *c, struct timespec *slice, int *ret)
{
	struct pollfd copy[FDG_POLL_FEW];

	return waited_in(c, copy, slice, ret);
}

__attribute__((noinline)) static bool waited_in_room(const struct call *c, struct timespec *slice, int *ret)
{
	struct pollfd *copy = fdg_poll_room(c->n);
	bool did;

	if (!copy)
		return false;
	did = waited_in(c, copy, slice, ret);
	fdg_poll_room_done(copy);
	return did;
}

/* What the program's own timeout is to be afterwards, if it is told: `slice` has what is left of what was waited for at most. */
static void bring_up_to_date(struct timespec *left, struct timespec given, struct timespec slice)
{
	int64_t ns = (given.tv_sec - slice.tv_sec) * INT64_C(1000000000) + given.tv_nsec - slice.tv_nsec;

	left->tv_sec -= ns / 1000000000;
	left->tv_nsec -= ns % 1000000000;
	if (left->tv_nsec < 0) {
		left->tv_nsec += 1000000000;
		left->tv_sec--;
	}
}

/* True: it was done here, and *ret is the result. */
__attribute__((noinline)) static bool left_out(const struct call *c, struct timespec *left, int *ret)
{
	struct timespec slice, given;
	bool did;

	if (fdg_out() || fdg_foreign_memory() || c->n == 0 || c->n > FDG_POLL_MOST || is_refused(c->time) || !may_wait(c->time))
		return false;
	given = slice = slice_of(c);
	did = c->n <= FDG_POLL_FEW ? waited_on_stack(c, &slice, ret) : waited_in_room(c, &slice, ret);
	turn_begins();
	if (did && left)
		bring_up_to_date(left, given, slice);
	return did;
}

static bool poll_left_out(struct pollfd *fds, nfds_t n, int timeout, const void *site, int *ret)
{
	struct timespec time = { timeout / 1000, timeout % 1000 * 1000000L };

	return left_out(&(struct call){ fds, (unsigned)n, timeout < 0 ? NULL : &time, NULL, 0, "poll", site }, NULL, ret);
}

/*
 * The calls
 */

/* One that did not wait. */
static inline int looked(int r)
{
	fdg_sweep_tick();
	fdg_room_tick();
	return r;
}

WRAP(int, poll, (struct pollfd *fds, nfds_t n, int timeout))
{
	bool is_idle = about_to_wait(fds);
	int r;

	if (timeout == 0)
		return looked(real_poll(fds, n, timeout));
	if (is_idle && hides() && poll_left_out(fds, n, timeout, FDG_SITE, &r))
		return r;
	return woken(fds, n, real_poll(fds, n, timeout), "poll", FDG_SITE);
}
FDG_TWIN(__poll, poll)

WRAP(int, ppoll, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask))
{
	bool is_idle = about_to_wait(fds);
	int r;

	if (!may_wait(timeout))
		return looked(real_ppoll(fds, n, timeout, mask));
	if (is_idle && hides() && left_out(&(struct call){ fds, (unsigned)n, timeout, mask, 0, "ppoll", FDG_SITE }, NULL, &r))
		return r;
	return woken(fds, n, real_ppoll(fds, n, timeout, mask), "ppoll", FDG_SITE);
}

/* The fortified twins: libc's own abort for an array that is too short. */
WRAP(int, __poll_chk, (struct pollfd *fds, nfds_t n, int timeout, size_t room))
{
	bool is_idle = about_to_wait(fds);
	int r;

	if (timeout == 0 || room / sizeof(*fds) < n)
		return looked(real___poll_chk(fds, n, timeout, room));
	if (is_idle && hides() && poll_left_out(fds, n, timeout, FDG_SITE, &r))
		return r;
	return woken(fds, n, real___poll_chk(fds, n, timeout, room), "poll", FDG_SITE);
}

WRAP(int, __ppoll_chk, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room))
{
	bool is_idle = about_to_wait(fds);
	int r;

	if (room / sizeof(*fds) < n || !may_wait(timeout))
		return looked(real___ppoll_chk(fds, n, timeout, mask, room));
	if (is_idle && hides() && left_out(&(struct call){ fds, (unsigned)n, timeout, mask, 0, "ppoll", FDG_SITE }, NULL, &r))
		return r;
	return woken(fds, n, real___ppoll_chk(fds, n, timeout, mask, room), "ppoll", FDG_SITE);
}

static bool raw_left_out(long nr, const long a[6], const void *site, int *ret)
{
	struct timespec time = { (int)a[2] / 1000, (int)a[2] % 1000 * 1000000L };
	struct call c = { (struct pollfd *)a[0], (unsigned)a[1], &time, NULL, sizeof(uint64_t), "poll", site };

	if (nr != SYS_ppoll) {
		c.time = (int)a[2] < 0 ? NULL : &time;
		return left_out(&c, NULL, ret);
	}
	c.name = "ppoll";
	c.mask = (const sigset_t *)a[3];
	c.mask_size = (size_t)a[4];
	if (!a[2])
		c.time = NULL;
	else if (!fdg_sys_peek((const void *)a[2], &time, sizeof(time)))
		return false;
	if (c.mask && c.mask_size != sizeof(uint64_t))
		return false;
	c.mask_size = sizeof(uint64_t);
	if (!left_out(&c, c.time ? &time : NULL, ret))
		return false;
	if (a[2])
		fdg_sys_poke((void *)a[2], &time, sizeof(time));
	return true;
}

static bool raw_may_wait(long nr, const long a[6])
{
	if (nr != SYS_ppoll)
		return (int)a[2] != 0;
	return may_wait((const struct timespec *)a[2]); /* it was read by the kernel, and what is left is there now */
}

long fdg_raw_poll(long nr, const long a[6], const void *site)
{
	bool is_idle = about_to_wait((const void *)a[0]);
	long r;
	int ret;

	if (is_idle && hides() && raw_left_out(nr, a, site, &ret))
		return ret;
	r = real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (r > 0 && raw_may_wait(nr, a))
		woken((const struct pollfd *)a[0], (nfds_t)a[1], (int)r, nr == SYS_ppoll ? "ppoll" : "poll", site);
	return r;
}
