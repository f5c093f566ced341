// SPDX-License-Identifier: MIT
/*
 * Waiting with select. Up to FD_SETSIZE the call goes straight through; what guard select decides to wait for itself waits here: in libc's ppoll or
 * pselect, which are cancellation points as libc's select is one, or in the raw calls for a program that made a raw call.
 */
#include "wrap/wrap.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "guards/closewait/sweep.h"
#include "guards/epoll/turns.h"
#include "guards/metrics/wakeups.h"
#include "guards/reuseport/handover.h"
#include "guards/select/select.h"

#define CENTURIES (INT64_C(1) << 40) /* in seconds: as good as for ever */
#define POLLED 64 /* fds that are waited for with poll; the kernel's select costs less than so many entries, and takes any number */

/* As fs/select.c has them: what makes an fd ready for each of the three sets. */
#define READY_READ (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define READY_WRITE (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define READY_EXCEPT POLLPRI

static const short ready_bits[FDG_SETS] = { READY_READ, READY_WRITE, READY_EXCEPT };

struct wait {
	struct fdg_select *s;
	const sigset_t *mask; /* without what was no signal; NULL: none */
	struct timespec end;  /* CLOCK_MONOTONIC; where there is a timeout */
	struct pollfd fd[POLLED];
	unsigned count;
};

static int64_t to_ns(const struct wait *w, int64_t fraction)
{
	return fraction * (1000000000 / w->s->call.fraction);
}

/* As poll and pselect take it: select's microseconds may be more than a second. */
static struct timespec time_of(const struct wait *w)
{
	const struct fdg_select *s = w->s;
	int64_t whole = s->call.fraction == 1000000 ? s->time[1] / 1000000 : 0;

	return (struct timespec){ s->time[0] + whole, to_ns(w, s->time[1] - whole * 1000000) };
}

/* What the kernel would refuse. */
static bool is_refused(const struct fdg_select *s)
{
	return s->call.timeout && (s->time[0] < 0 || s->time[1] < 0 || (s->call.fraction != 1000000 && s->time[1] >= s->call.fraction));
}

static void start_clock(struct wait *w)
{
	struct timespec t = time_of(w);

	fdg_sys_clock(CLOCK_MONOTONIC, &w->end);
	w->end.tv_nsec += t.tv_nsec;
	w->end.tv_sec += (t.tv_sec < CENTURIES ? t.tv_sec : CENTURIES) + w->end.tv_nsec / 1000000000;
	w->end.tv_nsec %= 1000000000;
}

static struct timespec time_left(const struct wait *w)
{
	struct timespec now, left;

	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	left.tv_sec = w->end.tv_sec - now.tv_sec;
	left.tv_nsec = w->end.tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_nsec += 1000000000;
		left.tv_sec--;
	}
	return left.tv_sec < 0 ? (struct timespec){ 0, 0 } : left;
}

/* False: there are too many for poll. */
static bool list_fds(struct wait *w)
{
	const struct fdg_select *s = w->s;

	w->count = 0;
	for (unsigned i = 0; i < (s->call.n + 63) / 64; i++)
		for (uint64_t bits = s->want[0][i] | s->want[1][i] | s->want[2][i]; bits; bits &= bits - 1) {
			unsigned fd = i * 64 + (unsigned)__builtin_ctzll(bits);
			short events = 0;

			if (w->count == POLLED)
				return false;
			for (unsigned x = 0; x < FDG_SETS; x++)
				events |= fdg_bit(s->want[x], fd) ? ready_bits[x] : 0;
			w->fd[w->count++] = (struct pollfd){ (int)fd, events, 0 };
		}
	return true;
}

static int call_poll(struct wait *w)
{
	struct timespec t = time_of(w), *timeout = w->s->call.timeout ? &t : NULL;

	if (w->s->call.raw)
		return (int)real_syscall(SYS_ppoll, w->fd, (long)w->count, timeout, w->mask, sizeof(uint64_t));
	return real_ppoll(w->fd, w->count, timeout, w->mask);
}

/* Waits in the kernel's select, on bitmaps of ours. */
static int call_select(struct wait *w)
{
	struct timespec t, *timeout = NULL;
	struct fdg_select *s = w->s;
	fd_set *set[FDG_SETS];
	const void *mask[2] = { w->mask, (const void *)sizeof(uint64_t) };

	for (unsigned x = 0; x < FDG_SETS; x++) {
		memcpy(s->got[x], s->want[x], fdg_select_bytes(s->call.n));
		set[x] = s->call.set[x] ? (fd_set *)s->got[x] : NULL;
	}
	if (s->call.timeout) {
		t = w->count ? time_left(w) : time_of(w);
		timeout = &t;
	}
	if (w->s->call.raw)
		return (int)real_syscall(SYS_pselect6, s->call.n, set[0], set[1], set[2], timeout, mask);
	return real_pselect((int)s->call.n, set[0], set[1], set[2], timeout, w->mask);
}

/* What poll said, as select would say it: the number of bits; -1 if select would have gone on waiting, or failed. */
static int translate(struct wait *w)
{
	struct fdg_select *s = w->s;
	int bits = 0;

	for (unsigned x = 0; x < FDG_SETS; x++)
		memset(s->got[x], 0, fdg_select_bytes(s->call.n));
	for (unsigned i = 0; i < w->count; i++) {
		unsigned fd = (unsigned)w->fd[i].fd;

		if (w->fd[i].revents & POLLNVAL)
			return -1;
		for (unsigned x = 0; x < FDG_SETS; x++)
			if (w->fd[i].revents & ready_bits[x] && fdg_bit(s->want[x], fd)) {
				s->got[x][fd / 64] |= UINT64_C(1) << fd % 64;
				bits++;
			}
	}
	return bits ? bits : -1;
}

/*
 * poll for few fds; the kernel's select for many, and where poll cannot say it: POLLHUP and POLLERR come unasked for an fd that is only in a set that does not
 * count them, and a closed fd is an answer, not an error.
 */
static int wait_for(struct wait *w)
{
	int r, saved = errno;

	if (is_refused(w->s) || !list_fds(w)) {
		w->count = 0;
		return call_select(w);
	}
	r = call_poll(w);
	if (r < 0 && errno != EINVAL)
		return r;
	if (r > 0)
		r = translate(w);
	else if (r == 0)
		translate(w); /* nothing is ready: clears the answer */
	if (r >= 0)
		return r;
	errno = saved; /* poll's own reason is none of select's */
	return call_select(w);
}

static int waited(struct wait *w)
{
	struct fdg_select *s = w->s;
	struct timespec left = time_of(w);
	int64_t time[2];
	int r;

	if (!s->call.timeout || is_refused(s)) {
		r = wait_for(w);
	} else {
		start_clock(w);
		r = wait_for(w);
		left = r ? time_left(w) : (struct timespec){ 0, 0 };
	}
	time[0] = left.tv_sec;
	time[1] = left.tv_nsec / (1000000000 / s->call.fraction);
	if (fdg_select_after(s, r, time))
		return r;
	errno = EFAULT;
	return -1;
}

/* A function of its own, for its frame of 4 KiB. */
__attribute__((noinline)) static bool repaired(const struct fdg_select_call *c, int *ret)
{
	struct fdg_select s;
	struct wait w;
	uint64_t signals;
	sigset_t mask;

	s.call = *c;
	if (!fdg_select_before(&s))
		return false;
	w.s = &s;
	w.mask = s.call.mask;
	if (s.mask_taken) { /* the kernel's mask is the first 64 bits of libc's */
		memset(&mask, 0, sizeof(mask));
		memcpy(&signals, w.mask, sizeof(signals));
		signals &= ~s.mask_taken;
		memcpy(&mask, &signals, sizeof(signals));
		w.mask = &mask;
	}
	*ret = waited(&w);
	return true;
}

/* nfds is above FD_SETSIZE. True: the guard did it, and *ret is the result. */
__attribute__((noinline)) static bool took_over(struct fdg_select_call *c, int *ret)
{
	return fdg_select_overran(c) && repaired(c, ret);
}

/* A call that needs no more thought. nfds 0 is a way to sleep. */
static bool is_plain(int nfds, const void *r, const void *w, const void *e)
{
	if (__builtin_expect(nfds > (int)FDG_SET_FDS, 0))
		return false;
	if (nfds > 0 && (r || w || e))
		fdg_select_used(r, w, e);
	return true;
}

WRAP(int, select, (int nfds, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout))
{
	int ret;

	FDG_PASS(select, nfds, r, w, e, timeout);
	fdg_handover_tick();
	fdg_turn_elsewhere();
	if (is_plain(nfds, r, w, e) || !took_over(&(struct fdg_select_call){ nfds, { r, w, e }, (void *)timeout, 1000000, true, false, NULL, FDG_SITE, 0, false, false }, &ret))
		ret = real_select(nfds, r, w, e, timeout);
	fdg_woke_up();
	fdg_sweep_waited();
	fdg_sweep_tick();
	fdg_room_tick();
	return ret;
}
FDG_TWIN(__select, select)

WRAP(int, pselect, (int nfds, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout, const sigset_t *mask))
{
	int ret;

	FDG_PASS(pselect, nfds, r, w, e, timeout, mask);
	fdg_handover_tick();
	fdg_turn_elsewhere();
	if (is_plain(nfds, r, w, e) ||
	    !took_over(&(struct fdg_select_call){ nfds, { r, w, e }, (void *)(uintptr_t)timeout, 1000000000, false, false, mask, FDG_SITE, 0, false, false }, &ret))
		ret = real_pselect(nfds, r, w, e, timeout, mask);
	fdg_woke_up();
	fdg_sweep_waited();
	fdg_sweep_tick();
	fdg_room_tick();
	return ret;
}

/* The raw call hands over a pointer to a pointer to the mask, and its size. False: the kernel will say what is wrong with it. */
static bool raw_mask(long argument, const void **ret_mask)
{
	struct { const sigset_t *mask; size_t size; } m = { NULL, sizeof(uint64_t) };

	if (argument && !fdg_sys_peek((const void *)argument, &m, sizeof(m)))
		return false;
	*ret_mask = m.mask;
	return !m.mask || m.size == sizeof(uint64_t);
}

long fdg_raw_select(long nr, const long a[6], const void *site)
{
	bool p = nr == SYS_pselect6;
	struct fdg_select_call c = { (int)a[0], { (void *)a[1], (void *)a[2], (void *)a[3] }, (void *)a[4], p ? 1000000000 : 1000000, true, true, NULL, site, 0, false, false };
	int ret;

	fdg_turn_elsewhere();
	if (is_plain(c.nfds, c.set[0], c.set[1], c.set[2]) || (p && !raw_mask(a[5], &c.mask)) || !took_over(&c, &ret))
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return ret;
}

/* The index of fd's word in an fd_set. What has no bit ends in libc's abort; nothing else would be safe. */
WRAP(long, __fdelt_chk, (long fd))
{
	if (__builtin_expect((unsigned long)fd < FDG_SET_FDS, 1))
		return fd / 64;
	if (!fdg_out())
		fdg_select_fortify(fd, FDG_SITE);
	return real___fdelt_chk(fd);
}
FDG_TWIN(__fdelt_warn, __fdelt_chk)
