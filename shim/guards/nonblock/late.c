// SPDX-License-Identifier: MIT
#include "guards/nonblock/late.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/nonblock/nonblock.h"

#include "base/poison.h"

#define LATE 64

enum { FREE, BUSY, READY };

struct late {
	_Atomic int state;
	uint32_t generation;
	dev_t device; /* what it is: numbers change their meaning behind us */
	ino_t inode;
	int64_t when;
	struct fdg_shared change;
};

FDG_BIG static struct late table[LATE];
static _Atomic unsigned used; /* how much of it was ever in use */
static _Atomic unsigned blocked; /* how many were made blocking and are not told of */
static _Atomic int parent; /* of the next child; which may be dead before the child can ask */
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

/* Told of in time, used or not. What another process changed and this one does not use harms nobody here. */
static bool is_timed(const struct late *l)
{
	return !l->change.asked && !l->change.pid;
}

/* What it held is over; it is still taken. */
static void give_up(struct late *l)
{
	if (is_timed(l))
		atomic_fetch_sub(&blocked, 1);
}

static void give(struct late *l)
{
	give_up(l);
	atomic_store_explicit(&l->state, FREE, memory_order_release);
}

static void fill(struct late *l, const struct fdg_shared *s)
{
	struct stat st = { 0 };

	fdg_sys_fstat(s->other, &st);
	l->change = *s;
	l->device = st.st_dev;
	l->inode = st.st_ino;
	l->generation = generation_of(s->other);
	l->when = fdg_late_now();
	if (is_timed(l))
		atomic_fetch_add(&blocked, 1);
	atomic_store(&fdg_late_ticks, true);
}

/* Its descriptor was closed, or used, or made anew: close has no time to look for us. */
static bool is_stale(const struct late *l)
{
	return !(fdg_watched(l->change.other) & FDG_WATCH_SETTLE) || l->generation != generation_of(l->change.other);
}

static void unwatch(int fd)
{
	fdg_watch_change(fd, 0, FDG_WATCH_SETTLE | FDG_WATCH_WAITS);
}

/* Of a full table: what is stale, else the oldest that waits for a use. One that was made blocking stays: it is told of soon. */
static struct late *make_room(void)
{
	struct late *oldest = NULL;
	int64_t when = 0;

	for (unsigned i = 0; i < LATE; i++) {
		struct late *l = &table[i];

		if (!take(l, READY))
			continue;
		if (is_stale(l)) {
			give_up(l);
			return l;
		}
		if (l->change.asked && (!oldest || l->when < when)) {
			oldest = l;
			when = l->when;
		}
		put_back(l);
	}
	if (!oldest || !take(oldest, READY))
		return NULL;
	unwatch(oldest->change.other);
	give_up(oldest);
	return oldest;
}

static struct late *find_room(void)
{
	for (unsigned i = 0; i < LATE; i++) {
		if (!take(&table[i], FREE))
			continue;
		if (atomic_load(&used) <= i)
			atomic_store(&used, i + 1);
		return &table[i];
	}
	return make_room();
}

void fdg_late_add(const struct fdg_shared *s)
{
	struct late *l;

	fdg_late_drop(s->other);
	l = find_room();
	if (!l)
		return;
	fill(l, s);
	put_back(l);
	fdg_watch_change(s->other, s->asked || s->fixed ? FDG_WATCH_SETTLE : FDG_WATCH_SETTLE | FDG_WATCH_WAITS, 0);
}

/* A loop counts on not waiting; a copy that nobody asked anything for, and that no loop has, may count on either mode. */
static bool is_content(const struct late *l)
{
	uint32_t state = fdg_ledger_state(l->change.other);

	return l->change.asked ? state & FDG_POLLED : (state & (FDG_MODE_COPIED | FDG_POLLED)) == FDG_MODE_COPIED;
}

static bool is_current(const struct late *l)
{
	int flags = fdg_sys_fcntl(l->change.other, F_GETFL, 0);
	struct stat st;

	return flags >= 0 && !(flags & O_NONBLOCK) == !(l->change.asked || l->change.fixed) && l->generation == generation_of(l->change.other) &&
	       fdg_sys_fstat(l->change.other, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode;
}

static void judge(const struct late *l)
{
	if (!is_content(l) && is_current(l))
		fdg_shared_report(&l->change);
}

static bool is_of(const struct late *l, int64_t fd)
{
	return l->change.other == fd;
}

static bool is_overdue(const struct late *l, int64_t now)
{
	return is_timed(l) && now - l->when >= FDG_LATE_PATIENCE;
}

/*
 * At the end. What was not used is a note, except where libc uses it inside, unseen. What was made blocking just now is what a program does that leaves its terminal as it
 * found it: nobody will wait.
 */
static void judge_at_end(struct late *l)
{
	if (!l->change.asked && !is_overdue(l, fdg_late_now()))
		return;
	if (!(fdg_ledger_state(l->change.other) & FDG_STREAM))
		l->change.level = FDG_LEVEL_NOTE;
	judge(l);
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
			judge_at_end(&table[i]);
		else if (how == TELL)
			judge(&table[i]);
		give(&table[i]);
	}
}

void fdg_late_drop(int fd)
{
	if (!(fdg_watched(fd) & FDG_WATCH_SETTLE))
		return;
	unwatch(fd);
	each(is_of, fd, DROP);
}

void fdg_late_used(int fd)
{
	unwatch(fd);
	each(is_of, fd, TELL);
}

void fdg_late_judge(void)
{
	if (atomic_load_explicit(&blocked, memory_order_relaxed) && !fdg_foreign_memory())
		each(is_overdue, fdg_late_now(), TELL);
}

void fdg_late_forking(void)
{
	int pid = fdg_sys_getpid();

	if (atomic_load(&used) && atomic_load_explicit(&parent, memory_order_relaxed) != pid)
		atomic_store_explicit(&parent, pid, memory_order_relaxed);
}

/* What was the parent's is told of here when it is used here. What another thread of its was about to write is not to be had. */
void fdg_late_forked(void)
{
	unsigned end = atomic_load(&used);

	if (!end)
		return;
	for (unsigned i = 0; i < end; i++) {
		struct late *l = &table[i];

		if (!take(l, READY)) {
			atomic_store(&l->state, FREE);
			continue;
		}
		if (!l->change.pid)
			l->change.pid = atomic_load_explicit(&parent, memory_order_relaxed);
		put_back(l);
	}
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
