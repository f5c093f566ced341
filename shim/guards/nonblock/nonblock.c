// SPDX-License-Identifier: MIT
/*
 * Guard nonblock: a copy that makes ten thousand sockets blocking.
 *
 * The bug. O_NONBLOCK belongs to the open file description. dup, fork and SCM_RIGHTS give more descriptors of the same description, and F_SETFL or FIONBIO on one of
 * them changes all. An event loop that counts on EAGAIN then waits in read, for one peer, and serves nobody else; a thread that counts on waiting gets EAGAIN.
 *
 *     wrong:  int copy = dup(conn); fcntl(copy, F_SETFL, 0); setsockopt(copy, …);      conn is in an event loop
 *     right:  setsockopt(conn, …);
 *
 * What we do.
 *  1. The ledger knows which descriptors share a description (dup, fork, arrival by SCM_RIGHTS), and what the program set through each: FDG_NONBLOCK. A descriptor
 *     that has no other holder costs a compare (fdg_holders_is_alone).
 *  2. A change that another descriptor of this process did not ask for: that one is marked, and told of when a call on it is about to wait or has failed (late.c). Until
 *     then the program may ask the same for it, as many do for all copies in turn, or close it.
 *  3. Relatives, made by fork: the change is put on a board that they share. Each looks there before its next data call, and marks what it still has of it: a server
 *     may hold what its child has for a moment (relatives.c).
 *  4. nonblock=fix: a description stays non-blocking under a descriptor that asks to block where another one's user is known to count on that: the program asked for it
 *     through that one, or a loop has it. What then wants to block is marked FDG_WATCH_BLOCKS: the data calls wait for it (wrap/blocking.c), and F_GETFL shows what the
 *     program set. The other way round, what was made to block is marked when a copy of it asks not to. All others have what was asked for last, as without us.
 *  5. What was open when the program started belongs to others too: stdio.c.
 *
 * What cannot be fixed: a descriptor of a program that was started, or of a stranger; a description that is 0 to 2 or a stream too, which libc reads and writes inside. What
 * gets there is given up, by whatever number it goes (marks.c).
 */
#include "guards/nonblock/nonblock.h"

#include <fcntl.h>
#include <stddef.h>

#include "base/same.h"
#include "base/sys.h"
#include "guards/epoll/interest.h"
#include "guards/nonblock/late.h"
#include "guards/nonblock/marks.h"
#include "guards/nonblock/modes.h"
#include "guards/nonblock/stall.h"
#include "guards/nonblock/stdio.h"
#include "guards/origin.h"
#include "options/options.h"

#include "base/poison.h"

#define ASKED_MAX 64 /* holders, where nothing is mended: no more changes are kept (late.c) */
#define RACES 4 /* with other threads that change the same description's mode; it settles when one of them is the last */

static bool is_fixing(void)
{
	return fdg_options.nonblock == FDG_FIX;
}

static void wants(int fd, bool nonblocking)
{
	fdg_ledger_flag(fd, nonblocking ? FDG_NONBLOCK : 0, (nonblocking ? 0 : FDG_NONBLOCK) | FDG_MODE_COPIED);
}

/* Whoever asks for the flags knows from now on which mode it has; it did not ask for that. */
static void heard(int fd, bool nonblocking)
{
	if (!(fdg_watched(fd) & FDG_WATCH_SETTLE))
		return;
	fdg_late_drop(fd);
	fdg_ledger_flag(fd, nonblocking ? FDG_NONBLOCK : 0, nonblocking ? 0 : FDG_NONBLOCK);
}

int fdg_nonblock_asked(int fd, int flags)
{
	if (flags < 0)
		return flags;
	if (fdg_mark_is(fd) && (fdg_foreign_memory() || fdg_nonblock_still(fd)))
		return flags & ~O_NONBLOCK;
	if (!fdg_foreign_memory())
		heard(fd, flags & O_NONBLOCK);
	return flags;
}

/* ---- before the call ---- */

/* It counted on that when it forked us, and fd's mode is its wish still; or it asked for it since. */
static bool parent_wants(int fd)
{
	int asked = fdg_board_asked_by(fd, fdg_forked_from);

	if (asked < 0)
		asked = fdg_mark_counts(fd) && !fdg_mark_is_asked(fd);
	return asked && fdg_holders_parent_has(fd);
}

/* One that only inherited the mode may count on either; and a program that it started does. */
static bool child_wants(int fd)
{
	unsigned at = 0;

	for (int pid = fdg_holders_child(&at); pid; pid = fdg_holders_child(&at))
		if (fdg_board_asked_by(fd, pid) == 1 && fdg_same_there(fd, pid, fd) != FDG_NOT_SAME && !fdg_holders_has_execd(pid))
			return true;
	return false;
}

/* Is the description to stay non-blocking, for another that holds it, while fd is to block? Not where libc uses it inside, by any number. */
static bool stays(const struct fdg_mode_change *c)
{
	bool wanted = c->elsewhere;

	if (!is_fixing() || !fdg_mark_can(c->fd))
		return false;
	for (int h = fdg_holders_next(c->fd, -1); h >= 0; h = fdg_holders_next(c->fd, h)) {
		if (!fdg_mark_can(h))
			return false;
		wanted |= fdg_mark_counts(h);
	}
	return wanted;
}

void fdg_nonblock_look(struct fdg_mode_change *c)
{
	int flags;

	if (fdg_options.nonblock == FDG_OFF || fdg_foreign_memory())
		return;
	fdg_nonblock_news();
	flags = fdg_sys_fcntl(c->fd, F_GETFL, 0);
	if (flags < 0)
		return;
	c->looked = true;
	c->was = flags & O_NONBLOCK;
	if (c->asked || !c->was || fdg_stdio_is_inherited(c->fd))
		return;
	if (is_fixing()) {
		c->elsewhere = fdg_holders_is_older(c->fd) && (parent_wants(c->fd) || child_wants(c->fd));
		c->kernel = stays(c);
	}
	c->outside = fdg_modes_are_judged(c->kernel);
}

/* ---- after it ---- */

void fdg_nonblock_note(int fd, bool nonblocking)
{
	if (fdg_foreign_memory())
		return;
	wants(fd, nonblocking);
	if (fdg_ledger_state(fd) & FDG_POLLED)
		fdg_stall_mode(fd, nonblocking);
}

/* A forked child that has made a connection its 0 to 2 asks once for all three. */
static bool is_child_setting_up(int fd, int holder)
{
	return holder <= 2 && fdg_forked_from && fdg_holders_is_older(fd);
}

static struct fdg_shared change(const struct fdg_mode_change *c, bool fixed)
{
	return (struct fdg_shared){ .fd = c->fd, .asked = c->asked, .fixed = fixed, .call = c->call, .site = c->site, .level = FDG_LEVEL_WARNING,
				    .origin = fdg_options.stacks > 1 ? fdg_origin_keep() : 0 };
}

/* The mode of holder h is not what the program asked for it, by this change. */
static void suffers(const struct fdg_mode_change *c, int h, bool fixed)
{
	struct fdg_shared s = change(c, fixed);

	s.other = h;
	if (c->asked || !(c->outside || is_child_setting_up(c->fd, h)))
		fdg_late_add(&s);
}

/* The mark of h. One that does not block already, and is not marked, was told so before: nothing begins to wait where nothing changed. */
static void settle_mark(const struct fdg_mode_change *c, int h, uint32_t generation)
{
	bool waits = c->kernel && fdg_mark_waits(h, c->asked);

	if (c->asked && waits)
		waits = is_fixing() && (!c->was || (fdg_mark_is(h) && fdg_nonblock_still(h)));
	if (!waits)
		fdg_mark_clear(h);
	if (waits)
		fdg_mark_set(h, generation, c->asked ? NULL : c->site, c->asked ? NULL : c->call);
	else if (c->kernel && !c->asked)
		fdg_mark_keep(h, generation, c->site, c->call);
}

/* From -1 on; *count from 0. */
static int next_holder(int fd, int after, unsigned *count)
{
	return is_fixing() || (*count)++ < ASKED_MAX ? fdg_holders_next(fd, after) : -1;
}

/* Each holder here: its mark, and whether it is to be watched. The number of one that another thread closes may be anything's. */
static void settle_marks(const struct fdg_mode_change *c)
{
	unsigned count = 0;

	settle_mark(c, c->fd, fdg_ledger_generation(c->fd));
	for (int h = next_holder(c->fd, -1, &count); h >= 0; h = next_holder(c->fd, h, &count)) {
		uint32_t generation = fdg_ledger_generation(h);

		if (fdg_ledger_description(h) != fdg_ledger_description(c->fd))
			continue;
		settle_mark(c, h, generation);
		if (fdg_ledger_state(h) & FDG_POLLED)
			fdg_stall_mode(h, c->kernel && !fdg_mark_is(h));
	}
}

/* The kernel's mode, now. Two threads that ask at once can both have kept it for each other. False: it is not what the marks are for. */
static bool look_again(struct fdg_mode_change *c)
{
	int flags = fdg_sys_fcntl(c->fd, F_GETFL, 0);
	bool before = c->kernel;

	if (flags < 0)
		return true;
	c->kernel = flags & O_NONBLOCK;
	if (c->kernel && !c->asked && !c->outside && !stays(c) && fdg_sys_fcntl(c->fd, F_SETFL, flags & ~O_NONBLOCK) == 0)
		c->kernel = false;
	return c->kernel == before;
}

static void settle(struct fdg_mode_change *c)
{
	bool is_settled = false;

	if (is_fixing())
		look_again(c);
	for (int i = 0; i < RACES && !is_settled; i++) {
		settle_marks(c);
		is_settled = !is_fixing() || look_again(c);
	}
}

/* Who has another mode now than it wants. */
static void tell_others(const struct fdg_mode_change *c, bool is_change)
{
	unsigned count = 0;

	for (int h = next_holder(c->fd, -1, &count); h >= 0; h = next_holder(c->fd, h, &count)) {
		if (!(fdg_ledger_state(h) & FDG_NONBLOCK) == !c->asked)
			fdg_late_drop(h);
		else if (is_change)
			suffers(c, h, c->asked ? fdg_mark_is(h) : c->kernel);
	}
}

static void tell_relatives(const struct fdg_mode_change *c)
{
	struct fdg_shared s = change(c, c->kernel != c->asked);

	if (fdg_holders_is_older(c->fd) || fdg_ledger_state(c->fd) & FDG_PASSED)
		fdg_board_post(&s, c->was);
}

void fdg_nonblock_changed(struct fdg_mode_change *c)
{
	bool is_change = c->was != c->asked, is_back = c->asked && fdg_mark_is(c->fd);

	if (fdg_stdio_is_inherited(c->fd)) {
		fdg_nonblock_note(c->fd, c->asked);
		if (is_change)
			fdg_stdio_changed(c->fd, c->was, c->asked, c->site);
		return;
	}
	if (fdg_mark_is(c->fd) && !c->asked)
		is_change = false; /* it was told so before */
	fdg_nonblock_note(c->fd, c->asked);
	if (is_fixing() && fdg_holders_is_older(c->fd))
		fdg_mark_asked(c->fd);
	fdg_late_drop(c->fd);
	if (is_change || is_fixing()) {
		settle(c);
		tell_others(c, is_change);
	}
	if (is_change || is_back)
		tell_relatives(c);
	fdg_nonblock_tick();
}

/* ---- later ---- */

void fdg_nonblock_settle(int fd)
{
	fdg_late_used(fd);
}

void fdg_nonblock_judge(void)
{
	fdg_late_judge();
	fdg_board_judge(false);
}

/* ---- life cycle ---- */

void fdg_nonblock_before_fork(void)
{
	if ((fdg_options.nonblock == FDG_OFF && !fdg_interest_has_own()) || fdg_foreign_memory())
		return;
	fdg_board_forking();
	fdg_nonblock_news(); /* the child is not to hear of it again */
	fdg_late_forking();
	fdg_ledger_forking();
}

void fdg_nonblock_forked(void)
{
	fdg_late_forked();
	fdg_board_forked();
}

void fdg_nonblock_parent_forked(int child)
{
	if (!fdg_foreign_memory())
		fdg_holders_forked(child);
}

void fdg_nonblock_end(void)
{
	if (fdg_options.nonblock == FDG_OFF || fdg_foreign_memory())
		return;
	fdg_board_judge(true);
	fdg_late_end();
}
