// SPDX-License-Identifier: MIT
/*
 * Guard closewait: 360 threads, each with a connection of its own to every instance that ever was.
 *
 * The bug. A program keeps connections in a map, by address. The peers are replaced, and nobody asks for the old addresses again, so nobody looks at those entries again
 * either: the FIN is there, and close is never called. No timer of the kernel ends CLOSE_WAIT. Each such socket holds a descriptor and a local port until there are none.
 *
 *     wrong:  c = map_get(m, address); if (!c) map_put(m, address, dial(address));         who closes it?
 *     right:  … if (now - last_sweep > 300) map_close_idle(m, now - 300);
 *
 * What we do.
 *  1. Who connected or accepted a socket, and when the program used it last, is noted in passing (connections.c; a data call is noted once between two sweeps).
 *  2. A sweep (sweep.c) polls all TCP sockets at once for POLLRDHUP. The clock of what is hit begins then, or earlier where TCP_INFO is sure of it: since the last ACK
 *     the peer has sent nothing, so its FIN is at least that old.
 *  3. After closewait.age without a call on it: TCP_INFO again. It leaks if it still is in CLOSE_WAIT, the unread bytes have not become fewer, and no other process has it. One that
 *     was sent to since the end was seen is half-closed, and in use: it leaks after ten times as long, and is never ended. So long one rests that has bytes to send, or more to read than
 *     what a peer says in parting (a pager that waits, a slow client behind a proxy).
 *  4. Leaks are grouped and told of (closewait_say.c), and again when there are twice as many, or a quarter and ten more. closewait=fix ends each (cure.c).
 *
 * What is not seen: connections that the program makes by other means than our calls and never uses by them; and a process that makes no call of ours for hours is looked at when
 * it ends (closewait.thread, closewait.signal).
 */
#include "guards/closewait/closewait.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "base/sys.h"
#include "guards/closewait/peers.h"
#include "guards/closewait/sweep.h"
#include "guards/holders.h"
#include "options/options.h"

#include "base/poison.h"

/* So many times closewait.age a connection may rest that the peer has closed its half of, and that was sent to since. */
#define STREAM 10
/* … and a group is kept that has no leaks any more. */
#define PAST 10

#define GET(field) atomic_load_explicit(&c->field, memory_order_relaxed)
#define PUT(field, value) atomic_store_explicit(&c->field, (value), memory_order_relaxed)

static fdg_moment before(fdg_moment now, int64_t ms)
{
	int64_t moments = ms / 16;

	return moments < now ? now - (fdg_moment)moments : 1;
}

static bool is_aged(fdg_moment since, fdg_moment now)
{
	return fdg_connection_ms(since, now) >= fdg_options.closewait_age_ms;
}

/* The last moment at which the program can have used it: between two sweeps only the first use is noted. */
static fdg_moment last_use(const struct fdg_connection *c, fdg_moment now)
{
	fdg_moment latest = GET(used) + fdg_sweep_period() / 16 + 1;

	return !GET(used) ? 0 : latest < now ? latest : now;
}

/* … by any of its numbers. */
static fdg_moment last_use_of_all(int fd, fdg_moment now)
{
	fdg_moment most = 0;

	for (int i = -1, other = fd; other >= 0; i = other = fdg_holders_next(fd, i)) {
		struct fdg_connection *c = fdg_connection_find(other);
		fdg_moment used = c ? last_use(c, now) : 0;

		most = used > most ? used : most;
	}
	return most;
}

static bool is_copy(int fd)
{
	int other = fdg_ledger_state(fd) & FDG_SHARED ? fdg_holders_next(fd, -1) : -1;

	return other >= 0 && other < fd;
}

/* What the kernel knows. False: not in CLOSE_WAIT. */
struct told {
	fdg_moment end, sent;
	uint64_t bytes; /* that it sent; 0 before Linux 4.19 */
};

/* The kernel's own struct; libc's ends before what is counted. */
struct info {
	struct tcp_info begin;
	uint64_t pacing[2], acked, received;
	uint32_t counts[6];
	uint64_t rates[4];
	uint32_t delivered[2];
	uint64_t bytes_sent, bytes_retrans;
};
_Static_assert(sizeof(struct tcp_info) == 104 && offsetof(struct info, bytes_sent) == 200, "tcp_info");

static bool ask(int fd, fdg_moment now, struct told *ret)
{
	struct info all = { 0 };
	const struct tcp_info *info = &all.begin;
	unsigned len = sizeof(all);

	if (fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &all, &len) < 0 || info->tcpi_state != TCP_CLOSE_WAIT)
		return false;
	ret->sent = before(now, info->tcpi_last_data_sent);
	ret->end = before(now, info->tcpi_last_ack_recv < info->tcpi_last_data_sent ? info->tcpi_last_ack_recv : info->tcpi_last_data_sent);
	ret->bytes = all.bytes_sent - all.bytes_retrans;
	return true;
}

static uint32_t bytes_in(int fd, unsigned queue)
{
	int n = 0;

	return fdg_sys3(SYS_ioctl, fd, queue, &n) < 0 || n < 0 ? 0 : (uint32_t)n;
}

static uint32_t unread_bytes(int fd)
{
	return bytes_in(fd, FIONREAD);
}

/* One that came from another process is this one's to close as well; one that was sent there may be in use there. */
static bool is_anothers(struct fdg_closewait *s, int fd, const struct fdg_connection *c)
{
	if (fdg_sweep_is_parents(fd, c))
		return true;
	if (GET(bits) & FDG_CONNECTION_SENT || (fdg_ledger_state(fd) & FDG_PASSED && !(GET(bits) & FDG_CONNECTION_ARRIVED)))
		return true;
	return !fdg_holders_is_alone(fd) && (fdg_holders_child_has(fd, &s->execd) || fdg_holders_parent_has(fd));
}

static void forget(struct fdg_connection *c)
{
	PUT(seen, 0);
	PUT(bits, GET(bits) & ~(uint32_t)(FDG_CONNECTION_LEAK | FDG_CONNECTION_SHUT | FDG_CONNECTION_HALF));
}

/* Not in CLOSE_WAIT; but it may come there: its own reading end is shut. */
static void is_shut(struct fdg_connection *c, fdg_moment now)
{
	forget(c);
	PUT(asked, now);
	PUT(bits, GET(bits) | FDG_CONNECTION_SHUT);
}

static void sight_first(struct fdg_closewait *s, int fd, struct fdg_connection *c)
{
	struct told told;

	if (GET(bits) & FDG_CONNECTION_SHUT && !is_aged(GET(asked), s->now))
		return;
	if (!ask(fd, s->now, &told)) {
		is_shut(c, s->now);
		return;
	}
	PUT(bits, GET(bits) & ~(uint32_t)FDG_CONNECTION_SHUT);
	PUT(unread, unread_bytes(fd));
	PUT(sent, told.bytes);
	PUT(seen, told.end);
	PUT(asked, s->now);
}

/* It was in use: it is as old as that. */
static void rejuvenate(struct fdg_connection *c, fdg_moment since)
{
	PUT(seen, since);
	PUT(bits, GET(bits) & ~(uint32_t)FDG_CONNECTION_LEAK);
}

/* Unread bytes prove that nobody reads when they were as many a while ago. */
static bool is_left_alone(struct fdg_connection *c, int fd, fdg_moment now)
{
	uint32_t unread = unread_bytes(fd), was = GET(unread);

	PUT(unread, unread);
	if (unread < was)
		rejuvenate(c, now);
	else if (!unread || fdg_connection_ms(GET(asked), now) >= fdg_options.closewait_age_ms / 2)
		return true;
	return false;
}

/* There is something to be done with it: it is given ten times as long, from when it was sent to or, where there is something to read, used. */
static bool is_busy(int fd, const struct fdg_connection *c, const struct told *told, fdg_moment used, fdg_moment now)
{
	int64_t most = STREAM * fdg_options.closewait_age_ms;

	if (fdg_connection_ms(told->sent, now) < most)
		return told->bytes != GET(sent) || bytes_in(fd, SIOCOUTQ) || unread_bytes(fd) > FDG_CLOSEWAIT_PARTING;
	return fdg_connection_ms(used, now) < most && unread_bytes(fd) > FDG_CLOSEWAIT_PARTING;
}

/* Asks the kernel whether it leaks, which was not used since then. */
static bool leaks(struct fdg_closewait *s, int fd, struct fdg_connection *c, fdg_moment since)
{
	struct told told;

	if (!ask(fd, s->now, &told)) {
		is_shut(c, s->now);
		return false;
	}
	if (!is_aged(told.sent, s->now)) {
		rejuvenate(c, told.sent);
		return false;
	}
	if (told.bytes != GET(sent)) /* half-closed, and in use */
		PUT(bits, GET(bits) | FDG_CONNECTION_HALF);
	if (is_busy(fd, c, &told, since, s->now))
		return false;
	if (!is_left_alone(c, fd, s->now) || is_anothers(s, fd, c))
		return false;
	PUT(asked, s->now);
	PUT(cookie, fdg_cure_cookie(fd));
	PUT(bits, GET(bits) | FDG_CONNECTION_LEAK);
	return true;
}

void fdg_closewait_polled(struct fdg_closewait *s, int fd, int revents)
{
	struct fdg_connection *c = fdg_connection_make(fd);
	bool is_new = c && !GET(seen);
	fdg_moment used, since;

	if (!c)
		return;
	if (revents & (POLLHUP | POLLNVAL)) {
		forget(c);
		return;
	}
	if (!GET(used))
		PUT(used, s->now); /* not known */
	if (is_new)
		sight_first(s, fd, c);
	if (!GET(seen) || is_copy(fd))
		return;
	fdg_peers_add(fd, GET(bits) & FDG_CONNECTION_ACCEPTED);
	used = last_use_of_all(fd, s->now);
	since = used > GET(seen) ? used : GET(seen);
	if (!is_aged(since, s->now) || (is_new && !s->is_asked_for)) { /* a program that slept may be about to look after it */
		PUT(bits, GET(bits) & ~(uint32_t)FDG_CONNECTION_LEAK);
		return;
	}
	if (!s->is_asked_for && fdg_options.closewait == FDG_FIX && fdg_connection_ms(since, s->now) - fdg_sweep_lost(since) < fdg_options.closewait_age_ms)
		return;
	if (!(GET(bits) & FDG_CONNECTION_LEAK) || is_aged(GET(asked), s->now))
		if (!leaks(s, fd, c, since))
			return;
	fdg_closewait_count(s, fd, c, used);
}

void fdg_closewait_begin(void)
{
	fdg_closewait_cure_none();
	fdg_peers_begin();
	for (unsigned i = 0; i < fdg_closewait_groups_end; i++) {
		struct fdg_closewait_group *g = fdg_closewait_group_at(i);

		if (!g->serial)
			continue;
		g->count = g->fixed = 0;
		g->there = (struct fdg_closewait_tally){ 0 };
		g->uncured = FDG_CURED;
	}
}

static bool is_worth_saying(const struct fdg_closewait *s, const struct fdg_closewait_group *g)
{
	uint32_t n = fdg_closewait_total(g);

	if (s->is_last)
		return n > g->said;
	return n && (n >= 2 * g->said || (n >= g->said + 10 && (uint64_t)n * 4 >= (uint64_t)g->said * 5));
}

/* A peer that ends closes its connections one after the other: what grows is told of one sweep later. */
static bool is_settled(const struct fdg_closewait *s, struct fdg_closewait_group *g)
{
	uint32_t n = fdg_closewait_total(g);

	g->is_held = !s->is_asked_for && n > g->were && !g->is_held;
	g->were = n;
	return !g->is_held;
}

static void say(const struct fdg_closewait *s, struct fdg_closewait_group *g)
{
	fdg_closewait_say(s, g);
	g->said = fdg_closewait_total(g);
	g->said_at = s->now;
	g->ended = (struct fdg_closewait_tally){ 0 };
}

/* What comes after a long time without any is told of as new. */
static bool is_past(const struct fdg_closewait *s, const struct fdg_closewait_group *g)
{
	return g->serial && !g->count && !g->ended.sockets && fdg_connection_ms(g->last, s->now) >= PAST * fdg_options.closewait_age_ms;
}

static bool has_news(const struct fdg_closewait *s)
{
	for (unsigned i = 0; i < fdg_closewait_groups_end; i++)
		if (fdg_closewait_group_at(i)->serial && is_worth_saying(s, fdg_closewait_group_at(i)))
			return true;
	return false;
}

void fdg_closewait_end(struct fdg_closewait *s)
{
	bool is_cut = s->is_cut, is_told = false;

	fdg_peers_end();
	fdg_closewait_cure(s);
	if (has_news(s))
		fdg_closewait_count_threads();
	for (unsigned i = 0; !is_cut && i < fdg_closewait_groups_end; i++) {
		struct fdg_closewait_group *g = fdg_closewait_group_at(i);

		if (!g->serial || !is_worth_saying(s, g))
			continue;
		if (!is_settled(s, g)) {
			s->is_cut = true;
			continue;
		}
		say(s, g);
		is_told = true;
	}
	if (s->is_asked_for && !s->is_last && !is_told)
		fdg_closewait_answer(s);
	for (unsigned i = 0; i < fdg_closewait_groups_end; i++)
		if (is_past(s, fdg_closewait_group_at(i)))
			fdg_closewait_group_at(i)->serial = 0;
}
