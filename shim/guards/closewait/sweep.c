// SPDX-License-Identifier: MIT
#include "guards/closewait/sweep.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/closewait/closewait.h"
#include "guards/closewait/connections.h"
#include "guards/fdleak/fdleak.h"
#include "guards/holders.h"
#include "guards/metrics/metrics.h"
#include "ledger/watch.h"
#include "options/options.h"

#include "base/poison.h"

enum {
	LEAST = 50,  /* ms from one sweep to the next */
	AGAIN = 1000, /* … where one had to leave something out */
	PAUSE = 10,  /* from one part of a sweep to the next */
	BATCH = 256,
	FEW = 4, /* where it has to be asked of each which relative has it, too: that takes long */
	PART_US = 1000, /* after which a part ends: the program's call waits for it */
	SKIP = 16 /* calls at most from one look at the clock to the next, of one thread: after many at once it may make one in ten seconds */
};

_Atomic int64_t fdg_sweep_due;
_Thread_local int fdg_sweep_skip;
static _Thread_local int64_t looked;
static _Thread_local int run; /* calls from one look to the next */
static _Atomic bool sweeping;
/* The sweep that is under way; for who is sweeping. */
static struct fdg_closewait under_way;
/* The last times at which a sweep came late. */
#define GAPS 16u
static struct {
	fdg_moment end;
	int64_t lost; /* ms */
} gap[GAPS];
static unsigned gaps;
static int64_t begun_at; /* the last sweep */
static int cursor; /* the number to go on with; 0: none is under way */
static uint64_t born;    /* a forked child: what has a lesser description was its parent's */
static fdg_moment forked_at; /* … then */
static uint64_t parents; /* in this sweep these are left to it */
_Atomic uint32_t fdg_sweep_number = 1;
FDG_BIG static struct pollfd batch[BATCH];

#define GET(field) atomic_load_explicit(&c->field, memory_order_relaxed)
#define PUT(field, value) atomic_store_explicit(&c->field, (value), memory_order_relaxed)

unsigned fdg_sweep_period(void)
{
	int64_t ms = fdg_options.closewait_age_ms / 4;

	if (fdg_options.closewait == FDG_OFF && fdg_options.fdleak == FDG_OFF)
		return 0;
	if (fdg_metrics_any() && ms > FDG_METRICS_MS)
		ms = FDG_METRICS_MS;
	return ms < LEAST ? LEAST : ms > INT32_MAX ? INT32_MAX : (unsigned)ms;
}

static bool is_ours(void)
{
	return fdg_phase_now() == FDG_ACTIVE && !fdg_foreign_memory();
}

static void set_due(int64_t ms)
{
	atomic_store_explicit(&fdg_sweep_due, ms, memory_order_relaxed);
}

/* A program that may have fewer descriptors than it has may not poll as many either. */
static int ask_each(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned char state = 0;
		unsigned len = sizeof(state); /* the first byte of TCP_INFO */

		batch[i].revents = fdg_sys_getsockopt(batch[i].fd, IPPROTO_TCP, TCP_INFO, &state, &len) == 0 && state == TCP_CLOSE_WAIT ? POLLRDHUP : 0;
	}
	return 1;
}

static void poll_batch(struct fdg_closewait *s, unsigned n)
{
	int r = n ? fdg_sys_poll(batch, n, 0) : 0;

	if (r == -EINVAL)
		r = ask_each(n);

	for (unsigned i = 0; r > 0 && i < n; i++)
		if (batch[i].revents & POLLRDHUP)
			fdg_closewait_polled(s, batch[i].fd, batch[i].revents);
	s->is_cut |= r < 0;
}

static int64_t micros(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_MONOTONIC, &t) < 0 ? 0 : (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The sockets among the descriptors from fd on; returns the number to go on with, or -1. */
static int look_at_some(struct fdg_closewait *s, int fd)
{
	unsigned n = 0, most = s->has_relatives && !s->is_asked_for ? FEW : BATCH;

	for (fd = fdg_ledger_next(fd); fd >= 0 && n < most; fd = fdg_ledger_next(fd + 1)) {
		s->known++;
		if (!fdg_connection_is_tcp(fdg_ledger_state(fd)) || fdg_ledger_description(fd) < parents)
			continue;
		if (!(fdg_watched(fd) & FDG_WATCH_USE))
			fdg_watch_change(fd, FDG_WATCH_USE, 0);
		batch[n++] = (struct pollfd){ .fd = fd, .events = POLLRDHUP };
		s->sockets++;
	}
	poll_batch(s, n);
	return fd;
}

/* False: the time of this part is over. */
static bool look_on(struct fdg_closewait *s)
{
	int64_t begun = micros();

	do
		cursor = look_at_some(s, cursor);
	while (cursor >= 0 && (s->is_asked_for || micros() - begun < PART_US));
	return cursor < 0;
}

static bool has_relatives(void)
{
	unsigned at = 0;

	return fdg_forked_from || fdg_holders_child(&at);
}

static void note_gap(int64_t now)
{
	int64_t passed = begun_at ? now - begun_at : 0;

	if (passed > 2 * (int64_t)fdg_sweep_period()) {
		gap[gaps % GAPS].end = fdg_connection_moment(now);
		gap[gaps++ % GAPS].lost = passed - fdg_sweep_period();
	}
	begun_at = now;
}

int64_t fdg_sweep_lost(fdg_moment since)
{
	int64_t lost = 0;

	for (unsigned i = 0; i < GAPS; i++)
		lost += gap[i].end > since ? gap[i].lost : 0;
	return lost;
}

static void begin_sweep(enum fdg_sweep_how how, int64_t now)
{
	note_gap(now);
	under_way = (struct fdg_closewait){ .now = fdg_connection_moment(now), .is_last = how == FDG_SWEEP_END, .is_asked_for = how != FDG_SWEEP_DUE };
	under_way.has_relatives = has_relatives();
	cursor = 0;
	parents = how == FDG_SWEEP_END && fdg_forked_from && fdg_sys_getppid() == fdg_forked_from ? born : 0;
	fdg_closewait_begin();
}

static void sweep_sockets(enum fdg_sweep_how how, int64_t now)
{
	struct fdg_closewait *s = &under_way;

	if (!cursor || how != FDG_SWEEP_DUE)
		begin_sweep(how, now);
	s->now = fdg_connection_moment(now);
	if (!look_on(s)) {
		set_due(now + PAUSE);
		return;
	}
	cursor = 0;
	fdg_closewait_end(s);
	atomic_fetch_add_explicit(&fdg_sweep_number, 1, memory_order_relaxed);
	if (s->is_cut && fdg_sweep_period() > AGAIN)
		set_due(now + AGAIN);
}

static void sweep(enum fdg_sweep_how how, int64_t now)
{
	if (fdg_options.closewait != FDG_OFF)
		sweep_sockets(how, now);
	if (!cursor && how != FDG_SWEEP_END)
		fdg_fdleak_sample((uint64_t)now);
}

static void tell(enum fdg_sweep_how how, int64_t now)
{
	fdg_metrics_write(now, how == FDG_SWEEP_END);
}

/* Signals wait: a handler that leaves by siglongjmp would leave it unfinished for ever. */
static void alone(void (*f)(enum fdg_sweep_how how, int64_t now), enum fdg_sweep_how how, int64_t now)
{
	uint64_t all = ~UINT64_C(0), mask = 0;

	if (atomic_load_explicit(&sweeping, memory_order_relaxed) || fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask)) < 0)
		return;
	if (!atomic_exchange_explicit(&sweeping, true, memory_order_acquire)) {
		f(how, now);
		atomic_store_explicit(&sweeping, false, memory_order_release);
	}
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

static void sweep_if_due(int64_t now)
{
	int64_t due = atomic_load_explicit(&fdg_sweep_due, memory_order_relaxed);
	unsigned period = fdg_sweep_period();

	if (now < due)
		return;
	if (!atomic_compare_exchange_strong(&fdg_sweep_due, &due, period ? now + period : fdg_metrics_any() ? now : FDG_SWEEP_NEVER))
		return;
	if (period && due)
		alone(sweep, FDG_SWEEP_DUE, now);
}

static void look(int64_t now)
{
	sweep_if_due(now);
	if (fdg_metrics_are_due(now))
		alone(tell, FDG_SWEEP_DUE, now);
}

void fdg_sweep_tell_last(void)
{
	if (fdg_metrics_any() && is_ours())
		alone(tell, FDG_SWEEP_END, fdg_connection_clock());
}

void fdg_sweep_now(enum fdg_sweep_how how)
{
	int64_t now;

	if (!is_ours() || !fdg_sweep_period())
		return;
	now = fdg_connection_clock();
	if (how == FDG_SWEEP_DUE)
		look(now);
	else
		alone(sweep, how, now);
}

bool fdg_sweep_is_parents(int fd, const struct fdg_connection *c)
{
	return fdg_forked_from && fdg_ledger_description(fd) < born && GET(used) <= forked_at;
}

void fdg_sweep_forked(void)
{
	fdg_metrics_forked();
	forked_at = fdg_connection_moment(fdg_connection_clock());
	if (cursor)
		cursor = 0;
	born = atomic_load_explicit(&fdg_ledger_floor, memory_order_relaxed);
	if (atomic_load_explicit(&sweeping, memory_order_relaxed))
		atomic_store_explicit(&sweeping, false, memory_order_relaxed);
}

/* Who has made many calls since the clock ticked makes as many again before it looks. */
__attribute__((noinline)) void fdg_sweep_look(void)
{
	int64_t now;

	fdg_sweep_skip = SKIP;
	if (!is_ours())
		return;
	now = fdg_connection_clock();
	run = now != looked ? 1 : run < SKIP ? 2 * run : SKIP;
	fdg_sweep_skip = run - 1;
	if (now == looked)
		return;
	looked = now;
	look(now);
}

__attribute__((noinline)) static void note(int fd)
{
	struct fdg_connection *c;

	if (!is_ours())
		return;
	c = fdg_connection_is_tcp(fdg_ledger_state(fd)) ? fdg_connection_make(fd) : NULL;
	if (!c) {
		fdg_watch_change(fd, 0, FDG_WATCH_USE);
		return;
	}
	PUT(used, fdg_connection_moment(fdg_connection_clock()));
	if (!(GET(bits) & FDG_CONNECTION_HUSH)) /* every call is looked at then */
		atomic_store_explicit(&fdg_connection_uses[fd], atomic_load_explicit(&fdg_sweep_number, memory_order_relaxed), memory_order_relaxed);
}

bool fdg_sweep_used(int fd)
{
	unsigned watch = fdg_watched(fd);

	if (!(watch & FDG_WATCH_USE))
		return watch || fdg_has_news();
	if (watch != FDG_WATCH_USE) /* not counted by fdg_sweep_passes */
		fdg_sweep_skip--;
	if (!fdg_connection_find(fd) || atomic_load_explicit(&fdg_connection_uses[fd], memory_order_relaxed) != atomic_load_explicit(&fdg_sweep_number, memory_order_relaxed))
		note(fd);
	return watch != FDG_WATCH_USE || fdg_has_news();
}
