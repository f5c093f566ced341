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
 * one that reads a part and waits for the rest is told of it. An error queue that was not read in half a minute, or that takes half of the memory for what is received, is
 * emptied, and its contents are told. Of a descriptor on which the program was never seen to do anything, that it does nothing is too little to go by: data that nobody
 * reads and room that nobody needs is reported.
 */
#include "guards/spin.h"

#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "guards/epoll.h"
#include "guards/epoll_say.h"
#include "guards/holders.h"
#include "options/options.h"

#include "base/poison.h"

#define SPIN_MS 1000
#define SPIN_TICKS 8u
#define SPIN_GIVING_MS 2000 /* of one on which the program only sends */
#define FORGIVEN_MS 10000
#define QUEUE_MS 30000
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

/*
 * Of what comes and goes, that it came and did not go is known only where nobody but this process can have made it go. The program's own failures are evidence enough.
 */
static bool is_certain(const struct fdg_suspect *s, const struct fdg_registration *r)
{
	fdg_kindword kind;
	int epfd = fdg_interest_epoll(r);

	if (s->events & STAYS)
		return true;
	if (s->tried & (FDG_TRIED_ROOM | FDG_TRIED_END))
		return true;
	if (r->fd <= 2 || fdg_ledger_state(r->fd) & FDG_STREAM || !fdg_holders_is_alone(r->fd) || epfd < 0 || !fdg_holders_is_alone(epfd))
		return false;
	return fdg_kind_ask(r->fd, &kind) == 0 && is_seen(kind);
}

/*
 * Cures
 */

static bool is_own_level(const struct fdg_registration *r, const char **ret_why)
{
	if (r->events & EPOLLEXCLUSIVE)
		*ret_why = "a registration with EPOLLEXCLUSIVE cannot be changed";
	else if (r->owner != fdg_sys_getpid())
		*ret_why = "another process made the registration";
	else
		return true;
	return false;
}

/* Half of the memory for what is received is taken by the error queue. */
static bool is_pressing(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	unsigned len = sizeof(memory);

	return fdg_epoll_is_queued(fd) && fdg_sys_getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0 &&
	       memory[SK_MEMINFO_RMEM_ALLOC] > memory[SK_MEMINFO_RCVBUF] / 2;
}

/* Not what the program reads, now and then. */
static bool drain(const struct fdg_registration *r, struct fdg_drained *ret)
{
	return !(r->state & FDG_INTEREST_READS) && fdg_cure_drain(r->fd, ret) && !(fdg_epoll_ask(r->fd, 0) & STAYS);
}

static void let_rest(const struct fdg_registration *r, struct fdg_remedy *c)
{
	fdg_epoll_offends(r, FDG_INTEREST_REARMS);
	if (fdg_cure_rearm(r))
		c->by = FDG_CURED_BY_REST;
	else
		c->why_not = "the kernel refused to change the registration, or too many are at rest";
}

static void cure(const struct fdg_suspect *s, const struct fdg_registration *r, uint32_t shows, struct fdg_remedy *c)
{
	*c = (struct fdg_remedy){ .by = FDG_CURED_BY_NOTHING };
	if (shows & EPOLLERR && is_pressing(r->fd) && drain(r, &c->drained)) {
		c->by = FDG_CURED_BY_DRAIN;
		fdg_epoll_offends(r, FDG_INTEREST_DRAINS);
	} else if (!(shows & STAYS) && !(s->tried & (FDG_TRIED_ROOM | FDG_TRIED_END))) {
		c->why_not = shows & EPOLLIN ? "when to read is for the program to know" : "when there is something to write is for the program to know";
	} else if (is_own_level(r, &c->why_not)) {
		let_rest(r, c);
	}
}

bool fdg_spin_cure_again(const struct fdg_suspect *s, const struct fdg_registration *r)
{
	struct fdg_drained d;

	if (fdg_options.epoll != FDG_FIX || s->told.fd != r->fd)
		return false;
	if (r->state & FDG_INTEREST_DRAINS && drain(r, &d)) {
		fdg_suspect_end(s);
		return true;
	}
	if (r->state & FDG_INTEREST_REARMED) /* it is told of now and then */
		return false;
	if (r->state & FDG_INTEREST_REARMS && fdg_epoll_ask(r->fd, 0) & STAYS && fdg_cure_rearm(r)) {
		fdg_suspect_end(s);
		return true;
	}
	return false;
}

/* A program may read its error queue by the clock. But who has not for so long never will, and the memory is needed for data. */
bool fdg_spin_rests(const struct fdg_registration *r, int64_t ms)
{
	struct fdg_suspect s = { .told = { r->set, r->data, r->epfd, r->fd }, .events = EPOLLERR };
	struct fdg_remedy how = { .by = FDG_CURED_BY_DRAIN };
	struct fdg_epoll_claim c = { .s = &s, .r = r, .shows = EPOLLERR, .ms = ms, .fixed = true, .cure = &how };

	if (!(fdg_epoll_ask(r->fd, 0) & EPOLLERR) || !(is_pressing(r->fd) || (ms >= QUEUE_MS && fdg_epoll_is_queued(r->fd))) || !drain(r, &how.drained))
		return false;
	fdg_epoll_offends(r, FDG_INTEREST_DRAINS);
	fdg_cure_restore(r);
	fdg_epoll_say_spin(&c);
	return true;
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

	if (c.ms < (s->tried & FDG_TRIED_GAVE ? SPIN_GIVING_MS : SPIN_MS) || s->ticks < SPIN_TICKS || !is_fast(s, now, &c.rate) || s->tried & FDG_SAID_SPIN)
		return;
	c.shows = fdg_epoll_ask(r->fd, r->events);
	if ((!(s->tried & FDG_TRIED_ROOM) && fdg_epoll_is_stale(s)) || !(c.shows & s->events)) /* without a descriptor the list cannot be read */
		return;
	if (!is_certain(s, r) || !fdg_suspect_mark(s, FDG_SAID_SPIN))
		return;
	if (fdg_options.epoll == FDG_FIX) {
		cure(s, r, c.shows, &how);
		c.cure = &how;
		c.fixed = how.by != FDG_CURED_BY_NOTHING;
	}
	fdg_epoll_say_spin(&c);
	if (c.fixed)
		fdg_suspect_end(s);
}
