// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/late.h"
#include "guards/nonblock.h"

#include "base/poison.h"

#define POSTS 32

struct post {
	_Atomic uint64_t number; /* the how manieth post this is, from 1; 0: being written */
	_Atomic bool told;
	bool was;
	int pid, parent; /* who changed it, and who forked that */
	uint64_t dev, ino, description;
	int64_t when;
	struct fdg_shared change;
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
		base = known ? base : p->was;
		known = true;
		if (base == asked)
			atomic_store(&p->told, true);
	}
	return known && base == asked;
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
	atomic_store(&p->told, false);
	p->was = was;
	p->pid = fdg_sys_getpid();
	p->parent = fdg_forked_from;
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->description = description;
	p->when = fdg_late_now();
	p->change = *s;
	atomic_store_explicit(&p->number, n + 1, memory_order_release);
}

/* The number of what was changed, in this process; -1: it has none. A child changes what it was given as 0 to 2. */
static int number_here(const struct post *p)
{
	int fd = p->change.fd;

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

	return flags >= 0 && !(flags & O_NONBLOCK) == !(p->change.asked || p->change.fixed) && fdg_sys_fstat(fd, &st) == 0 &&
	       is_same(p, &st, fdg_ledger_description(fd));
}

static void tell(struct post *posted, const struct fdg_shared *s)
{
	if (!atomic_exchange(&posted->told, true))
		fdg_shared_report(s);
}

/*
 * A child that was forked and has not exec'd sees for itself what was made non-blocking: when it uses it. One that has cannot, and blocking ones tell nobody anything.
 * The parent of a child that ends early may be about to close its own; if it is not, it judges for itself.
 */
static void judge_own(struct post *posted, const struct post *p, bool is_old)
{
	struct fdg_shared s = p->change;
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
	if (!s.asked && is_old && fdg_holders_parent_has(s.fd)) {
		s.other = s.fd;
		s.other_pid = fdg_forked_from;
		tell(posted, &s);
	}
}

static void judge_relative(struct post *posted, const struct post *p, int here)
{
	struct fdg_shared s = p->change;

	if (s.fixed || !(fdg_ledger_state(here) & FDG_NONBLOCK) == !s.asked)
		return;
	s.pid = p->pid;
	s.other = here;
	if (!s.asked && p->parent == fdg_sys_getpid())
		tell(posted, &s);
	else
		fdg_late_add(&s);
}

/* False: it is too young, or not written yet. */
static bool judge(struct fdg_board *b, uint64_t n, int64_t time, bool last)
{
	struct post *posted = &b->post[n % POSTS], p = *posted;
	bool own = p.pid == fdg_sys_getpid(), is_old = time - p.when >= FDG_LATE_PATIENCE;
	int here;

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
	int64_t time;

	if (n >= count || fdg_foreign_memory())
		return;
	time = fdg_late_now();
	n = count > n + POSTS ? count - POSTS : n;
	while (n < count && judge(b, n, time, last))
		n++;
	if (n != atomic_load_explicit(&seen, memory_order_relaxed))
		atomic_store_explicit(&seen, n, memory_order_relaxed);
}
