// SPDX-License-Identifier: MIT
/*
 * Guard nonblock, second part: nonblock.stall.
 *
 * The bug. A thread that serves many descriptors from one epoll_wait makes a call that waits for one of them:
 *
 *     int s = accept(listener, NULL, NULL);        // blocking
 *     epoll_ctl(loop, EPOLL_CTL_ADD, s, &ev);
 *     …
 *     while (recv(s, buf, sizeof(buf), 0) > 0)     // the second one waits, and so does everybody else
 *
 * or somebody else, through a copy, turned the descriptor blocking: that is nonblock.shared, in nonblock.c.
 *
 * Right: SOCK_NONBLOCK, accept4; recv ends with EAGAIN.
 *
 * What we do. A descriptor that is put into an interest list while it blocks, or that turns blocking while it is in one, is watched (ledger/watch.h). A data call on it
 * by a thread that has waited in epoll_wait is timed, with a clock that ticks every few milliseconds. What took 100 ms is reported, if the descriptor still is in the list
 * of an epoll that this thread, and no other, waits on: who closed his epoll has no loop any more, and a pool of threads on one epoll goes on with those that are left. A
 * connect is timed on any descriptor, and so is the lookup of a name, which is on none of the program's (lookup.c).
 */
#include "guards/nonblock/stall.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/address.h"
#include "base/big.h"
#include "base/sys.h"
#include "guards/epoll/fdinfo.h"
#include "guards/epoll/sets.h"
#include "guards/holders.h"
#include "guards/nonblock/marks.h"
#include "guards/origin.h"
#include "ledger/ledger.h"
#include "ledger/sharers.h"
#include "ledger/watch.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define LONG_MS 100

#define EPOLLS 1024u /* numbers above share a place with one of these, and then both may stay silent */
#define SEVERAL 1u

_Thread_local bool fdg_has_loop;
_Thread_local struct fdg_loop fdg_loops[FDG_LOOPS];
FDG_BIG static _Atomic uint64_t waiter[EPOLLS]; /* the thread that waits on an epoll: an address of it, and above 48 bits the entry's generation; SEVERAL: more than one did */
static _Atomic unsigned char unknown; /* of 0 to 2, which the ledger need not know: one bit each, in an interest list */

static bool is_polled(int fd, uint32_t state)
{
	if (state)
		return state & FDG_POLLED;
	return (unsigned)fd <= 2 && atomic_load_explicit(&unknown, memory_order_relaxed) >> fd & 1;
}

static void set_polled(int fd, uint32_t state, bool polled)
{
	if (state)
		fdg_ledger_flag(fd, polled ? FDG_POLLED : 0, polled ? 0 : FDG_POLLED);
	else if ((unsigned)fd <= 2 && polled)
		atomic_fetch_or(&unknown, (unsigned char)(1u << fd));
	else if ((unsigned)fd <= 2)
		atomic_fetch_and(&unknown, (unsigned char)~(1u << fd));
}

static uint64_t waiter_word(uintptr_t who, uint32_t generation)
{
	return (uint64_t)(generation & 0xffff) << 48 | (who & UINT64_C(0xffffffffffff));
}

static void put_waiter(int epfd, uint32_t generation)
{
	_Atomic uint64_t *w = &waiter[(unsigned)epfd % EPOLLS];
	uint64_t mine = waiter_word((uintptr_t)fdg_loops, generation), seen = atomic_load_explicit(w, memory_order_relaxed), want;

	do
		want = seen == 0 || seen >> 48 != mine >> 48 || seen == mine ? mine : waiter_word(SEVERAL, generation);
	while (seen != want && !atomic_compare_exchange_weak(w, &seen, want));
}

/* Thread-local: in a vfork child it is the parent's. */
void fdg_loop_changes(int epfd)
{
	struct fdg_loop l = { epfd, fdg_ledger_generation(epfd) };
	unsigned at = 0;

	if (epfd < 0 || fdg_foreign_memory())
		return;
	while (at < FDG_LOOPS - 1 && (fdg_loops[at].epfd != epfd || fdg_loops[at].generation != l.generation))
		at++;
	for (; at > 0; at--)
		fdg_loops[at] = fdg_loops[at - 1];
	fdg_loops[0] = l;
	fdg_has_loop = true;
	put_waiter(epfd, l.generation);
	fdg_sets_waits(epfd);
}

void fdg_loop_forked(void)
{
	fdg_has_loop = false;
	for (unsigned i = 0; i < FDG_LOOPS; i++)
		fdg_loops[i] = (struct fdg_loop){ 0, 0 };
}

/* Is it an epoll still, that only this thread waits on? */
static bool is_own(const struct fdg_loop *l)
{
	struct fdg_known k;

	return fdg_ledger_look(l->epfd, &k) && fdg_kindword_kind(k.kind) == FDG_KIND_EPOLL && k.generation == l->generation && !(k.flags & FDG_SHARED) &&
	       atomic_load_explicit(&waiter[(unsigned)l->epfd % EPOLLS], memory_order_relaxed) == waiter_word((uintptr_t)fdg_loops, l->generation);
}

/* For the program, who may have been told so by us. */
static bool blocks(int fd)
{
	int flags;

	if (fdg_watched(fd) & FDG_WATCH_BLOCKS)
		return true;
	flags = fdg_sys_fcntl(fd, F_GETFL, 0);
	return flags >= 0 && !(flags & O_NONBLOCK);
}

static void set_watch(int fd, bool on)
{
	if (on != !!(fdg_watched(fd) & FDG_WATCH_STALL))
		fdg_watch_change(fd, on ? FDG_WATCH_STALL : 0, on ? 0 : FDG_WATCH_STALL);
}

/* As nearly all in interest lists are: non-blocking, by the program, on a description that nobody else can have changed. */
static bool is_surely_nonblocking(uint32_t state)
{
	return state & FDG_NONBLOCK && !(state & (FDG_SHARED | FDG_INHERITED));
}

/* The other way about: where that is wrong, a watched call does not take long. */
static bool is_surely_blocking(int fd, uint32_t state)
{
	return !(state & (FDG_NONBLOCK | FDG_INHERITED)) && fdg_holders_is_alone(fd);
}

void fdg_stall_registered(int epfd, int op, int fd, const void *site)
{
	uint32_t state = fdg_ledger_state(fd);

	(void)epfd, (void)site;
	if (fdg_options.nonblock == FDG_OFF || fdg_foreign_memory())
		return;
	if (op == EPOLL_CTL_DEL) {
		if (is_polled(fd, state))
			set_polled(fd, state, false);
		set_watch(fd, false);
		return;
	}
	if (!is_polled(fd, state))
		set_polled(fd, state, true);
	else if (op == EPOLL_CTL_MOD)
		return;
	if (__builtin_expect(fdg_mark_is(fd), 0))
		fdg_mark_polled(fd);
	set_watch(fd, !is_surely_nonblocking(state) && (is_surely_blocking(fd, state) || blocks(fd)));
}

void fdg_stall_mode(int fd, bool nonblocking)
{
	struct fdg_known k;
	bool known = fdg_ledger_look(fd, &k);

	if (fdg_foreign_memory())
		return;
	if (is_polled(fd, fdg_ledger_state(fd)))
		set_watch(fd, !nonblocking);
	if (!known || !(k.flags & FDG_SHARED) || !k.description)
		return;
	for (int n = fdg_sharers_next(0, k.description); n >= 0; n = fdg_sharers_next(n + 1, k.description))
		if (n != fd && fdg_ledger_state(n) & FDG_POLLED)
			set_watch(n, blocks(n));
}

/* By libc, which asks no kernel: a system call each would double what a read costs. */
static int64_t now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &t) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1;
}

int64_t fdg_stall_begin(void)
{
	return fdg_has_loop && fdg_options.nonblock != FDG_OFF ? now() : 0;
}

struct stall {
	int fd;
	const char *call;
	const void *site;
	int64_t ms;
	bool polled, has_loop;
	int epfd; /* if polled */
	uint64_t others; /* in its list */
	char what[64], peer[128], local[128], message[384];
};

static void put_message(struct stall *s)
{
	struct fdg_buf b = FDG_BUF(s->message);

	fdg_fmt(&b, "%s on fd %d (%s) kept a thread that has an event loop for %ld ms", s->call, s->fd, s->what, (long)s->ms);
	if (s->polled && s->others)
		fdg_fmt(&b, "; no other thread waits for the %lu other%s of epoll %d", (unsigned long)s->others, s->others == 1 ? "" : "s",
			s->epfd);
}

static const char *advice(const struct stall *s)
{
	if (strcmp(s->call, "connect") == 0)
		return "make the socket non-blocking before the connect (SOCK_NONBLOCK), and let the loop tell when it is writable";
	return "make the descriptor non-blocking (SOCK_NONBLOCK, accept4, O_NONBLOCK), and go on when the call fails with EAGAIN; if it was non-blocking, look for "
	       "nonblock.shared: somebody changed it through a copy";
}

static void say(struct stall *s)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_NONBLOCK_STALL);
	struct fdg_buf what = FDG_BUF(s->what), peer = FDG_BUF(s->peer), local = FDG_BUF(s->local);
	struct fdg_place site, created[FDG_FRAMES_MAX];
	struct fdg_fact fact[4];
	struct fdg_known k;

	fdg_put_what(&what, s->fd);
	put_message(s);
	f.message = s->message;
	f.fix = advice(s);
	f.key = s->call;
	f.fd = s->fd;
	f.age_ms = s->ms;
	f.peer = fdg_put_peer(&peer, s->fd) ? s->peer : NULL;
	f.local = fdg_put_local(&local, s->fd) ? s->local : NULL;
	f.site = &site;
	f.sites = fdg_options.stacks > 0 && fdg_place_of(s->site, &site);
	f.site_label = "called at";
	f.created = created;
	if (fdg_ledger_look(s->fd, &k))
		f.createds = fdg_origin_places(k.origin, k.site, created, fdg_options.stacks);
	f.fact = fact;
	fact[f.facts++] = (struct fdg_fact){ "call", "call", s->call, 0 };
	fact[f.facts++] = (struct fdg_fact){ "kind", "kind", s->what, 0 };
	if (s->polled) {
		fact[f.facts++] = (struct fdg_fact){ "epoll", "epoll", NULL, s->epfd };
		fact[f.facts++] = (struct fdg_fact){ "waiting", "others in its list", NULL, (int64_t)s->others };
	}
	fdg_report(&f);
}

static void look_at_loops(struct stall *s)
{
	for (unsigned i = 0; i < FDG_LOOPS && !s->polled; i++)
		if (is_own(&fdg_loops[i])) {
			s->has_loop = true;
			s->epfd = fdg_loops[i].epfd;
			s->polled = fdg_fdinfo_of(s->epfd, s->fd, &s->others);
		}
}

/* 0: not long enough, or nobody is to be told. */
static int64_t lasted(int64_t begun)
{
	int64_t ms = begun ? now() - begun : 0;

	if (ms < LONG_MS || fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory() || !fdg_report_wants(FDG_LEVEL_WARNING))
		return 0;
	return ms;
}

int64_t fdg_stall_of_loop(int64_t begun)
{
	int64_t ms = lasted(begun);

	for (unsigned i = 0; ms && i < FDG_LOOPS; i++)
		if (is_own(&fdg_loops[i]))
			return ms;
	return 0;
}

void fdg_stall_end(int64_t begun, int fd, const char *call, const void *site)
{
	struct stall s = { .fd = fd, .call = call, .site = site, .ms = lasted(begun) };

	if (!s.ms)
		return;
	look_at_loops(&s);
	if (s.polled || (s.has_loop && strcmp(call, "connect") == 0 && blocks(fd)))
		say(&s);
}
