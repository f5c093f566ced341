// SPDX-License-Identifier: MIT
/*
 * Guard nonblock, third part: nonblock.stdio.
 *
 * The bug. Standard input, output and error are usually one terminal or pipe, shared with the shell that started the program and with all that it starts next.
 * O_NONBLOCK is a mode of what is shared:
 *
 *     fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);   // the shell's stdin is non-blocking now
 *     run_loop();
 *     return 0;                                             // and stays so
 *
 * and the next `cat` ends with "Resource temporarily unavailable".
 *
 * Right: remember the flags and put them back before leaving, on a signal's way out too.
 *
 * What we do. At the first change of a description that the program was started with we remember it; when the program leaves (or execs) it is judged:
 * is the mode that the program set last another than it was at the start, and is it still so? A child of fork is judged for its own changes alone: it may leave what it met as well
 * as what its parent found. What a parent leaves to its child is judged when that leaves. Silent: a mode that nobody else can meet (a pipe that only this program holds), files, and listening sockets, whose next owner sets the mode that it needs.
 * With nonblock=fix what was blocking is made so again, unless another process uses it: one that is not an ancestor of the program, which waits for its end. The other way round is
 * only reported: an ancestor that has it, too, may have asked for blocking meanwhile, and one that finds it non-blocking would fail. A signal that ends the program leaves it
 * as it is: a handler of ours would be seen, and would need stack.
 */
#include "guards/nonblock/stdio.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/big.h"
#include "base/same.h"
#include "base/sys.h"
#include "guards/holders.h"
#include "guards/nonblock/stdio_say.h"
#include "guards/sharer.h"
#include "ledger/ledger.h"
#include "options/options.h"

#include "base/poison.h"

#define CHANGES 16

enum state { FREE, CLAIMED, USED };

/* One description whose mode was changed here. */
struct change {
	_Atomic int state;
	_Atomic int fd; /* a descriptor of it */
	_Atomic uint64_t dev, ino;
	_Atomic int access; /* O_RDONLY, O_WRONLY or O_RDWR */
	_Atomic bool before, now; /* non-blocking? */
	_Atomic bool met; /* by its owner, before that changed it; usually what `before` is */
	_Atomic int owner; /* the process that changed it: this one, or its parent before it forked */
	_Atomic int elder; /* whose it was before that; 0: nobody's */
	_Atomic unsigned since; /* fdg_holders_count() when its owner changed it first */
	_Atomic bool restored; /* for an exec, by us */
	_Atomic uintptr_t site;
};

FDG_BIG static struct change changes[CHANGES];
_Atomic bool fdg_stdio_any;
static int started_with[3] = { -1, -1, -1 }; /* F_GETFL of 0 to 2 at the start; negative: not known */

void fdg_stdio_start(void)
{
	for (int fd = 0; fd <= 2 && fdg_options.nonblock != FDG_OFF; fd++)
		started_with[fd] = fdg_sys_fcntl(fd, F_GETFL, 0);
}

static bool is_nonblocking(int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

	return flags >= 0 && flags & O_NONBLOCK;
}

static void set_mode(int fd, bool nonblocking)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

	if (flags >= 0)
		fdg_sys_fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static bool listens(int fd)
{
	int on = 0;
	unsigned len = sizeof(on);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

/* The mode of a file, of /dev/null or of a listener is nobody else's trouble. */
static bool has_a_mode(int fd, const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFIFO:
		return true;
	case S_IFSOCK:
		return !listens(fd);
	case S_IFCHR:
		return major(st->st_rdev) != 1;
	default:
		return false;
	}
}

static bool is_file_of(const struct change *c, const struct stat *st)
{
	return st->st_dev == c->dev && st->st_ino == c->ino;
}

static bool is_open_as(const struct change *c, int fd)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) == 0 && is_file_of(c, &st);
}

static int access_of(int fd)
{
	return fdg_sys_fcntl(fd, F_GETFL, 0) & O_ACCMODE;
}

/* One whose descriptor was closed behind us is known by file and access mode. */
static bool is_of(const struct change *c, int fd, const struct stat *st)
{
	if (c->state != USED || !is_file_of(c, st))
		return false;
	return is_open_as(c, c->fd) ? fdg_same_here(c->fd, fd) != FDG_NOT_SAME : c->access == access_of(fd);
}

static struct change *find(int fd, const struct stat *st)
{
	for (unsigned i = 0; i < CHANGES; i++)
		if (is_of(&changes[i], fd, st))
			return &changes[i];
	return NULL;
}

/* What the program found: at its start, if it never touched that number since; else before its first change. */
static bool found(int fd, bool was)
{
	for (int n = 0; n <= 2; n++)
		if (started_with[n] >= 0 && !fdg_ledger_state(n) && fdg_same_here(fd, n) != FDG_NOT_SAME)
			return started_with[n] & O_NONBLOCK;
	return was;
}

/* NULL: full. */
static struct change *claim(int fd, const struct stat *st, bool was)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		struct change *c = &changes[i];
		int none = FREE;

		if (!atomic_compare_exchange_strong(&c->state, &none, CLAIMED))
			continue;
		c->fd = fd;
		c->dev = st->st_dev;
		c->ino = st->st_ino;
		c->access = access_of(fd);
		c->before = c->met = found(fd, was);
		c->owner = fdg_sys_getpid();
		c->elder = 0;
		c->since = fdg_holders_count();
		c->restored = false;
		fdg_sharer_know_ancestors();
		return c;
	}
	return NULL;
}

/* This process changes it; or, if its parent is gone, goes on with what that did. */
static void own(struct change *c, bool was)
{
	int self = fdg_sys_getpid();

	if (c->owner == self)
		return;
	if (fdg_sharer_has(c->owner, c->fd)) {
		c->elder = c->owner;
		c->met = was;
	}
	c->owner = self;
	c->since = fdg_holders_count();
}

/* What it met is there again: its parent goes on with that. */
static void disown(struct change *c)
{
	c->owner = c->elder;
	c->elder = 0;
	c->met = c->before;
}

bool fdg_stdio_came_back(int fd)
{
	for (int n = 0; n <= 2; n++)
		if (fdg_ledger_is_inherited(n) && fdg_same_here(fd, n) == FDG_SAME)
			return true;
	return false;
}

void fdg_stdio_changed(int fd, bool was, bool now, const void *site)
{
	struct change *c;
	struct stat st;

	if (was == now || fdg_options.nonblock == FDG_OFF || fdg_foreign_memory())
		return;
	if (fdg_sys_fstat(fd, &st) < 0 || !has_a_mode(fd, &st))
		return;
	c = find(fd, &st);
	if (!c)
		c = claim(fd, &st, was);
	if (!c)
		return;
	if (!is_open_as(c, c->fd))
		c->fd = fd;
	own(c, was);
	c->now = now;
	c->site = (uintptr_t)site;
	if (c->elder && now == c->met)
		disown(c);
	c->state = USED;
	atomic_store_explicit(&fdg_stdio_any, true, memory_order_relaxed);
}

static bool may_be_of_the_start(int fd)
{
	return fdg_ledger_is_inherited(fd) || fdg_ledger_state(fd) & FDG_PASSED;
}

/* A descriptor of it that is not in first..last, or -1. */
static int another(const struct change *c, unsigned first, unsigned last)
{
	struct stat st;

	for (int fd = 0; fd >= 0; fd = fd < 2 ? fd + 1 : fdg_ledger_next(fd + 1))
		if (((unsigned)fd < first || (unsigned)fd > last) && may_be_of_the_start(fd) && fdg_sys_fstat(fd, &st) == 0 && is_of(c, fd, &st))
			return fd;
	return -1;
}

/* Is it left in another mode than it was found in, by what this process set last? Or its parent, if that has it no more. */
static bool is_changed(const struct change *c, int fd)
{
	if (c->state != USED || c->now == c->before || c->now == c->met || c->restored || is_nonblocking(fd) != c->now)
		return false;
	return c->owner == fdg_sys_getpid() || !fdg_sharer_has(c->owner, fd);
}

/* What is closed by an exec is left, as by an exit. */
static const char *who_gets(int fd, const char *file)
{
	return file && !(fdg_sys_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) ? file : NULL;
}

/* `file`: what is exec'd. */
static void judge(struct change *c, int fd, const char *file)
{
	struct fdg_stdio_left left = { .fd = fd, .before = c->before, .now = c->now, .site = (const void *)c->site, .file = who_gets(fd, file) };
	struct fdg_heirs heirs = { c->since, c->owner };
	struct fdg_sharer other;
	enum fdg_shared shared = fdg_find_stranger(fd, &heirs, &other);

	if (other.is_heir && !left.file)
		return; /* it is judged when that leaves */
	left.fixed = fdg_options.nonblock == FDG_FIX && c->now && shared == FDG_SHARED_BY_NONE;
	left.other = other.pid ? &other : NULL;
	for (int n = 0; n <= 2; n++)
		left.is[n] = n == fd || fdg_same_here(fd, n) != FDG_NOT_SAME;
	if (left.fixed) {
		set_mode(fd, c->before);
		c->restored = file != NULL; /* for now: the exec may fail */
	}
	fdg_stdio_say(&left);
}

void fdg_stdio_leave(const char *file)
{
	if (!fdg_stdio_has_work() || fdg_foreign_memory())
		return;
	for (unsigned i = 0; i < CHANGES; i++) {
		struct change *c = &changes[i];
		int fd = -1;

		if (c->state == USED)
			fd = is_open_as(c, c->fd) ? c->fd : another(c, ~0u, 0);
		if (fd >= 0 && is_changed(c, fd))
			judge(c, fd, file);
	}
}

void fdg_stdio_stay(void)
{
	if (!fdg_stdio_has_work() || fdg_foreign_memory())
		return;
	for (unsigned i = 0; i < CHANGES; i++)
		if (changes[i].state == USED && atomic_exchange(&changes[i].restored, false) && is_open_as(&changes[i], changes[i].fd))
			set_mode(changes[i].fd, changes[i].now);
}

void fdg_stdio_closing_slow(unsigned first, unsigned last)
{
	if (fdg_foreign_memory())
		return;
	for (unsigned i = 0; i < CHANGES; i++) {
		struct change *c = &changes[i];
		int fd = c->fd, other;

		if (c->state != USED || (unsigned)fd < first || (unsigned)fd > last || !is_open_as(c, fd))
			continue;
		other = another(c, first, last);
		if (other >= 0) {
			c->fd = other;
			continue;
		}
		if (is_changed(c, fd))
			judge(c, fd, NULL);
		c->state = FREE;
	}
}
