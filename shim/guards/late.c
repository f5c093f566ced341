// SPDX-License-Identifier: MIT
#include "guards/late.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/nonblock.h"

#include "base/poison.h"

#define LATE 64

enum { FREE, BUSY, READY };

struct late {
	_Atomic int state;
	uint32_t generation;
	int64_t when;
	struct fdg_shared change;
};

FDG_BIG static struct late table[LATE];
static _Atomic unsigned used; /* how much of it was ever in use */
static _Atomic unsigned blocked; /* how many were made blocking and are not told of */
_Atomic bool fdg_late_ticks;

int64_t fdg_late_now(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static uint32_t generation_of(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	return e ? atomic_load_explicit(&e->generation, memory_order_relaxed) : 0;
}

static bool take(struct late *l, int from)
{
	return atomic_load_explicit(&l->state, memory_order_relaxed) == from && atomic_compare_exchange_strong(&l->state, &from, BUSY);
}

static void put_back(struct late *l)
{
	atomic_store_explicit(&l->state, READY, memory_order_release);
}

static void give(struct late *l)
{
	if (!l->change.asked)
		atomic_fetch_sub(&blocked, 1);
	atomic_store_explicit(&l->state, FREE, memory_order_release);
}

static void fill(struct late *l, const struct fdg_shared *s)
{
	l->change = *s;
	l->generation = generation_of(s->other);
	l->when = fdg_late_now();
	if (!s->asked)
		atomic_fetch_add(&blocked, 1);
	atomic_store(&fdg_late_ticks, true);
}

/* A table that is full keeps what it has: those sites are told of when they are used, and others are like them. */
void fdg_late_add(const struct fdg_shared *s)
{
	fdg_late_drop(s->other);
	for (unsigned i = 0; i < LATE; i++) {
		if (!take(&table[i], FREE))
			continue;
		fill(&table[i], s);
		if (atomic_load(&used) <= i)
			atomic_store(&used, i + 1);
		put_back(&table[i]);
		fdg_watch_change(s->other, FDG_WATCH_SETTLE, 0);
		return;
	}
}

static void judge(const struct late *l)
{
	int flags = fdg_sys_fcntl(l->change.other, F_GETFL, 0);

	if (flags >= 0 && l->generation == generation_of(l->change.other) && !(flags & O_NONBLOCK) == !(l->change.asked || l->change.fixed))
		fdg_shared_report(&l->change);
}

static bool is_of(const struct late *l, int64_t fd)
{
	return l->change.other == fd;
}

/* What another process changed and this one does not use harms nobody here. */
static bool is_overdue(const struct late *l, int64_t now)
{
	return !l->change.asked && !l->change.pid && now - l->when >= FDG_LATE_PATIENCE;
}

/* At the end what was not used is a note, except where libc uses it inside, unseen. */
static void soften(struct fdg_shared *s)
{
	if (s->asked && !(fdg_ledger_state(s->other) & FDG_STREAM))
		s->level = FDG_LEVEL_NOTE;
}

enum how { DROP, TELL, TELL_AT_END };

static void each(bool (*which)(const struct late *, int64_t), int64_t value, enum how how)
{
	unsigned end = atomic_load(&used);

	for (unsigned i = 0; i < end; i++) {
		if (!take(&table[i], READY))
			continue;
		if (!which(&table[i], value)) {
			put_back(&table[i]);
			continue;
		}
		if (how == TELL_AT_END)
			soften(&table[i].change);
		if (how != DROP)
			judge(&table[i]);
		give(&table[i]);
	}
}

void fdg_late_drop(int fd)
{
	if (!(fdg_watched(fd) & FDG_WATCH_SETTLE))
		return;
	fdg_watch_change(fd, 0, FDG_WATCH_SETTLE);
	each(is_of, fd, DROP);
}

void fdg_late_used(int fd)
{
	fdg_watch_change(fd, 0, FDG_WATCH_SETTLE);
	each(is_of, fd, TELL);
}

void fdg_late_judge(void)
{
	if (atomic_load_explicit(&blocked, memory_order_relaxed) && !fdg_foreign_memory())
		each(is_overdue, fdg_late_now(), TELL);
}

void fdg_late_forked(void)
{
	unsigned end = atomic_load(&used);

	if (!end)
		return;
	for (unsigned i = 0; i < end; i++)
		atomic_store(&table[i].state, FREE);
	atomic_store(&used, 0);
	atomic_store(&blocked, 0);
}

static bool is_left(const struct late *l, int64_t unused)
{
	(void)unused;
	return !l->change.pid;
}

void fdg_late_end(void)
{
	each(is_left, 0, TELL_AT_END);
}
