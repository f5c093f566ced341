// SPDX-License-Identifier: MIT
/*
 * Guard epoll, third part: epoll.stale.
 *
 * The bug. An interest list holds a description and a number, and is rid of them when the description is closed: when its last descriptor is. A program closes the number
 * that it registered while a duplicate, or a child, holds the description:
 *
 *     wrong:  close(conn->fd); free(conn);                     a child has it still
 *     right:  epoll_ctl(loop, EPOLL_CTL_DEL, conn->fd, NULL); close(conn->fd); free(conn);
 *
 * Then the registration lives on. Its events carry a pointer to what was freed, and it cannot be taken out: the number is closed, or another file.
 *
 * What we do.
 *  1. interest.c remembers who registered what. Before a registered descriptor is closed whose description another process may hold (the ledger's flags; most have no
 *     other holder, and cost two loads), epoll=fix takes it out, as the program should have. Not where another number of this process has it: the program may go on
 *     with that one and the events of the old registration, or put it back (saved = dup(n); dup2(x, n); dup2(saved, n)), and all that works.
 *  2. Only in the process that did the EPOLL_CTL_ADD: in a forked child it would take out its parent's. And not where a child has the epoll: it may be the one that
 *     serves the list, and what we close is open in it.
 *  3. That is told when the program comes back to wait, if the other holder is proved to be there still: a child that ends in time did no harm.
 *  4. What was left behind unseen, or with epoll=report, is found when it fires: stale_find.c.
 */
#include "guards/epoll/stale.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/fmt.h"
#include "base/same.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/epoll/acts.h"
#include "guards/epoll/ghosts.h"
#include "guards/epoll/sets.h"
#include "guards/holders.h"
#include "options/options.h"

#include "base/poison.h"

#define PENDING 16u
#define LOOKS_MAX 256u /* at who else holds a description, in a process: each may walk the ledger */
#define VERDICTS 64u
#define SEEN_MS 100

enum { FREE, BUSY, READY };

struct pending {
	_Atomic int state;
	struct fdg_stale s;
	uint64_t set;
	dev_t dev;
	ino_t ino;
};

FDG_BIG static struct pending pending[PENDING];
_Atomic unsigned fdg_stale_pending;
static _Atomic unsigned looks;

/* ---- may we? ---- */

/* Nobody sees what is executed start others. */
static bool is_passed_by_exec(int epfd)
{
	return fdg_ledger_state(epfd) & FDG_FORCED || !(fdg_sys_fcntl(epfd, F_GETFD, 0) & FD_CLOEXEC);
}

/* What it executed may have been told of it; and a child that is gone may have left one of its own. */
static bool has_child_copy(int epfd)
{
	unsigned at = 0;
	int pid;

	while ((pid = fdg_stale_next_relative(&at)) > 0)
		if (fdg_sets_may_have(epfd, pid))
			return true;
	return is_passed_by_exec(epfd) && fdg_sets_somebody_has(epfd);
}

/* That one has was seen just now, and that none has holds until the next fork, where it takes one. A word: 32 bits of the epoll's description, and of how many forks there were. */
static bool has_child_copy_by_now(int epfd)
{
	FDG_BIG static struct {
		_Atomic uint64_t none, some;
		_Atomic int64_t when;
	} known[VERDICTS];
	uint64_t set = fdg_ledger_description(epfd), word = set << 32 | (fdg_holders_count() + 1u);
	int64_t now;
	unsigned at = set % VERDICTS;
	bool is_new, has;

	now = fdg_acts_clock();
	is_new = now - atomic_load_explicit(&known[at].when, memory_order_relaxed) < SEEN_MS;
	if (atomic_load_explicit(&known[at].none, memory_order_relaxed) == word && (is_new || !is_passed_by_exec(epfd)))
		return false;
	if (atomic_load_explicit(&known[at].some, memory_order_relaxed) == word && is_new)
		return true;
	has = has_child_copy(epfd);
	atomic_store_explicit(&known[at].when, now, memory_order_relaxed);
	atomic_store_explicit(has ? &known[at].some : &known[at].none, word, memory_order_relaxed);
	atomic_store_explicit(has ? &known[at].none : &known[at].some, 0, memory_order_relaxed);
	return has;
}

_Atomic bool fdg_stale_epoll_passed;

bool fdg_stale_is_shared(int epfd)
{
	uint32_t state = fdg_ledger_state(epfd);

	if (state & FDG_PASSED || atomic_load_explicit(&fdg_stale_epoll_passed, memory_order_relaxed) || (state && fdg_ledger_description(epfd) < FDG_DESCRIPTION_FIRST))
		return true;
	if (!fdg_holders_is_older(epfd))
		return false;
	if (atomic_load_explicit(&fdg_holders_lost, memory_order_relaxed))
		return true;
	return fdg_holders_parent_has(epfd) || has_child_copy_by_now(epfd) || fdg_sets_used(epfd);
}

/* ---- who else has it ---- */

static bool has_as(struct pending *p, int pid, int fd, int theirs)
{
	if (fdg_same_there(fd, pid, theirs) == FDG_NOT_SAME)
		return false;
	p->s.other = theirs;
	p->s.other_pid = pid;
	return true;
}

/* A child that is our copy may be about to close it. */
static bool find_program(struct pending *p, int fd)
{
	unsigned at = 0;
	int pid;

	while ((pid = fdg_stale_next_child(&at)) > 0)
		if ((has_as(p, pid, fd, fd) || has_as(p, pid, fd, 0) || has_as(p, pid, fd, 1) ||
		     has_as(p, pid, fd, 2)) &&
		    fdg_holders_has_execd(pid))
			return true;
	return false;
}

static bool find_other(struct pending *p, int fd)
{
	struct stat st;

	if (fdg_sys_fstat(fd, &st) < 0)
		return false;
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return fdg_holders_is_older(fd) && find_program(p, fd);
}

/* Is the other holder that was found still what it was? */
static bool is_still_held(const struct pending *p)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	struct stat st;

	fdg_fmt(&b, "/proc/%d/fd/%d", p->s.other_pid, p->s.other);
	return fdg_sys_stat(path, &st) == 0 && st.st_dev == p->dev && st.st_ino == p->ino;
}

static struct pending *take_free(void)
{
	for (unsigned i = 0; i < PENDING; i++) {
		int state = FREE;

		if (atomic_compare_exchange_strong(&pending[i].state, &state, BUSY))
			return &pending[i];
	}
	return NULL;
}

static void give(struct pending *p)
{
	atomic_store(&p->state, FREE);
	atomic_fetch_sub(&fdg_stale_pending, 1);
}

/* fd is open still. */
static void remember(const struct fdg_registration *r, int epfd, const void *site)
{
	struct fdg_known k;
	struct pending *p;

	if (atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed) >= LOOKS_MAX)
		return;
	p = take_free();
	if (!p)
		return;
	atomic_fetch_add(&fdg_stale_pending, 1);
	p->s = (struct fdg_stale){ .epfd = epfd,
				   .fd = r->fd,
				   .data = r->data,
				   .events = r->events,
				   .other = -1,
				   .look = -1,
				   .registered_at = r->site,
				   .closed_at = site,
				   .fixed = true };
	p->s.made_at = fdg_ledger_look(r->fd, &k) ? k.site : NULL;
	p->set = r->set;
	if (find_other(p, r->fd))
		atomic_store(&p->state, READY);
	else
		give(p);
}

static bool is_list(const struct pending *p, int epfd)
{
	struct fdg_registration of = { .set = p->set };

	return fdg_interest_is_of(&of, epfd);
}

void fdg_stale_judge_slow(int epfd)
{
	if (fdg_foreign_memory() || fdg_phase_now() != FDG_ACTIVE)
		return;
	for (unsigned i = 0; i < PENDING; i++) {
		struct pending *p = &pending[i];
		int state = READY;

		if (!atomic_compare_exchange_strong(&p->state, &state, BUSY))
			continue;
		if (!is_list(p, epfd) && is_list(p, p->s.epfd)) {
			atomic_store(&p->state, READY);
			continue;
		}
		if (is_list(p, epfd) && is_still_held(p))
			fdg_stale_say(&p->s);
		give(p);
	}
}

/* ---- closing ---- */

static void take_out(const struct fdg_registration *r, const void *site)
{
	int epfd = fdg_interest_epoll(r);

	if (epfd < 0)
		return;
	if (fdg_options.epoll != FDG_FIX || fdg_stale_is_shared(epfd) ||
	    fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_DEL, r->fd, 0) < 0)
		fdg_ghost_keep(r, site);
	else
		remember(r, epfd, site);
}

/* A child that nobody saw forked has its parent's idea of who it is: there is time to ask where something would be done. */
static bool is_owner(int owner)
{
	return owner == fdg_sys_getpid();
}

/* Another number of this process has it, or may, or it is on its way in a message. The program may go on with that one, or put it back: who knows? */
static bool is_here_too(int fd)
{
	return !fdg_ledger_state(fd) || fdg_ledger_state(fd) & FDG_PASSED || fdg_ledger_is_inherited(fd) || fdg_holders_next(fd, -1) >= 0;
}

static void closing_shared(int fd, int owner, const void *site)
{
	bool stays = is_here_too(fd);
	struct fdg_registration r;
	unsigned at = 0;

	while (fdg_interest_next(fd, &at, &r)) {
		if (r.owner != owner || !r.current)
			continue;
		if (stays)
			fdg_ghost_keep(&r, site);
		else
			take_out(&r, site);
	}
	if (!stays)
		fdg_interest_closing(fd, owner);
}

static void closing(int fd, const void *site)
{
	int owner = atomic_load_explicit(&fdg_interest_owner, memory_order_relaxed);
	struct fdg_registration r;
	unsigned at = 0;

	if (fdg_holders_is_alone(fd))
		fdg_interest_closing(fd, owner);
	else if (fdg_interest_next(fd, &at, &r) && is_owner(owner))
		closing_shared(fd, owner, site);
}

void fdg_stale_closing(int fd, const void *site)
{
	if (!fdg_foreign_memory())
		closing(fd, site);
}

void fdg_stale_closing_range(unsigned first, unsigned last, const void *site)
{
	if (first > INT32_MAX || fdg_foreign_memory())
		return;
	for (int fd = fdg_interest_next_fd((int)first); fd >= 0 && (unsigned)fd <= last;
	     fd = fdg_interest_next_fd(fd + 1))
		closing(fd, site);
}

/* The kernel will refuse it, or put the same file there, and then the registration stays. */
static bool leaves_it(int from, int to)
{
	struct rlimit64 limit;

	if (from == to || fdg_sys_fcntl(from, F_GETFD, 0) < 0)
		return true;
	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) < 0 || (unsigned)to >= limit.rlim_cur)
		return true;
	return fdg_same_here(from, to) != FDG_NOT_SAME;
}

void fdg_stale_replacing(int from, int to, const void *site)
{
	unsigned at = 0;
	struct fdg_registration r;

	if (!fdg_foreign_memory() && fdg_interest_next(to, &at, &r) && !leaves_it(from, to))
		closing(to, site);
}

/* ---- a number comes back ---- */

_Atomic bool fdg_stale_taken;

static void register_again(const struct fdg_registration *r, int epfd)
{
	struct epoll_event e = { .events = r->events, .data.u64 = r->data };

	fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_ADD, r->fd, &e);
}

void fdg_stale_returned_slow(int to)
{
	uint64_t description = fdg_ledger_description(to);
	struct fdg_registration r;
	unsigned at = 0;
	int epfd;

	while (!fdg_foreign_memory() && description && fdg_interest_next(to, &at, &r)) {
		if (!(r.state & FDG_INTEREST_TAKEN) || r.description != description || !is_owner(r.owner))
			continue;
		epfd = fdg_interest_epoll(&r);
		if (epfd >= 0)
			register_again(&r, epfd);
		fdg_interest_state(&r, 0, FDG_INTEREST_TAKEN);
	}
}
