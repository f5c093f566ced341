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
 * epoll=fix lets an error or a hang-up that nobody looks at rest, and what the program tried to take and could not (EMFILE, the end of a stream): it gets EPOLLET, is told of
 * ten times a second, and has its mask back at the program's next call that changes something (cures.c, rests.c). So a program that comes back to it has missed nothing, and
 * one that reads a part and waits for the rest is told of it. An error queue is left to the program, which may read it by the clock. Of a descriptor on which the program was never seen to do anything, that it does nothing is too little to go by: data that nobody
 * reads and room that nobody needs is reported.
 */
#include "guards/spin.h"

#include <linux/if_packet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "guards/epoll.h"
#include "guards/epoll_say.h"
#include "guards/fdinfo.h"
#include "guards/holders.h"
#include "guards/rests.h"
#include "guards/uring.h"
#include "options/options.h"

#include "base/poison.h"

#define SPIN_MS 1000
#define SPIN_TICKS 8u
#define SPIN_GIVING_MS 2000 /* of one on which the program only sends */
#define FORGIVEN_MS 10000
#define READS_APART 10 /* times as long as one took */
#define STAYS (EPOLLERR | EPOLLHUP)

/* Would we see what the program does with it? */
static bool is_seen(fdg_kindword kind)
{
	int domain = kind >> 8 & 0xff;

	switch (fdg_kindword_kind(kind)) {
	case FDG_KIND_SOCKET:
		return domain != AF_PACKET && domain != AF_XDP && domain != AF_NETLINK;
	case FDG_KIND_PIPE:
	case FDG_KIND_EVENT:
	case FDG_KIND_TIMER:
	case FDG_KIND_SIGNAL:
	case FDG_KIND_INOTIFY:
	case FDG_KIND_TTY:
	case FDG_KIND_EPOLL:
		return true;
	default:
		return false;
	}
}

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
	return fdg_kind_ask(r->fd, &kind) == 0 && is_seen(kind) && !fdg_uring_is_used();
}

/*
 * Cures
 */

static bool is_own_level(const struct fdg_registration *r, const char **ret_why)
{
	if (r->events & EPOLLEXCLUSIVE)
		*ret_why = "a registration with EPOLLEXCLUSIVE cannot be changed";
	else if (fdg_watched(fdg_interest_epoll(r)) & FDG_WATCH_OUTSIDE)
		*ret_why = "poll or select waits on its epoll";
	else if (r->owner != fdg_sys_getpid())
		*ret_why = "another process made the registration";
	else
		return true;
	return false;
}

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

static void let_rest(const struct fdg_registration *r, struct fdg_remedy *c)
{
	if (!is_as_told(r)) {
		c->why_not = "the kernel has other events or data for it than were seen being registered";
		return;
	}
	fdg_epoll_offends(r, FDG_INTEREST_REARMS);
	if (fdg_cure_rearm(r))
		c->rests = true;
	else
		c->why_not = "the kernel refused to change the registration, or too many are at rest";
}

static void cure(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows, struct fdg_remedy *c)
{
	*c = (struct fdg_remedy){ .rests = false };
	if (!(shows & STAYS) && !(s->tried & (FDG_TRIED_ROOM | FDG_TRIED_END))) {
		c->why_not = shows & EPOLLIN ? "when to read is for the program to know" : "when there is something to write is for the program to know";
	} else if (is_own_level(r, &c->why_not)) {
		let_rest(r, c);
	}
}

bool fdg_spin_cure_again(const struct fdg_suspect *s, const struct fdg_registration *r)
{
	if (fdg_options.epoll != FDG_FIX || s->told.fd != r->fd)
		return false;
	if (r->state & FDG_INTEREST_REARMED) /* it is told of now and then */
		return false;
	if (r->state & FDG_INTEREST_REARMS && !fdg_rests_are_held() && !(fdg_watched(fdg_interest_epoll(r)) & FDG_WATCH_OUTSIDE) && fdg_epoll_ask(r->fd, 0) & STAYS && fdg_cure_rearm(r)) {
		fdg_suspect_end(s);
		return true;
	}
	return false;
}

void fdg_spin_wakes(const struct fdg_registration *r)
{
	fdg_interest_state(r, 0, FDG_INTEREST_REARMS);
	fdg_cure_restore(r);
}

void fdg_spin_reads_queue(int fd)
{
	struct fdg_registration r;
	unsigned at = 0;

	while (fdg_interest_next(fd, &at, &r))
		if (!(r.state & FDG_INTEREST_READS))
			fdg_interest_state(&r, FDG_INTEREST_READS, 0);
}

bool fdg_spin_acted(int fd, uint32_t tried)
{
	struct fdg_registration r;
	unsigned at = 0;
	bool waits = false;

	while (fdg_interest_next(fd, &at, &r)) {
		if (!(r.state & FDG_INTEREST_REARMED) || r.generation != fdg_ledger_generation(fd))
			continue;
		if (tried)
			waits = true;
		else if (r.owner == fdg_sys_getpid())
			fdg_cure_restore(&r);
	}
	return waits;
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
	struct fdg_remedy how;

	if (now < atomic_load_explicit(&reads_next, memory_order_relaxed))
		return;
	if (c.ms < (s->tried & FDG_TRIED_GAVE ? SPIN_GIVING_MS : SPIN_MS) || s->ticks < SPIN_TICKS || !is_fast(s, now, &c.rate) || s->tried & FDG_SAID_SPIN)
		return;
	c.shows = fdg_epoll_ask(r->fd, r->events);
	if ((!(s->tried & FDG_TRIED_ROOM) && fdg_epoll_is_stale(s)) || !(c.shows & s->events)) /* without a descriptor the list cannot be read */
		return;
	if (!is_certain(s, r, c.shows) || !fdg_suspect_mark(s, FDG_SAID_SPIN))
		return;
	if (fdg_options.epoll == FDG_FIX) {
		cure(s, r, c.shows, &how);
		c.cure = &how;
		c.fixed = how.rests;
	}
	fdg_epoll_say_spin(&c);
	if (c.fixed)
		fdg_suspect_end(s);
}
