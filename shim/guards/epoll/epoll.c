// SPDX-License-Identifier: MIT
/*
 * Guard epoll, first part: epoll.ignored.
 *
 * The bug. The kernel adds EPOLLERR and EPOLLHUP to every registration, asked for or not:
 *
 *     if (ev.events & EPOLLIN)
 *             read_from(c);
 *     if (ev.events & EPOLLOUT)
 *             write_to(c);                    // EPOLLERR alone: neither
 *
 * Nobody takes the error, and the next epoll_wait returns it again, for ever; or, with EPOLLET, never again, and the connection is forgotten.
 *
 * Right: if (ev.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) read_from(c), which gets the error, and closes.
 *
 * What we do. Such an event makes its registration a suspect (acts.h) until the program makes a call on the descriptor that changes something. Eight deliveries, in as many
 * ticks of the clock, and 100 ms without one (a second where there are threads, which hand descriptors over; two where it comes less than 100 times a second): epoll.ignored, if the kernel still says so of that very
 * descriptor. What comes once alone (EPOLLET, EPOLLONESHOT) has a second, in a program without threads.
 *
 * epoll=fix gives such a registration, from then on, what select's mapping says, of what it asked for: an error is something to read and to write, a hang-up something to
 * read. EPOLLERR and EPOLLHUP stay. What comes once is translated at once, but for a hang-up of what others may open again, or that is not connected yet. Not where the
 * program would be worse off: a call that blocks because the error is in the error queue, a write that ends it by SIGPIPE.
 */
#include "guards/epoll/epoll.h"

#include <errno.h>
#include <sys/single_threaded.h>

#include "guards/epoll/epoll_say.h"
#include "guards/epoll/spin.h"
#include "guards/epoll/stale.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define STAYS (EPOLLERR | EPOLLHUP)
#define WANTS FDG_EPOLL_WANTS
#define COMES_ONCE (EPOLLET | EPOLLONESHOT)

#define TIMES 8u
#define TICKS 8u
#define PATIENCE_MS 100
#define PATIENCE_THREADS_MS 1000
#define PATIENCE_GIVING_MS 1000 /* something is sent meanwhile */
#define ONCE_MS 1000
#define HEEDS 64u /* deliveries of what is translated, without an act: from then on one in so many is, since it costs calls */
#define SWEEP_MS 250
#define FORGET_MS 10000

#define COPIED_MS 1000 /* without an act, where it is no error and no hang-up */

/* For `tried`. */
enum {
	CHECKED = 1 << 8, /* its data was looked up, and is one registration's alone */
	LEFT = 1 << 9,    /* not to be judged */
	ONCE = 1 << 10,   /* it came once */
	COPIED = 1 << 11, /* the number is closed, and acts by another are waited for */
	UNSURE = 1 << 12, /* several carry its data */
};

static _Atomic int64_t swept;

struct look {
	int epfd;
	uint64_t set;
	bool waited;
	int64_t now;
};

/*
 * Judgement
 */

static int64_t patience(void)
{
	return __libc_single_threaded ? PATIENCE_MS : PATIENCE_THREADS_MS;
}

/* Of a stream of libc nobody sees the reads. */
static bool is_hidden(int fd, uint32_t events)
{
	return events & EPOLLIN && (fd <= 2 || fdg_ledger_state(fd) & FDG_STREAM);
}

/* Nothing is translated before it is told: what the program does with the first such event may be its last act. */
static void say_ignored(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows, int64_t now)
{
	struct fdg_epoll_claim c = { .s = s, .r = r, .shows = shows, .ms = now - s->first, .once = s->tried & ONCE };

	if (fdg_options.epoll == FDG_FIX) {
		c.given = fdg_epoll_translation(shows & STAYS, r);
		c.fixed = c.given && !c.once;
	}
	if (!(r->state & FDG_INTEREST_SAID))
		fdg_epoll_say_ignored(&c);
	if (fdg_options.epoll == FDG_FIX)
		fdg_epoll_offends(r, FDG_INTEREST_IGNORED);
	fdg_interest_state(r, FDG_INTEREST_SAID, 0);
}

/* The number is closed, or another descriptor's that carries the same data. True: nothing more is to be done about it now. */
bool fdg_epoll_is_stale(const struct fdg_suspect *s)
{
	struct fdg_firing f = { s->events, s->deliveries, fdg_acts_clock() - s->first };
	int number = -1;

	if (s->tried & FDG_SAID_STALE)
		return false;
	switch (fdg_stale_found(s->told.epfd, s->told.data, &f, s->told.fd, &number)) {
	case FDG_STALE_UNKNOWN:
		fdg_suspect_restart(s, fdg_acts_clock());
		return true;
	case FDG_STALE_WATCH:
		fdg_suspect_mark(s, is_hidden(number, s->events) ? LEFT : COPIED);
		fdg_suspect_resolve(s, number, fdg_acts_clock());
		return true;
	case FDG_STALE_CURED:
		fdg_suspect_end(s);
		return true;
	default:
		fdg_suspect_mark(s, FDG_SAID_STALE);
		return false;
	}
}

/* True where nothing more is to be done about it now. */
static bool judge_ignored(const struct fdg_suspect *s, const struct fdg_registration *r, int64_t now)
{
	uint32_t shows;

	if (s->tried & (FDG_SAID_IGNORED | FDG_TRIED | FDG_TRIED_END | FDG_TRIED_ROOM))
		return false;
	if (fdg_suspect_is_seldom(s, now - s->first))
		return false;
	if (s->tried & FDG_TRIED_GAVE && (now - s->first < PATIENCE_GIVING_MS || r->state & FDG_INTEREST_READS))
		return false;
	shows = fdg_epoll_ask(r->fd, r->events);
	if (fdg_suspect_is_over(s))
		return true;
	if (shows & STAYS && (shows & (EPOLLIN | EPOLLOUT) || fdg_epoll_is_fresh(r->fd))) { /* which it asked for: nothing is passed over; nothing is there yet */
		fdg_suspect_mark(s, FDG_SAID_IGNORED);
		return false;
	}
	if (!(s->tried & FDG_TRIED_GAVE)) /* what is translated has its chance before it counts as a spin */
		fdg_suspect_restart(s, now);
	if (!fdg_suspect_mark(s, FDG_SAID_IGNORED))
		return true;
	if (!(shows & STAYS)) {
		fdg_epoll_is_stale(s);
		return true;
	}
	say_ignored(s, r, shows, now);
	return true;
}

/* Several carry it: is it told which it is? */
static bool tells_which(const struct look *l, const struct fdg_suspect *s, unsigned same, struct fdg_registration *ret)
{
	if (same < FDG_INTEREST_SAME && fdg_epoll_which(l->epfd, s->told.data, s->events, ret))
		return true;
	fdg_suspect_mark(s, UNSURE);
	fdg_suspect_restart(s, l->now);
	return false;
}

/* It must be known of which registration its events come. */
static bool check(const struct look *l, const struct fdg_suspect *s, struct fdg_registration *ret)
{
	unsigned same = 0;

	if (s->tried & CHECKED)
		return fdg_interest_of(l->epfd, s->told.fd, ret) && ret->data == s->told.data;
	if (!fdg_interest_look(l->epfd, s->told.data, ret, &same) && !same) {
		if (l->now - s->first >= PATIENCE_MS && !fdg_epoll_is_stale(s))
			fdg_suspect_mark(s, LEFT);
		return false;
	}
	if (same > 1 && !tells_which(l, s, same, ret))
		return false;
	if (ret->events & COMES_ONCE || is_hidden(ret->fd, s->events)) {
		fdg_suspect_mark(s, LEFT);
		return false;
	}
	if (s->told.fd != ret->fd) {
		fdg_suspect_resolve(s, ret->fd, l->now);
		return false;
	}
	if (same > 1 && !fdg_epoll_is_all(l->epfd, s->told.data, same)) {
		fdg_suspect_mark(s, LEFT);
		return false;
	}
	fdg_suspect_mark(s, CHECKED);
	return true;
}

static void judge(const struct look *l, const struct fdg_suspect *s)
{
	int64_t ms = l->now - s->first;
	struct fdg_registration r;

	if (s->tried & LEFT || s->deliveries < TIMES)
		return;
	if ((s->told.fd >= 0 || s->tried & UNSURE) && (ms < patience() || s->ticks < TICKS))
		return;
	if (s->tried & COPIED) {
		if (s->events & STAYS || ms >= COPIED_MS)
			fdg_epoll_is_stale(s);
		return;
	}
	if (!check(l, s, &r))
		return;
	if (s->events & STAYS && judge_ignored(s, &r, l->now))
		return;
	fdg_spin_judge(s, &r, l->now);
}

/* An error in a queue is not to be had by a read. */
static bool is_to_be_read(const struct epoll_event *e, int fd)
{
	return !(e->events & EPOLLERR && fdg_epoll_is_queued(fd));
}

/* Comes once: what was not translated has a second. */
static void comes_once(const struct look *l, struct epoll_event *e, const struct fdg_registration *r)
{
	struct fdg_told t = { l->set, e->data.u64, l->epfd, r->fd };
	struct fdg_suspect s;

	if (r->state & FDG_INTEREST_READS || !(fdg_epoll_ask(r->fd, 0) & STAYS) || fdg_epoll_may_return(r->fd, e->events))
		return;
	if (fdg_options.epoll == FDG_FIX && is_to_be_read(e, r->fd) && fdg_epoll_translate(e, r))
		return;
	if (l->waited && fdg_suspect_delivered(&t, e->events, l->now, &s))
		fdg_suspect_mark(&s, ONCE);
}

/* Of an offender: of which registration it comes. */
static bool guess(const struct look *l, const struct fdg_told *t, struct fdg_registration *ret)
{
	struct fdg_suspect s;
	unsigned same;

	if (fdg_suspect_look(t, &s) && s.told.fd >= 0 && fdg_interest_of(l->epfd, s.told.fd, ret) && ret->data == t->data)
		return true;
	if (!fdg_interest_look(l->epfd, t->data, ret, &same))
		return false;
	return same == 1 || (fdg_interest_look(l->epfd, t->data, ret, NULL) && fdg_epoll_ask(ret->fd, 0) & STAYS);
}

static bool is_once(const struct look *l, uint64_t data, struct fdg_registration *ret)
{
	unsigned same;

	return atomic_load_explicit(&fdg_interest_once, memory_order_relaxed) && fdg_interest_look(l->epfd, data, ret, &same) && same == 1 && ret->events & COMES_ONCE;
}

/* It came again: from now on acts are noticed. */
static void name(const struct look *l, const struct fdg_suspect *s)
{
	struct fdg_registration r;
	unsigned same;

	if (fdg_interest_look(l->epfd, s->told.data, &r, &same) && same == 1 && !(r.events & COMES_ONCE))
		fdg_suspect_resolve(s, r.fd, l->now);
}

/* Most are handled at once, and are none of ours: nothing is looked up but what comes once, and offenders. */
static void trouble(const struct look *l, struct epoll_event *e)
{
	struct fdg_told t = { l->set, e->data.u64, l->epfd, -1 };
	struct fdg_registration r = { .fd = -1 };
	struct fdg_suspect s;
	bool is_heeded = !l->waited;

	if (!(e->events & WANTS) && is_once(l, t.data, &r)) {
		comes_once(l, e, &r);
		return;
	}
	if (!fdg_epoll_may_offend(l->set, t.data) || !guess(l, &t, &r))
		r = (struct fdg_registration){ .fd = -1 };
	if (r.events & COMES_ONCE)
		return;
	t.fd = r.fd;
	if (l->waited && fdg_suspect_delivered(&t, e->events, l->now, &s)) {
		is_heeded = s.deliveries < HEEDS || s.deliveries % HEEDS == 0;
		if (s.told.fd < 0 && s.deliveries == 2)
			name(l, &s);
		else
			judge(l, &s);
	}
	if (r.state & FDG_INTEREST_IGNORED && is_heeded)
		fdg_epoll_translate(e, &r);
}

static void plain(const struct look *l, const struct epoll_event *e)
{
	struct fdg_told t = { l->set, e->data.u64, l->epfd, -1 };
	struct fdg_suspect s;

	if (l->waited && fdg_suspect_look(&t, &s) && fdg_suspect_delivered(&t, e->events, l->now, &s))
		judge(l, &s);
}

/* What comes once, and a second later nothing was done about; what does not come any more. */
static void sweep(const struct look *l)
{
	int64_t seen = atomic_load_explicit(&swept, memory_order_relaxed);
	struct fdg_registration r;
	struct fdg_suspect s;
	uint32_t shows;
	unsigned at = 0;

	if (l->now - seen < SWEEP_MS || !atomic_compare_exchange_strong(&swept, &seen, l->now))
		return;
	while (fdg_suspect_next(&at, &s)) {
		if (s.told.set == FDG_POLL_SET || l->now - s.last < (s.tried & ONCE ? ONCE_MS : FORGET_MS))
			continue;
		if (s.tried & ONCE && __libc_single_threaded && fdg_interest_of(s.told.epfd, s.told.fd, &r) && r.data == s.told.data) {
			shows = fdg_epoll_ask(r.fd, r.events);
			if (shows & STAYS && !fdg_suspect_is_over(&s))
				say_ignored(&s, &r, shows, l->now);
		}
		fdg_suspect_end(&s);
	}
}

static void sampled(int epfd, const struct epoll_event *e, int64_t now)
{
	struct fdg_told t = { fdg_interest_set(epfd), e->data.u64, epfd, -1 };
	struct fdg_registration r;
	struct fdg_suspect s;

	if (fdg_suspect_look(&t, &s))
		return;
	if (fdg_interest_look(epfd, t.data, &r, NULL)) {
		if (r.events & COMES_ONCE)
			return;
		t.fd = r.fd;
	}
	fdg_suspect_delivered(&t, e->events, now, &s);
}

/* Whoever waits on the list that has this one looks into it without waiting. */
static bool is_nested(int epfd)
{
	return fdg_ledger_state(epfd) & FDG_POLLED;
}

void fdg_epoll_look(int epfd, struct epoll_event *e, int n, bool waited)
{
	struct look l = { .epfd = epfd, .waited = waited || is_nested(epfd) };
	bool due = waited && fdg_epoll_turns == fdg_epoll_next;

	if (fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory()) {
		fdg_epoll_next = fdg_epoll_turns - 1;
		return;
	}
	l.set = fdg_interest_set(epfd);
	l.now = fdg_acts_clock();
	for (int i = 0; i < n; i++) {
		if (e[i].events & STAYS)
			trouble(&l, &e[i]);
		else if (atomic_load_explicit(&fdg_suspects_plain, memory_order_relaxed))
			plain(&l, &e[i]);
	}
	if (due)
		fdg_epoll_sample(epfd, e, n, l.now, sampled);
	if (l.waited && fdg_suspects_any())
		sweep(&l);
}

/* Whoever waits on an epoll that is itself in a list does something about it. */
void fdg_epoll_nested(int epfd, int n)
{
	if (fdg_phase_now() == FDG_ACTIVE)
		fdg_act(epfd, "epoll_wait", n > 0 ? n : -1, n > 0 ? 0 : EAGAIN, FDG_DEED_ANY);
}
