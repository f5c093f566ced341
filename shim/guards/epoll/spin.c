// SPDX-License-Identifier: MIT
/*
 * Guard epoll, second part: epoll.spin.
 *
 * The bug. What a level-triggered registration tells, and nobody does anything about, is told again at once:
 *
 *     ev.events = 0;                          // pause reading
 *     epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &ev);
 *     …                                       // the peer resets: EPOLLERR|EPOLLHUP, a million times a second
 *
 * Others: an error queue that nobody reads; EPOLLOUT with nothing to write; a listener when accept fails with EMFILE; a read that returned 0, and no close.
 *
 * Right: EPOLL_CTL_DEL to pause; recvmsg(MSG_ERRQUEUE); EPOLLOUT only while there is something to write.
 *
 * What we do. epoll.spin deliveries a second, for a second, without a call of the program that changed anything, of a descriptor on which we would have seen it: epoll.spin.
 * epoll=fix slows the waits that tell of nothing but errors and hang-ups, for which nobody asked (slow.c): ten a second in the end, until the program's next call that changes
 * something. So a program that comes back to it has missed nothing. Nothing is taken from it, not an error queue either, which it may read by the clock. What a program
 * asked for, data and room, also beside an error, is left as it is: it may live by those wake-ups. So may a loop that does something in each of its turns, or that sends.
 */
#include "guards/epoll/spin.h"

#include <sys/epoll.h>

#include "base/sys.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/epoll_say.h"
#include "guards/epoll/events.h"
#include "guards/epoll/fdinfo.h"
#include "guards/epoll/slow.h"
#include "guards/epoll/turns.h"
#include "guards/holders.h"
#include "guards/uring.h"
#include "options/options.h"

#include "base/poison.h"

#define SPIN_MS 1000
#define SPIN_TICKS 8u
#define SPIN_GIVING_MS 2000 /* of one on which the program only sends */
#define FORGIVEN_MS 10000
#define READS_APART 10 /* times as long as one took */
#define STAYS (EPOLLERR | EPOLLHUP)

/* Data that is there beside an error or a hang-up may be taken where we do not see it. With the end told nobody puts any more there. */
static bool is_left_unread(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows)
{
	int unread = fdg_epoll_unread(r->fd);

	return fdg_suspect_holds(s, unread) && (shows & EPOLLHUP || !unread || (fdg_holders_is_alone(r->fd) && !fdg_uring_is_used()));
}

/*
 * Of what comes and goes, that it came and did not go is known only where nobody but this process can have made it go. The program's own failures are evidence enough.
 */
static bool is_certain(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows)
{
	fdg_kindword kind;
	int epfd = fdg_interest_epoll(r);

	if (s->tried & (FDG_TRIED_ROOM | FDG_TRIED_END))
		return true;
	if (shows & STAYS)
		return !(shows & EPOLLIN) || is_left_unread(s, r, shows);
	if (r->fd <= 2 || fdg_ledger_state(r->fd) & FDG_STREAM || !fdg_holders_is_alone(r->fd) || epfd < 0 || !fdg_holders_is_alone(epfd))
		return false;
	return fdg_kind_ask(r->fd, &kind) == 0 && fdg_kind_is_seen(kind) && !fdg_uring_is_used();
}

/*
 * The cure
 */

/* A long list takes milliseconds to read, and many may spin at once. */
static _Atomic int64_t reads_next;

struct as_told {
	const struct fdg_registration *r;
	bool differs;
};

static bool compare(void *cookie, const struct fdg_fdinfo *line)
{
	struct as_told *a = cookie;
	uint32_t other = (line->events ^ a->r->events) & ~(uint32_t)(STAYS | EPOLLWAKEUP);

	if (line->fd == a->r->fd && (line->data != a->r->data || other))
		a->differs = true;
	return !a->differs;
}

/* Somebody may have changed it where we do not see it: by io_uring. Without a descriptor to read the list it is taken for what we saw. */
static bool is_as_told(const struct fdg_registration *r)
{
	struct as_told a = { r, false };
	int64_t begun = fdg_acts_clock(), ended;

	fdg_fdinfo_each(fdg_interest_epoll(r), compare, &a);
	ended = fdg_acts_clock();
	if (ended > begun)
		atomic_store_explicit(&reads_next, ended + (ended - begun) * READS_APART, memory_order_relaxed);
	return !a.differs;
}

static bool is_alone_with_its_data(const struct fdg_registration *r)
{
	struct fdg_registration other;
	unsigned same;

	return fdg_interest_look(r->epfd, r->data, &other, &same) && same == 1 && other.fd == r->fd;
}

/* NULL: its waits are slowed from now on. Else why not. */
static const char *slow_down(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows, int64_t now)
{
	const char *why_not = fdg_turn_why_not();

	if ((shows | s->events) & r->events & ~(uint32_t)STAYS)
		return "the program asked for this event, and may do work of its own each time";
	if (s->tried & FDG_TRIED_GAVE)
		return "the program sends on it, and may wait for no more than that";
	if (why_not)
		return why_not;
	if (!is_alone_with_its_data(r))
		return "others that are registered carry the same data";
	if (fdg_suspects_are_full(now))
		return "more descriptors than can be followed spin at once";
	if (fdg_ledger_state(fdg_interest_epoll(r)) & FDG_POLLED)
		return "its epoll is in another one, and that is what the program waits on";
	if (!is_as_told(r))
		return "the kernel has other events or data for it than were seen being registered";
	return fdg_slow_begin(s) ? NULL : "the program did something about it just now";
}

void fdg_spin_reads_queue(int fd)
{
	struct fdg_registration r;
	unsigned at = 0;

	while (fdg_interest_next(fd, &at, &r))
		if (!(r.state & FDG_INTEREST_READS))
			fdg_interest_state(&r, FDG_INTEREST_READS, 0);
}

/*
 * Proof
 */

/* True where there were enough in the second or more that is over; a new one begins. */
static bool is_fast(const struct fdg_suspect *s, int64_t now, uint64_t *ret_rate)
{
	int64_t ms = now - s->first;

	*ret_rate = (uint64_t)s->deliveries * 1000 / (uint64_t)ms;
	if (*ret_rate >= fdg_options.epoll_spin) {
		fdg_suspect_restart(s, now);
		return true;
	}
	if (!(s->events & STAYS))
		fdg_suspect_end(s);
	else if (ms >= FORGIVEN_MS)
		fdg_suspect_restart(s, now);
	return false;
}

void fdg_spin_judge(const struct fdg_suspect *s, const struct fdg_registration *r, int64_t now)
{
	struct fdg_epoll_claim c = { .s = s, .r = r, .ms = now - s->first };

	if (fdg_slow_is(s) || now < atomic_load_explicit(&reads_next, memory_order_relaxed))
		return;
	if (c.ms < (s->tried & FDG_TRIED_GAVE ? SPIN_GIVING_MS : SPIN_MS) || s->ticks < SPIN_TICKS || !is_fast(s, now, &c.rate) || s->tried & FDG_SAID_SPIN)
		return;
	c.shows = fdg_epoll_ask(r->fd, r->events);
	if ((!(s->tried & FDG_TRIED_ROOM) && fdg_epoll_is_stale(s)) || !(c.shows & s->events)) /* without a descriptor the list cannot be read */
		return;
	if (s->tried & FDG_TRIED_GAVE && c.shows & r->events & EPOLLOUT) { /* that is what it is for, if it goes on */
		fdg_suspect_end(s);
		return;
	}
	if (!is_certain(s, r, c.shows) || !fdg_suspect_mark(s, FDG_SAID_SPIN))
		return;
	if (fdg_options.epoll == FDG_FIX) {
		c.why_not = slow_down(s, r, c.shows, now);
		c.fixed = !c.why_not;
	}
	fdg_epoll_say_spin(&c);
}
