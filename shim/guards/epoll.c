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
 * ticks of the clock, and 100 ms without one (a second where there are threads, which hand descriptors over): epoll.ignored, if the kernel still says so of that very
 * descriptor. What comes once alone (EPOLLET, EPOLLONESHOT) has a second, in a program without threads.
 *
 * epoll=fix gives such a registration, from then on, what select's mapping says, of what it asked for: an error is something to read and to write, a hang-up something to
 * read. EPOLLERR and EPOLLHUP stay. What comes once is translated at once. Not where the program would be worse off: a call that blocks because the error is in the
 * error queue, a write that ends it by SIGPIPE.
 */
#include "guards/epoll.h"

#include <errno.h>
#include <sys/single_threaded.h>

#include "guards/epoll_say.h"
#include "guards/spin.h"
#include "guards/stale.h"
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
#define SWEEP_MS 250
#define FORGET_MS 10000

/* For `tried`: whose data was looked up, and is one registration's alone; which is not to be judged; that came once. */
#define COPIED_MS 1000 /* without an act, where it is no error and no hang-up */
enum { CHECKED = 1 << 8, LEFT = 1 << 9, ONCE = 1 << 10, COPIED = 1 << 11 /* the number is closed, and acts by another are waited for */ };

static _Atomic int64_t swept;

struct look {
	int epfd;
	uint64_t set;
	bool waited;
	int64_t now;
};

/*
 * Offenders: registrations that have an FDG_INTEREST_… state. A hash of what their events carry, so that other events are not looked up.
 */
#define OFFENDERS 64u
static _Atomic uint32_t offender[OFFENDERS];
static _Atomic bool any_may_be; /* two wanted one place */

static uint32_t tag_of(uint64_t set, uint64_t data)
{
	return (uint32_t)(((data ^ set << 7) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) | 1;
}

void fdg_epoll_offends(const struct fdg_registration *r, unsigned state)
{
	uint32_t tag = tag_of(r->set, r->data), seen = 0;

	fdg_interest_state(r, state, 0);
	if (!atomic_compare_exchange_strong(&offender[tag % OFFENDERS], &seen, tag) && seen != tag)
		atomic_store_explicit(&any_may_be, true, memory_order_relaxed);
}

static bool may_offend(uint64_t set, uint64_t data)
{
	uint32_t tag = tag_of(set, data);

	return atomic_load_explicit(&offender[tag % OFFENDERS], memory_order_relaxed) == tag || atomic_load_explicit(&any_may_be, memory_order_relaxed);
}

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

static void say_ignored(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows, int64_t now)
{
	struct fdg_epoll_claim c = { .s = s, .r = r, .shows = shows, .ms = now - s->first, .once = s->tried & ONCE };

	if (fdg_options.epoll == FDG_FIX) {
		c.given = fdg_epoll_translation(shows & STAYS, r);
		c.fixed = c.given && !c.once;
		fdg_epoll_offends(r, FDG_INTEREST_IGNORED);
	}
	if (!(r->state & FDG_INTEREST_SAID))
		fdg_epoll_say_ignored(&c);
	fdg_interest_state(r, FDG_INTEREST_SAID, 0);
}

/* The number is closed, or another descriptor's that carries the same data. True: nothing more is to be done about it now. */
bool fdg_epoll_is_stale(const struct fdg_suspect *s)
{
	int number = -1;

	if (s->tried & FDG_SAID_STALE)
		return false;
	switch (fdg_stale_found(s->told.epfd, s->told.data, s->events, s->told.fd, &number)) {
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
	if (s->tried & FDG_TRIED_GAVE && (now - s->first < PATIENCE_GIVING_MS || r->state & FDG_INTEREST_READS))
		return false;
	shows = fdg_epoll_ask(r->fd, r->events);
	if (fdg_suspect_is_over(s))
		return true;
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

/* What its events carry must be one registration's alone. */
static bool check(const struct look *l, const struct fdg_suspect *s, struct fdg_registration *ret)
{
	unsigned same = 0;

	if (s->tried & CHECKED)
		return fdg_interest_of(l->epfd, s->told.fd, ret) && ret->data == s->told.data;
	if (!fdg_interest_find(l->epfd, s->told.data, ret, &same)) {
		if (l->now - s->first >= PATIENCE_MS && !fdg_epoll_is_stale(s))
			fdg_suspect_mark(s, LEFT);
		return false;
	}
	if (same != 1 || ret->events & COMES_ONCE || is_hidden(ret->fd, s->events)) {
		fdg_suspect_mark(s, LEFT);
		return false;
	}
	if (s->told.fd != ret->fd) {
		fdg_suspect_resolve(s, ret->fd, l->now);
		return false;
	}
	fdg_suspect_mark(s, CHECKED);
	return true;
}

static void judge(const struct look *l, const struct fdg_suspect *s)
{
	int64_t ms = l->now - s->first;
	struct fdg_registration r;

	if (s->tried & LEFT || s->deliveries < TIMES || (s->told.fd >= 0 && (ms < patience() || s->ticks < TICKS)))
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

/* Comes once: what was not translated has a second. */
static void comes_once(const struct look *l, struct epoll_event *e, const struct fdg_registration *r)
{
	struct fdg_told t = { l->set, e->data.u64, l->epfd, r->fd };
	struct fdg_suspect s;

	if (e->events & WANTS || !(fdg_epoll_ask(r->fd, 0) & STAYS))
		return;
	if (fdg_options.epoll == FDG_FIX && fdg_epoll_translate(e, r))
		return;
	if (l->waited && fdg_suspect_delivered(&t, e->events, l->now, &s))
		fdg_suspect_mark(&s, ONCE);
}

static void trouble(const struct look *l, struct epoll_event *e)
{
	struct fdg_told t = { l->set, e->data.u64, l->epfd, -1 };
	struct fdg_registration r = { .fd = -1 };
	struct fdg_suspect s;

	if ((!(e->events & WANTS) || may_offend(l->set, t.data)) && fdg_interest_find(l->epfd, t.data, &r, NULL)) {
		t.fd = r.fd;
		if (r.events & COMES_ONCE) {
			comes_once(l, e, &r);
			return;
		}
	}
	if (l->waited && fdg_suspect_delivered(&t, e->events, l->now, &s)) {
		if (r.state && s.deliveries > 1 && !(s.tried & LEFT) && fdg_spin_cure_again(&s, &r))
			return;
		judge(l, &s);
	}
	if (r.state & FDG_INTEREST_IGNORED)
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

static uint64_t set_of(int epfd)
{
	uint64_t id = fdg_ledger_state(epfd) ? fdg_ledger_description(epfd) : 0;

	return id ? id : UINT64_C(1) << 63 | (unsigned)epfd;
}

static void sampled(int epfd, const struct epoll_event *e, int64_t now)
{
	struct fdg_told t = { set_of(epfd), e->data.u64, epfd, -1 };
	struct fdg_registration r;
	struct fdg_suspect s;

	if (fdg_suspect_look(&t, &s))
		return;
	if (fdg_interest_find(epfd, t.data, &r, NULL)) {
		if (r.events & COMES_ONCE)
			return;
		t.fd = r.fd;
	}
	fdg_suspect_delivered(&t, e->events, now, &s);
}

void fdg_epoll_look(int epfd, struct epoll_event *e, int n, bool waited)
{
	struct look l = { .epfd = epfd, .waited = waited };
	bool due = waited && fdg_epoll_turns == fdg_epoll_next;

	if (fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory()) {
		fdg_epoll_next = fdg_epoll_turns - 1;
		return;
	}
	l.set = set_of(epfd);
	l.now = fdg_acts_clock();
	for (int i = 0; i < n; i++) {
		if (e[i].events & STAYS)
			trouble(&l, &e[i]);
		else if (atomic_load_explicit(&fdg_suspects_plain, memory_order_relaxed))
			plain(&l, &e[i]);
	}
	if (due)
		fdg_epoll_sample(epfd, e, n, l.now, sampled);
	if (waited && fdg_suspects_any())
		sweep(&l);
}

/* Whoever waits on an epoll that is itself in a list does something about it. */
void fdg_epoll_nested(int epfd, int n)
{
	if (fdg_phase_now() == FDG_ACTIVE)
		fdg_act(epfd, "epoll_wait", n > 0 ? n : -1, n > 0 ? 0 : EAGAIN, FDG_DEED_ANY);
}
