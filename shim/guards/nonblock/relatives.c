// SPDX-License-Identifier: MIT
/*
 * Changes between relatives, which the board (board.h) tells of. Who only reads and writes hears of one before its next data call (fdg_has_news), and the descriptor is
 * marked: the call that suffers tells (late.h).
 */
#include <fcntl.h>
#include <stdatomic.h>

#include "base/same.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/board.h"
#include "guards/nonblock/late.h"
#include "guards/nonblock/marks.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/stall.h"
#include "guards/passed.h"

#include "base/poison.h"

static _Atomic uint64_t seen; /* how many posts this process is done with */

/* Of sockets the inode is proof; of all else, the other's descriptor is looked at, if it is there still. */
static bool is_theirs(const struct fdg_post *p, int fd)
{
	struct stat st;

	return (fdg_sys_fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)) || fdg_same_there(fd, p->pid, p->fd) == FDG_SAME;
}

/* Passed from one to the other, it has another number and id here. */
static int passed_here(const struct fdg_post *p)
{
	int fd = -1;

	do
		fd = fdg_passed_next(p->dev, p->ino, fd);
	while (fd >= 0 && !is_theirs(p, fd));
	return fd;
}

/* The number of what was changed, in this process; -1: it has none. A child changes what it was given as 0 to 2. */
static int number_here(const struct fdg_post *p)
{
	int fd = p->fd;

	if (p->description ? fdg_ledger_description(fd) == p->description : p->pid == fdg_sys_getpid())
		return fd;
	fd = p->description ? fdg_ledger_next_of(0, p->description, UINT32_MAX) : -1;
	return fd < 0 && p->passed ? passed_here(p) : fd;
}

/* Its mode is what was asked for, and fd is what it was. */
static bool is_current(const struct fdg_post *p, int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);
	struct stat st;

	return flags >= 0 && !(flags & O_NONBLOCK) == !(p->asked || p->fixed) && fdg_sys_fstat(fd, &st) == 0 && fdg_post_is_of(p, &st);
}

static void tell(struct fdg_post *posted, const struct fdg_shared *s)
{
	unsigned char no = 0;

	if (atomic_compare_exchange_strong(&posted->told, &no, 1))
		fdg_shared_report(s);
}

/*
 * A child that was forked and has not exec'd sees for itself what was changed: when it uses it, if it ever does. One that has cannot. Nor does the loop of a parent that
 * waits for it already. Any other parent judges for itself: it may keep its own only to close it.
 */
static void judge_own(struct fdg_post *posted, const struct fdg_post *p, bool is_old)
{
	struct fdg_shared s = fdg_post_change(p);
	struct fdg_holder h;
	unsigned at = 0;

	while (fdg_holders_next_child(s.fd, &at, &h)) {
		if (!h.has_execd)
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
static bool is_over(const struct fdg_post *p)
{
	return p->fixed && (p->pid <= 0 || fdg_sys2(SYS_kill, p->pid, 0) < 0);
}

static bool wants_what_was_asked(const struct fdg_post *p, int here)
{
	return !(fdg_ledger_state(here) & FDG_NONBLOCK) == !p->asked;
}

static struct fdg_shared change_by_relative(const struct fdg_post *p, int here)
{
	struct fdg_shared s = fdg_post_change(p);

	s.pid = p->pid;
	s.other = here;
	if (p->asked)
		s.fixed = fdg_mark_is(here);
	return s;
}

/* What was made non-blocking under a holder that counts on waiting waits by our doing; and so does what another process asked to block, while a third has it otherwise. */
static void settle_mark(const struct fdg_post *p, int here, uint32_t generation)
{
	const char *call = p->asked ? NULL : fdg_post_change(p).call;
	bool waits = fdg_options.nonblock == FDG_FIX && (p->asked || p->fixed) && fdg_mark_waits(here, p->asked);

	if (!waits)
		fdg_mark_clear(here);
	if (waits)
		fdg_mark_set(here, generation, NULL, call);
	else if (p->fixed && !p->asked)
		fdg_mark_keep(here, generation, NULL, call);
}

static void suffers(const struct fdg_post *p, int here)
{
	uint32_t generation = fdg_ledger_generation(here);
	struct fdg_shared s;

	if (!is_current(p, here))
		return;
	settle_mark(p, here, generation);
	if (wants_what_was_asked(p, here) || is_over(p)) {
		fdg_late_drop(here);
		return;
	}
	s = change_by_relative(p, here);
	fdg_late_add(&s);
}

/* The first that suffers tells, at the call that does: it is marked, and no time has to pass. */
static void notice(struct fdg_post *posted, uint64_t number)
{
	struct fdg_post p;
	int here;

	if (!fdg_board_copy(posted, number, &p) || p.pid == fdg_sys_getpid() || atomic_load(&posted->told))
		return;
	here = number_here(&p);
	if (here < 0)
		return;
	suffers(&p, here);
	for (int h = fdg_holders_next(here, -1); h >= 0; h = fdg_holders_next(here, h))
		suffers(&p, h);
}

void fdg_board_notice(void)
{
	struct fdg_board *b = fdg_board();
	uint32_t written;

	if (!b || fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory())
		return;
	written = atomic_load_explicit(&b->written, memory_order_acquire);
	for (unsigned i = 0; i < FDG_POSTS; i++) {
		uint64_t number = atomic_load_explicit(&b->post[i].number, memory_order_acquire);

		if (fdg_board_is_news(i, number))
			notice(&b->post[i], number);
	}
	atomic_store_explicit(&fdg_news.seen, written, memory_order_relaxed);
}

/*
 * A loop has it. Or a program that was started has it, which goes on as long as it likes, while this loop may write more to it than fits. What a forked child was handed, and
 * is kept without use, harms nobody.
 */
static bool is_of_loop(const struct fdg_post *p, int here)
{
	return fdg_ledger_state(here) & FDG_POLLED || (fdg_has_loop && p->fd <= 2 && fdg_holders_has_execd(p->pid));
}

/* What a child made blocking under a loop of ours, and what nobody has suffered from: the loop may have waited already. */
static void judge_under_loop(struct fdg_post *posted, const struct fdg_post *p, int here)
{
	struct fdg_shared s;

	if (p->asked || p->fixed || p->parent != fdg_sys_getpid() || !is_of_loop(p, here))
		return;
	if (!(fdg_watched(here) & FDG_WATCH_SETTLE) || wants_what_was_asked(p, here))
		return;
	fdg_late_drop(here);
	s = change_by_relative(p, here);
	tell(posted, &s);
}

/* False: it is too young, or not written yet. */
static bool judge(struct fdg_board *b, uint64_t n, uint64_t time, bool last)
{
	struct fdg_post *posted = &b->post[n % FDG_POSTS], p;
	bool own, is_old;
	int here;

	if (!fdg_board_copy(posted, n + 1, &p))
		return atomic_load(&posted->number) > n + 1;
	own = p.pid == fdg_sys_getpid();
	is_old = time - p.when >= FDG_LATE_PATIENCE;
	if (!is_old && !(last && own))
		return false;
	here = number_here(&p);
	if (atomic_load(&posted->told) || here < 0 || !is_current(&p, here))
		return true;
	if (own)
		judge_own(posted, &p, is_old);
	else
		judge_under_loop(posted, &p, here);
	return true;
}

void fdg_board_judge(bool last)
{
	struct fdg_board *b = fdg_board_has_acted() ? fdg_board() : NULL;
	uint64_t count = b ? atomic_load_explicit(&b->count, memory_order_relaxed) : 0, n = atomic_load_explicit(&seen, memory_order_relaxed);
	uint64_t time;

	if (n >= count || fdg_foreign_memory())
		return;
	if (fdg_has_news())
		fdg_board_notice();
	time = (uint64_t)fdg_late_now();
	n = count > n + FDG_POSTS ? count - FDG_POSTS : n;
	while (n < count && judge(b, n, time, last))
		n++;
	if (n != atomic_load_explicit(&seen, memory_order_relaxed))
		atomic_store_explicit(&seen, n, memory_order_relaxed);
}
