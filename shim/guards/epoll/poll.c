// SPDX-License-Identifier: MIT
/*
 * Guard epoll, for poll and ppoll.
 *
 * The bug. POLLERR, POLLHUP and POLLNVAL come unasked, and a program that looks at what it asked for does not see them:
 *
 *     poll(p, n, -1);
 *     for (i = 0; i < n; i++)
 *         if (p[i].revents & POLLIN)           // the writer of a pipe is gone: POLLHUP alone
 *             read_from(p[i].fd);              // or somebody closed p[i].fd: POLLNVAL
 *
 * poll returns at once, for ever. The same happens with events that were asked for, and that nobody wants: POLLOUT with nothing to write, a listener without descriptors.
 *
 * Right: if (p[i].revents & (POLLIN | POLLERR | POLLHUP)) read, which tells the error or the end; and take out of the array what is closed.
 *
 * What we do. Waits that may wait count, not those with a timeout of 0. A descriptor that was told of is a suspect until the program makes a call on it that changes
 * something (acts.h). POLLERR, POLLHUP or POLLNVAL eight times and for 100 ms (a second where there are threads, which hand descriptors over), and the kernel says the same
 * when we ask: epoll.ignored (two seconds where it comes less than 100 times a second). epoll.spin times a second, for a second: epoll.spin. What was asked for becomes a suspect when it is in each of 64 waits in a row, of a
 * thread that makes so many.
 *
 * epoll=fix leaves a number that is not open out of the wait, once the spin is proved (poll_hide.c). Everything else is only reported: whether a program reads or writes
 * is its own to decide.
 */
#include "guards/epoll/poll.h"

#include <sys/single_threaded.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/events.h"
#include "guards/epoll/turns.h"
#include "guards/holders.h"
#include "guards/uring.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/report.h"

#include "base/poison.h"

#define STAYS (POLLERR | POLLHUP | POLLNVAL)
#define IGNORED_TIMES 8u
#define IGNORED_TICKS 8u
#define IGNORED_MS 100
#define IGNORED_THREADS_MS 1000 /* where there are some, which hand descriptors over */
#define SPIN_MS 1000
#define FORGET_MS 4000 /* who comes by now and then does so on purpose */
#define GONE_MS 10000
#define SWEEP_MS 250
#define SEEN 32u

/* The sampler: after each `period` waits, if there were epoll.spin of them a second, 64 are looked at. */
#define PERIOD_LEAST 1024u
#define PERIOD_MOST 65536u
#define SAMPLE_WAITS 64u
#define SAMPLE_FDS 16u

struct sample {
	int64_t since;
	unsigned period;
	unsigned left;  /* waits to look at; 0: none */
	unsigned count; /* what was in all of them */
	struct pollfd fd[SAMPLE_FDS];
};

_Thread_local unsigned fdg_poll_until_sample = PERIOD_LEAST;
static _Thread_local struct sample sample;
static _Atomic int64_t swept;

static struct fdg_told told_of(int fd)
{
	return (struct fdg_told){ FDG_POLL_SET, (uint64_t)fd, -1, fd };
}

/* Would we see what the program does about it? What libc reads inside a stream we would not, nor what another process takes that has it too. */
static bool is_seen(int fd, short told)
{
	bool stream = fd <= 2 || fdg_ledger_state(fd) & FDG_STREAM;

	if (told & POLLNVAL)
		return true;
	if (fd >= (int)FDG_WATCH_MAX || (told & POLLIN && stream))
		return false;
	return told & STAYS || (!stream && fdg_holders_is_alone(fd));
}

/* The kernel, asked now; and is it of a kind whose use we see? */
static bool still_says(const struct pollfd *told)
{
	struct pollfd p = { told->fd, told->events, 0 };
	fdg_kindword kind;

	if (fdg_sys_poll(&p, 1, 0) <= 0 || p.revents != told->revents)
		return false;
	return told->revents & POLLNVAL || (fdg_kind_ask(told->fd, &kind) == 0 && fdg_kindword_kind(kind) != FDG_KIND_EPOLL && fdg_kind_is_seen(kind));
}

static void judge_ignored(const struct fdg_polled *p, const struct pollfd *told, const struct fdg_suspect *s)
{
	int64_t patience = __libc_single_threaded ? IGNORED_MS : IGNORED_THREADS_MS;

	if (!(told->revents & STAYS) || s->deliveries < IGNORED_TIMES || s->ticks < IGNORED_TICKS || s->last - s->first < patience || s->tried & FDG_SAID_IGNORED)
		return;
	if (!(told->revents & POLLNVAL) && s->tried & (FDG_TRIED | FDG_TRIED_END | FDG_TRIED_ROOM | FDG_TRIED_GAVE))
		return; /* it is not ignored, and may be a spin */
	if (fdg_suspect_is_seldom(s, s->last - s->first))
		return;
	if (told->revents & POLLIN) /* which it asked for */
		return;
	if (!still_says(told) || fdg_suspect_is_over(s) || !fdg_suspect_mark(s, FDG_SAID_IGNORED))
		return;
	fdg_poll_say(&(struct fdg_poll_finding){ p, s, told->events, told->revents, 0, s->last - s->first, false });
}

/* Data beside an error or a hang-up may be taken where we do not see it. */
static bool is_left_unread(const struct pollfd *told, const struct fdg_suspect *s)
{
	int unread = fdg_epoll_unread(told->fd);

	if (s->tried & (FDG_TRIED_END | FDG_TRIED_ROOM))
		return true;
	return fdg_suspect_holds(s, unread) && (told->revents & POLLHUP || !unread || (fdg_holders_is_alone(told->fd) && !fdg_uring_is_used()));
}

static void judge_spin(const struct fdg_polled *p, const struct pollfd *told, const struct fdg_suspect *s)
{
	int64_t ms = s->last - s->first;
	uint64_t rate;
	bool fixed;

	if (ms < SPIN_MS || s->ticks < IGNORED_TICKS)
		return;
	rate = (uint64_t)s->deliveries * 1000 / (uint64_t)ms;
	if (rate < fdg_options.epoll_spin) {
		if (s->tried & FDG_SAID_IGNORED || !(told->revents & STAYS))
			fdg_suspect_restart(s, s->last);
		return;
	}
	fdg_suspect_restart(s, s->last);
	if (s->tried & FDG_TRIED_GAVE && told->revents & POLLOUT)
		return; /* it is busy sending */
	if (told->revents & STAYS && told->revents & POLLIN && !is_left_unread(told, s))
		return;
	if (!(told->revents & STAYS) && !(s->tried & (FDG_TRIED_END | FDG_TRIED_ROOM)) && fdg_uring_is_used())
		return;
	if (s->tried & FDG_SAID_SPIN || !still_says(told) || fdg_suspect_is_over(s) || !fdg_suspect_mark(s, FDG_SAID_SPIN))
		return;
	fixed = fdg_options.epoll == FDG_FIX && told->revents & POLLNVAL && p->n <= FDG_POLL_MOST && !fdg_turn_why_not() && fdg_poll_hide(told->fd);
	fdg_poll_say(&(struct fdg_poll_finding){ p, s, told->events, told->revents, rate, ms, fixed });
}

static void delivered(const struct fdg_polled *p, const struct pollfd *told, int64_t now)
{
	struct fdg_told t = told_of(told->fd);
	struct fdg_suspect s;

	if (!is_seen(told->fd, told->revents) || !fdg_suspect_delivered(&t, (uint16_t)told->revents, now, &s))
		return;
	if (s.last - s.first >= FORGET_MS) {
		fdg_suspect_restart(&s, now);
		return;
	}
	judge_ignored(p, told, &s);
	judge_spin(p, told, &s);
}

static bool is_suspect(int fd)
{
	struct fdg_told t = told_of(fd);
	struct fdg_suspect s;

	return fdg_watched(fd) & FDG_WATCH_ACT && fdg_suspect_look(&t, &s);
}

/*
 * The sampler
 */

static void sample_next(bool found)
{
	sample.period = found || !sample.period ? PERIOD_LEAST : sample.period < PERIOD_MOST ? sample.period * 2 : PERIOD_MOST;
	fdg_poll_until_sample = sample.period;
	sample.since = fdg_acts_clock();
	sample.left = 0;
}

/* `period` waits are over: is it worth looking? */
static void sample_begin(const struct fdg_polled *p)
{
	int64_t took = fdg_acts_clock() - sample.since;

	if (!sample.since || (uint64_t)took * fdg_options.epoll_spin > (uint64_t)sample.period * 1000) {
		sample_next(true);
		return;
	}
	sample.count = 0;
	for (uint64_t i = 0; i < p->n && sample.count < SAMPLE_FDS; i++)
		if (p->fds[i].revents && !(p->fds[i].revents & STAYS))
			sample.fd[sample.count++] = p->fds[i];
	sample.left = SAMPLE_WAITS;
	fdg_poll_until_sample = 1;
}

static bool tells_again(const struct fdg_polled *p, const struct pollfd *one)
{
	for (uint64_t i = 0; i < p->n; i++)
		if (p->fds[i].fd == one->fd && p->fds[i].revents == one->revents)
			return true;
	return false;
}

static void sample_go_on(const struct fdg_polled *p, int64_t now)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < sample.count; i++)
		if (tells_again(p, &sample.fd[i]))
			sample.fd[kept++] = sample.fd[i];
	sample.count = kept;
	fdg_poll_until_sample = 1;
	if (kept && --sample.left)
		return;
	for (unsigned i = 0; i < kept; i++)
		if (!is_suspect(sample.fd[i].fd))
			delivered(p, &sample.fd[i], now);
	sample_next(kept > 0);
}

/* What does not come any more: taken out of the array, say. */
static void sweep(int64_t now)
{
	int64_t seen = atomic_load_explicit(&swept, memory_order_relaxed);
	struct fdg_suspect s;
	unsigned at = 0;

	if (now - seen < SWEEP_MS || !atomic_compare_exchange_strong(&swept, &seen, now))
		return;
	while (fdg_suspect_next(&at, &s))
		if (s.told.set == FDG_POLL_SET && now - s.last > GONE_MS)
			fdg_suspect_end(&s);
}

/* A descriptor that is several times in the array was told of once. */
static bool is_first(int *seen, unsigned *count, int fd)
{
	for (unsigned i = 0; i < *count; i++)
		if (seen[i] == fd)
			return false;
	if (*count < SEEN)
		seen[(*count)++] = fd;
	return true;
}

void fdg_poll_look(const struct fdg_polled *p, bool due)
{
	int seen[SEEN];
	unsigned count = 0;
	int64_t now;

	if (fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory()) {
		fdg_poll_until_sample = PERIOD_MOST;
		return;
	}
	now = fdg_acts_clock();
	for (uint64_t i = 0; i < p->n; i++) {
		const struct pollfd *one = &p->fds[i];

		if (one->fd >= 0 && one->revents && (one->revents & STAYS || is_suspect(one->fd)) && is_first(seen, &count, one->fd))
			delivered(p, one, now);
	}
	sweep(now);
	if (sample.left)
		sample_go_on(p, now);
	else if (due)
		sample_begin(p);
}
