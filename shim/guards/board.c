// SPDX-License-Identifier: MIT
/*
 * What lies on the board is written by relatives, which may be another program's code by then, or gone wild: no pointers, and every number is taken for what it may be.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/late.h"
#include "guards/nonblock.h"
#include "guards/stall.h"
#include "report/run.h"
#include "report/symbol.h"

#include "base/poison.h"

#define POSTS 32
#define OBJECT 208 /* a path that is longer is not known */
#define OBJECTS 32 /* of other processes, in this one */

static const char *const calls[] = { "F_SETFL", "FIONBIO" };

struct post {
	_Atomic uint64_t number; /* the how manieth post this is, from 1; 0: being written */
	_Atomic unsigned char told;
	unsigned char was, asked, fixed;
	unsigned call; /* which of `calls` */
	int fd;
	int pid, parent; /* who changed it, and who forked that */
	uint32_t origin; /* for that process itself */
	uint64_t dev, ino, description, when;
	uint64_t offset;
	char object[OBJECT]; /* where it was changed, with the offset; addresses are each process's own */
};

struct fdg_board {
	_Atomic uint64_t count;
	struct fdg_children children;
	struct post post[POSTS];
};

static struct fdg_board *_Atomic board;
static _Atomic uint64_t seen; /* how many of them this process is done with */

static struct fdg_board *get(void)
{
	return atomic_load_explicit(&board, memory_order_acquire);
}

void fdg_board_open(void)
{
	struct fdg_board *fresh, *none = NULL;

	if (get())
		return;
	fresh = fdg_sys_mmap(sizeof(*fresh), true);
	if (fresh && !atomic_compare_exchange_strong(&board, &none, fresh))
		fdg_sys_munmap(fresh, sizeof(*fresh));
	atomic_store_explicit(&fdg_late_ticks, true, memory_order_relaxed);
	if (get())
		atomic_store_explicit(&fdg_children, &get()->children, memory_order_release);
}

/* What other processes posted before this one was forked is told by those who were there. */
void fdg_board_forked(void)
{
	struct fdg_board *b = get();
	uint64_t count = b ? atomic_load(&b->count) : 0;

	if (atomic_load_explicit(&seen, memory_order_relaxed) != count)
		atomic_store_explicit(&seen, count, memory_order_relaxed);
}

static bool is_same(const struct post *p, const struct stat *st, uint64_t description)
{
	return p->description == description && p->dev == st->st_dev && p->ino == st->st_ino;
}

/* Is this change the way back? Then all that was posted of the description is settled. */
static bool restores(struct fdg_board *b, const struct stat *st, uint64_t description, bool asked)
{
	uint64_t count = atomic_load(&b->count);
	bool known = false, base = false;

	for (uint64_t n = count > POSTS ? count - POSTS : 0; n < count; n++) {
		struct post *p = &b->post[n % POSTS];

		if (atomic_load(&p->number) != n + 1 || !is_same(p, st, description))
			continue;
		base = known ? base : p->was != 0;
		known = true;
		if (base == asked)
			atomic_store(&p->told, 1);
	}
	return known && base == asked;
}

static void put_place(struct post *p, const void *site)
{
	struct fdg_place place = { NULL, 0 };
	size_t n = fdg_place_of(site, &place) ? strlen(place.object) : OBJECT;

	p->offset = place.offset;
	p->object[0] = '\0';
	if (n < OBJECT)
		memcpy(p->object, place.object, n + 1);
}

static void put_change(struct post *p, const struct fdg_shared *s)
{
	p->fd = s->fd;
	p->asked = s->asked;
	p->fixed = s->fixed;
	p->call = strcmp(s->call, calls[1]) == 0;
	p->origin = s->origin;
	put_place(p, s->site);
}

int fdg_board_asked_by(int fd, int pid)
{
	struct fdg_board *b = get();
	uint64_t count = b ? atomic_load(&b->count) : 0, description = fdg_ledger_description(fd);
	struct stat st;

	if (!count || !pid || fdg_sys_fstat(fd, &st) < 0)
		return -1;
	for (uint64_t n = count; n > 0 && n + POSTS > count; n--) {
		struct post *p = &b->post[(n - 1) % POSTS];

		if (atomic_load(&p->number) == n && p->pid == pid && is_same(p, &st, description))
			return p->asked == 1;
	}
	return -1;
}

void fdg_board_post(const struct fdg_shared *s, bool was)
{
	struct fdg_board *b = get();
	uint64_t description = fdg_ledger_description(s->fd), n;
	struct post *p;
	struct stat st;

	if (!b || fdg_sys_fstat(s->fd, &st) < 0 || restores(b, &st, description, s->asked))
		return;
	n = atomic_fetch_add(&b->count, 1);
	p = &b->post[n % POSTS];
	atomic_store(&p->number, 0);
	atomic_store(&p->told, 0);
	p->was = was;
	p->pid = fdg_sys_getpid();
	p->parent = fdg_forked_from;
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->description = description;
	p->when = (uint64_t)fdg_late_now();
	put_change(p, s);
	atomic_store_explicit(&p->number, n + 1, memory_order_release);
}

/* Text that stays: the program's own, or one of a few that are kept. NULL: no room. */
static const char *keep_object(const char *path)
{
	FDG_BIG static struct { _Atomic int state; char path[OBJECT]; } kept[OBJECTS];
	enum { FREE, BUSY, READY };

	if (fdg_run_exe() && strcmp(path, fdg_run_exe()) == 0)
		return fdg_run_exe();
	for (unsigned i = 0; i < OBJECTS; i++) {
		int state = FREE;

		if (atomic_compare_exchange_strong(&kept[i].state, &state, BUSY)) {
			memcpy(kept[i].path, path, strlen(path) + 1);
			atomic_store_explicit(&kept[i].state, READY, memory_order_release);
			return kept[i].path;
		}
		if (state == READY && strcmp(kept[i].path, path) == 0)
			return kept[i].path;
	}
	return NULL;
}

/* *p is a copy, whose text ends. */
static struct fdg_shared change_of(const struct post *p)
{
	struct fdg_shared s = { .fd = p->fd, .asked = p->asked, .fixed = p->fixed, .call = calls[p->call == 1], .level = FDG_LEVEL_WARNING };

	if (p->pid == fdg_sys_getpid())
		s.origin = p->origin;
	if (p->object[0])
		s.place = (struct fdg_place){ keep_object(p->object), p->offset };
	return s;
}

/* The number of what was changed, in this process; -1: it has none. A child changes what it was given as 0 to 2. */
static int number_here(const struct post *p)
{
	int fd = p->fd;

	if (fdg_ledger_description(fd) == p->description)
		return fd;
	for (fd = fdg_ledger_next(0); fd >= 0 && fdg_ledger_description(fd) != p->description; fd = fdg_ledger_next(fd + 1))
		;
	return fd;
}

/* Its mode is what was asked for, and fd is what it was. */
static bool is_current(const struct post *p, int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);
	struct stat st;

	return flags >= 0 && !(flags & O_NONBLOCK) == !(p->asked || p->fixed) && fdg_sys_fstat(fd, &st) == 0 &&
	       is_same(p, &st, fdg_ledger_description(fd));
}

static void tell(struct post *posted, const struct fdg_shared *s)
{
	if (!atomic_exchange(&posted->told, 1))
		fdg_shared_report(s);
}

/*
 * A child that was forked and has not exec'd sees for itself what was changed: when it uses it. One that has cannot, and blocking ones tell nobody anything. Nor does the
 * loop of a parent that waits for it already. Any other parent judges for itself: it may keep its own only to close it.
 */
static void judge_own(struct post *posted, const struct post *p, bool is_old)
{
	struct fdg_shared s = change_of(p);
	struct fdg_holder h;
	unsigned at = 0;

	while (fdg_holders_next_child(s.fd, &at, &h)) {
		if (s.asked && !h.has_execd)
			continue;
		s.other = h.fd;
		s.other_pid = h.pid;
		tell(posted, &s);
		return;
	}
	if (!s.asked && is_old && fdg_ledger_state(s.fd) & FDG_POLLED && fdg_holders_parent_has(s.fd)) {
		s.other = s.fd;
		s.other_pid = fdg_forked_from;
		tell(posted, &s);
	}
}

/* What was fixed, and not for long, did nothing to anybody. */
static bool is_over(const struct post *p)
{
	return p->fixed && (p->pid <= 0 || fdg_sys2(SYS_kill, p->pid, 0) < 0);
}

/* What a child made blocking under a loop of ours is told of at once: the loop may have waited already. All else when it suffers. */
static bool is_under_loop(const struct post *p, int here)
{
	return !p->asked && !p->fixed && p->parent == fdg_sys_getpid() && (fdg_has_loop || fdg_ledger_state(here) & FDG_POLLED);
}

static void judge_relative(struct post *posted, const struct post *p, int here)
{
	struct fdg_shared s;

	if (is_over(p) || !(fdg_ledger_state(here) & FDG_NONBLOCK) == !p->asked)
		return;
	s = change_of(p);
	s.pid = p->pid;
	s.other = here;
	if (is_under_loop(p, here))
		tell(posted, &s);
	else
		fdg_late_add(&s);
}

/* False: it is too young, or not written yet. */
static bool judge(struct fdg_board *b, uint64_t n, uint64_t time, bool last)
{
	struct post *posted = &b->post[n % POSTS], p = *posted;
	bool own = p.pid == fdg_sys_getpid(), is_old = time - p.when >= FDG_LATE_PATIENCE;
	int here;

	p.object[OBJECT - 1] = '\0';
	if (atomic_load(&posted->number) != n + 1)
		return atomic_load(&posted->number) > n + 1;
	if (!is_old && !(last && own))
		return false;
	here = number_here(&p);
	if (atomic_load(&posted->told) || here < 0 || !is_current(&p, here))
		return true;
	if (own)
		judge_own(posted, &p, is_old);
	else
		judge_relative(posted, &p, here);
	return true;
}

void fdg_board_judge(bool last)
{
	struct fdg_board *b = get();
	uint64_t count = b ? atomic_load_explicit(&b->count, memory_order_relaxed) : 0, n = atomic_load_explicit(&seen, memory_order_relaxed);
	uint64_t time;

	if (n >= count || fdg_foreign_memory())
		return;
	time = (uint64_t)fdg_late_now();
	n = count > n + POSTS ? count - POSTS : n;
	while (n < count && judge(b, n, time, last))
		n++;
	if (n != atomic_load_explicit(&seen, memory_order_relaxed))
		atomic_store_explicit(&seen, n, memory_order_relaxed);
}
