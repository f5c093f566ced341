// SPDX-License-Identifier: MIT
#include "guards/sweep.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/closewait.h"
#include "guards/connections.h"
#include "guards/fdleak.h"
#include "ledger/watch.h"
#include "options/options.h"

#include "base/poison.h"

enum {
	LEAST = 50,  /* ms from one sweep to the next */
	AGAIN = 1000, /* … where one had to leave something out */
	PAUSE = 10,  /* from one part of a sweep to the next */
	BATCH = 256,
	PART_US = 1000, /* after which a part ends: the program's call waits for it */
	SKIP = 64 /* calls at most that a thread makes without looking at the clock */
};

_Atomic int64_t fdg_sweep_due;
_Thread_local int fdg_sweep_skip;
static _Thread_local int64_t looked;
static _Thread_local int run; /* calls from one look to the next */
static _Atomic bool sweeping;
/* The sweep that is under way; for who is sweeping. */
static struct fdg_closewait under_way;
static int cursor; /* the number to go on with; 0: none is under way */
static uint64_t born;    /* a forked child: what has a lesser description was its parent's */
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

static void poll_batch(struct fdg_closewait *s, unsigned n)
{
	int r = n ? fdg_sys_poll(batch, n, 0) : 0;

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
	unsigned n = 0;

	for (fd = fdg_ledger_next(fd); fd >= 0 && n < BATCH; fd = fdg_ledger_next(fd + 1)) {
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

static void begin_sweep(enum fdg_sweep_how how, int64_t now)
{
	under_way = (struct fdg_closewait){ .now = fdg_connection_moment(now), .is_last = how == FDG_SWEEP_END, .is_asked_for = how != FDG_SWEEP_DUE };
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

static void try_sweep(enum fdg_sweep_how how, int64_t now)
{
	if (atomic_exchange_explicit(&sweeping, true, memory_order_acquire))
		return;
	sweep(how, now);
	atomic_store_explicit(&sweeping, false, memory_order_release);
}

static void sweep_if_due(int64_t now)
{
	int64_t due = atomic_load_explicit(&fdg_sweep_due, memory_order_relaxed);
	unsigned period = fdg_sweep_period();

	if (now < due)
		return;
	if (!atomic_compare_exchange_strong(&fdg_sweep_due, &due, period ? now + period : FDG_SWEEP_NEVER))
		return;
	if (period && due)
		try_sweep(FDG_SWEEP_DUE, now);
}

void fdg_sweep_now(enum fdg_sweep_how how)
{
	int64_t now;

	if (!is_ours() || !fdg_sweep_period())
		return;
	now = fdg_connection_clock();
	if (how == FDG_SWEEP_DUE)
		sweep_if_due(now);
	else
		try_sweep(how, now);
}

void fdg_sweep_forked(void)
{
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
	fdg_connection_moment(now);
	sweep_if_due(now);
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
	PUT(sweep, atomic_load_explicit(&fdg_sweep_number, memory_order_relaxed));
}

bool fdg_sweep_used(int fd)
{
	unsigned watch = fdg_watched(fd);
	struct fdg_connection *c;

	if (!(watch & FDG_WATCH_USE))
		return watch || fdg_has_news();
	c = fdg_connection_find(fd);
	if (!c || GET(sweep) != atomic_load_explicit(&fdg_sweep_number, memory_order_relaxed))
		note(fd);
	if ((unsigned)fd >= FDG_LEDGER_CHUNK)
		fdg_sweep_skip--;
	if (fdg_sweep_skip < 0)
		fdg_sweep_look();
	return watch != FDG_WATCH_USE || fdg_has_news();
}
