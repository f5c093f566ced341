// SPDX-License-Identifier: MIT
/*
 * A listener of a SO_REUSEPORT group is closed, and the connections in its queue, whose clients believe that they are connected, would get a reset each. Where the kernel
 * cannot be told to move them (that takes privileges) they are moved here, into the hands of whoever accepts next on a sibling in this process:
 *
 *     steer      have the kernel choose among the others from now on (steer.c). Where that cannot be, what comes between the last look and the close is reset.
 *     drain      accept what is queued, each only where there are the two numbers that it takes until it is given; and what had begun before, which ends in a moment.
 *     stand in   after the close, for each connection a stand-in: a connection from this machine to the same address, which the kernel queues on one of the siblings.
 *                So whoever waits there, in accept, epoll_wait, poll, select or any other way, is woken as for any connection, once for each, and by the kernel. accept
 *                (wrap/accept.c) knows the stand-in by its addresses, and returns the connection that it stands for, under the number that the kernel chose.
 *
 * A queue of the kernel's is the queue: nothing is lost or given twice, and sibling by sibling in the order and the shares that the kernel would have chosen. It moves on when
 * that is handed over, too. What nobody accepts within OLD_MS, or before another process is started, which may accept there, or before a seccomp filter, is reset, and told.
 *
 * The whole group must be this process's own, and be seen to be: a stand-in that another process accepts would be a connection from nowhere there. When that is so says
 * handover_gate.c. Signals wait while it lasts.
 */
#include "guards/reuseport/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/handover_gate.h"
#include "guards/reuseport/kept.h"
#include "guards/reuseport/reuseport.h"
#include "guards/reuseport/standins_parts.h"
#include "guards/reuseport/steer.h"
#include "guards/reuseport/turn.h"

#include "base/poison.h"

enum { TAKES_MS = 250, OVERTIME = 64, ALL_MS = 500, LEAST_MS = 50, GONE_MS = 50, OLD_MS = 5000, LOOK_MS = 1000, QUIET_MS = 1, SPIN_NS = 60000 };

_Atomic bool fdg_handover_ready;
static struct fdg_group group; /* the last; this and the rest is its whose turn it is */
static struct closing {
	bool is_open; /* the turn is for this, and not for one that listens */
	int fd;
	unsigned late; /* were taken when it had been told how many there are */
	bool may;      /* one was handed over */
	bool is_busy;  /* … and others may be in a call on it */
} closing;

/* One at a time: a thread that does not get its turn closes as ever. */
static bool has_turn(void)
{
	if (fdg_turn_is_mine())
		return true; /* several at once */
	if (!fdg_turn_take())
		return false;
	closing = (struct closing){ .is_open = true, .fd = -1 };
	return true;
}

static void end_turn(void)
{
	if (!closing.is_open)
		return;
	fdg_steer_end();
	closing.is_open = false;
	fdg_turn_end();
}

static bool is_closing(void)
{
	return fdg_turn_is_mine() && closing.is_open;
}

/*
 * Drain
 */

struct work {
	int fd, family;
	unsigned taken, late;
	bool ended; /* nothing more is to be taken */
	const char *why;
};

static bool is_ready(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return fdg_sys_poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}

static void take_one(struct work *w)
{
	struct fdg_reserved r;
	int fd;

	if (!fdg_standin_reserve(&r, w->family)) {
		w->why = "fdguard keeps 256, and there have to be two numbers left for each (RLIMIT_NOFILE)";
		w->ended = true;
		return;
	}
	fd = (int)fdg_sys4(SYS_accept4, w->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || fdg_standin_returned(fd))
		fdg_standin_unreserve(&r);
	else
		fdg_standin_hold(&r, fd);
	w->taken += fd >= 0;
	if (fd >= 0 || fd == -EAGAIN || fd == -ECONNABORTED || fd == -EINTR)
		return;
	w->why = "the kernel does not let them be accepted";
	w->ended = true;
}

/* It may have gone by while others had the CPU: a few are taken all the same. */
static bool has_time(struct work *w)
{
	return fdg_now_ms() - fdg_turn_began() < TAKES_MS || w->late++ < OVERTIME;
}

static void drain(struct work *w)
{
	while (!w->ended && is_ready(w->fd, 0)) {
		take_one(w);
		if (w->ended || has_time(w))
			continue;
		w->why = "there was no time for more";
		w->ended = true;
	}
}

static void spin(void)
{
	int64_t begun = fdg_now_ns();

	while (fdg_now_ns() - begun < SPIN_NS)
		;
}

/* No new ones begin there. What had begun comes to its end: in a moment, or where the machine has much to do in several. NULL, or the gap. */
static const char *drain_to_the_end(struct work *w, bool is_busy)
{
	bool is_hidden;

	spin();
	drain(w);
	if (!is_busy && !w->taken)
		return NULL;
	is_hidden = fdg_steer_hide(w->fd);
	do
		drain(w);
	while (!w->ended && is_ready(w->fd, QUIET_MS));
	return is_hidden ? NULL : "the listener cannot be hidden (another process may have it, as far as could be looked, or the kernel is older than Linux 5.7)";
}

unsigned fdg_handover(int fd, const struct fdg_group *g, const char **ret_why, const char **ret_gap)
{
	struct work w = { .fd = fd, .family = g->family };
	bool is_busy;

	*ret_gap = NULL;
	if (fdg_foreign_memory() || !fdg_standins_prepare() || !has_turn()) {
		*ret_why = "another one is being closed at this moment";
		return 0;
	}
	*ret_why = fdg_handover_why_not(
		fd, g, &is_busy); /* nobody starts a process meanwhile: fdg_handover_starting waits for its turn */
	if (*ret_why)
		return 0;
	group = *g;
	closing.may = true;
	closing.fd = fd;
	if (fdg_steer_clear(fd, g)) {
		*ret_gap = drain_to_the_end(&w, is_busy);
	} else {
		drain(&w);
		*ret_gap = "in which order the kernel has the group is not known";
	}
	closing.is_busy |= is_busy || w.taken;
	*ret_why = w.why;
	return w.taken;
}

void fdg_handover_last(int fd)
{
	struct work w = { .fd = fd, .family = group.family };

	if (!is_closing() || !closing.may || closing.fd != fd)
		return;
	drain(&w);
	closing.late += w.taken;
}

/*
 * Stand in
 */

static unsigned stand_in(const char **ret_why)
{
	int64_t until = fdg_turn_began() + ALL_MS, least = fdg_now_ms() + LEAST_MS;
	unsigned dropped = fdg_standins_send(until > least ? until : least);

	if (dropped)
		*ret_why = fdg_now_ms() < until
				   ? "the other listeners of the group take no more connections from this machine"
				   : "there was no time for more";
	return dropped;
}

static void say(struct fdg_reset *r, unsigned n)
{
	if (!n)
		return;
	r->queued = n;
	r->migrate_req = fdg_reuseport_migrate_req();
	r->mend = fdg_migrate_mend(&r->group);
	fdg_reset_say(r);
}

/* A thread that accepts from it at this moment has it until its call returns; it would get new ones. NULL, or the gap. */
static const char *wait_until_gone(void)
{
	int64_t begun = fdg_now_ms();

	while (closing.is_busy && !fdg_steer_is_done()) {
		if (fdg_now_ms() - begun >= GONE_MS)
			return "another thread waits in a call on the listener (poll, say), and until that returns it listens";
		fdg_sys_poll(NULL, 0, 1);
	}
	return NULL;
}

void fdg_handover_closed(bool is_counted, struct fdg_handover_end *ret)
{
	struct fdg_reset r = { .fd = -1, .how = FDG_RESET_ENDED };
	bool goes_on = is_closing() && closing.may;
	unsigned died;

	*ret = (struct fdg_handover_end){ 0 };
	if ((!is_closing() && !fdg_handover_count()) || fdg_foreign_memory() || !has_turn())
		return;
	if (goes_on)
		ret->gap = wait_until_gone();
	died = fdg_standins_died(goes_on);
	r.group = group;
	if (!ret->gap) /* else the places are as they were */
		fdg_steer_end();
	if (goes_on) {
		ret->late = closing.late;
		ret->moved = died;
		ret->lost = stand_in(&ret->why);
	}
	end_turn();
	say(&r, is_counted || goes_on ? 0 : died);
}

/*
 * What nobody accepts
 */

static void take_back(int age_ms, int how)
{
	struct fdg_reset r = { .fd = -1, .how = how };
	unsigned n;

	if (!has_turn())
		return;
	n = fdg_standins_died(false) + fdg_standins_take_back(age_ms);
	r.group = group;
	end_turn();
	say(&r, n);
}

void fdg_handover_look(void)
{
	static _Atomic int64_t next;
	int64_t now = fdg_now_ms(), due = atomic_load_explicit(&next, memory_order_relaxed);

	if (now < due || fdg_turn_is_taken() || fdg_foreign_memory() ||
	    !atomic_compare_exchange_strong(&next, &due, now + LOOK_MS))
		return;
	take_back(OLD_MS, FDG_RESET_LATE);
}

/* Nor goes a group on steered: exec, or a filter, would leave it so. */
static void take_all_back(int how)
{
	if ((fdg_handover_count() || fdg_turn_is_taken()) && !fdg_turn_is_mine())
		take_back(0, how);
}

void fdg_handover_starting(void)
{
	take_all_back(FDG_RESET_STARTED);
}

void fdg_handover_filtering(void)
{
	take_all_back(FDG_RESET_FILTERED);
}

void fdg_handover_leaving(void)
{
	if (fdg_handover_count())
		take_back(0, FDG_RESET_LEFT);
}

void fdg_handover_forked(void)
{
	fdg_steer_is_over();
	fdg_turn_forked();
	fdg_standins_forked();
}
