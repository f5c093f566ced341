// SPDX-License-Identifier: MIT
/*
 * A listener of a SO_REUSEPORT group is closed, and the connections in its queue, whose clients believe that they are connected, would get a reset each. Where the kernel
 * cannot be told to move them (that takes privileges) they are moved here, into the hands of whoever accepts next on a sibling in this process:
 *
 *     drain      accept what is queued, each only where there are the two numbers that it takes until it is given.
 *                Once more when nothing is left to do but the close itself: what comes between the two is reset.
 *     stand in   after the close, for each connection a stand-in: a connection from this machine to the same address, which the kernel queues on one of the siblings.
 *                So whoever waits there, in accept, epoll_wait, poll, select or any other way, is woken as for any connection, once for each, and by the kernel. accept
 *                (wrap/accept.c) knows the stand-in by its addresses, and returns the connection that it stands for, under the number that the kernel chose.
 *
 * A queue of the kernel's is the queue: nothing is lost or given twice, and sibling by sibling in the order and the shares that the kernel would have chosen. It moves on when
 * that is handed over, too. What nobody accepts within OLD_MS, or before another process is started, which may accept there, is reset, and told.
 *
 * The whole group must be this process's own, and be seen to be: a stand-in that another process accepts would be a connection from nowhere there. When that is so says
 * handover_gate.c. Signals wait while it lasts.
 */
#include "guards/reuseport/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/handover_gate.h"
#include "guards/reuseport/kept.h"
#include "guards/reuseport/reuseport.h"
#include "guards/reuseport/standins_parts.h"

#include "base/poison.h"

enum { TAKES_MS = 250, ALL_MS = 500, TURN_MS = 250, OLD_MS = 5000, LOOK_MS = 1000 };

/* Synchronous ones are not held back. */
#define NOW(sig) (UINT64_C(1) << ((sig)-1))
#define NOT_HELD \
	(NOW(SIGSEGV) | NOW(SIGBUS) | NOW(SIGFPE) | NOW(SIGILL) | NOW(SIGTRAP) | NOW(SIGSYS) | NOW(SIGKILL) | \
	 NOW(SIGSTOP))

_Atomic bool fdg_handover_ready;
static _Atomic int closing; /* the thread that is at it; the rest is its own */
static struct turn {
	int64_t began;
	uint64_t mask;
	int fd;
	unsigned late;          /* were taken when it had been told how many there are */
	bool may;               /* one was handed over */
	struct fdg_group group; /* the last */
} turn;

/* One at a time: a thread that does not get its turn closes as ever. Until it is over no signal handler, and no way out by one. */
static bool has_turn(void)
{
	uint64_t mask = ~NOT_HELD;

	for (int i = 0; i < TURN_MS; i++) {
		int nobody = 0;

		if (atomic_load(&closing) == fdg_sys_gettid())
			return true; /* several at once */
		fdg_sys4(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &mask, sizeof(mask));
		if (atomic_compare_exchange_strong(&closing, &nobody, fdg_sys_gettid())) {
			turn.began = fdg_now_ms();
			turn.mask = mask;
			turn.late = 0;
			turn.fd = -1;
			turn.may = false;
			return true;
		}
		fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
		mask = ~NOT_HELD;
		fdg_sys_poll(NULL, 0, 1);
	}
	return false;
}

static void end_turn(void)
{
	uint64_t mask = turn.mask;

	atomic_store(&closing, 0);
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

/*
 * Drain
 */

struct work {
	int fd, family;
	unsigned taken;
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
	if (fd < 0 || fdg_standin_returned(fd) >= 0)
		fdg_standin_unreserve(&r);
	else
		fdg_standin_hold(&r, fd);
	w->taken += fd >= 0;
	if (fd >= 0 || fd == -EAGAIN || fd == -ECONNABORTED || fd == -EINTR)
		return;
	w->why = "the kernel does not let them be accepted";
	w->ended = true;
}

static void drain(struct work *w)
{
	while (!w->ended && is_ready(w->fd, 0)) {
		take_one(w);
		if (fdg_now_ms() - turn.began < TAKES_MS)
			continue;
		w->why = "there was no time for more";
		w->ended = true;
	}
}

unsigned fdg_handover(int fd, const struct fdg_group *g, const char **ret_why)
{
	struct work w = { .fd = fd, .family = g->family };

	if (fdg_foreign_memory() || !fdg_standins_prepare() || !has_turn()) {
		*ret_why = "another one is being closed at this moment";
		return 0;
	}
	*ret_why = fdg_handover_why_not(
		fd, g); /* nobody starts a process meanwhile: fdg_handover_starting waits for its turn */
	if (*ret_why)
		return 0;
	turn.group = *g;
	turn.may = true;
	turn.fd = fd;
	drain(&w);
	*ret_why = w.why;
	return w.taken;
}

void fdg_handover_last(int fd)
{
	struct work w = { .fd = fd, .family = turn.group.family };

	if (atomic_load_explicit(&closing, memory_order_relaxed) != fdg_sys_gettid() || !turn.may || turn.fd != fd)
		return;
	drain(&w);
	turn.late += w.taken;
}

/*
 * Stand in
 */

static unsigned stand_in(const char **ret_why)
{
	unsigned dropped = fdg_standins_send(turn.began + ALL_MS);

	if (dropped)
		*ret_why = fdg_now_ms() < turn.began + ALL_MS
				   ? "the other listeners of the group take no more connections from this machine"
				   : "there was no time for more";
	return dropped;
}

static void say(struct fdg_reset *r, unsigned n)
{
	r->queued = n;
	if (n)
		fdg_reset_say(r);
}

unsigned fdg_handover_closed(bool is_counted, unsigned *ret_late, const char **ret_why)
{
	struct fdg_reset r = { .fd = -1, .how = FDG_RESET_ENDED, .migrate_req = -1 };
	bool is_mine = atomic_load_explicit(&closing, memory_order_relaxed) == fdg_sys_gettid();
	unsigned dropped = 0, ended;

	*ret_late = 0;
	if ((!is_mine && !fdg_handover_count()) || fdg_foreign_memory() || !has_turn())
		return 0;
	ended = fdg_standins_died(is_mine &&
				  turn.may); /* the end of a handshake may come after all that was waited for */
	r.group = turn.group;
	*ret_late = is_mine ? turn.late : 0;
	if (is_mine)
		dropped = stand_in(ret_why);
	end_turn();
	say(&r, is_counted ? 0 : ended);
	return dropped;
}

/*
 * What nobody accepts
 */

static void take_back(int age_ms, int how)
{
	struct fdg_reset r = { .fd = -1, .how = how, .migrate_req = -1 };
	unsigned n;

	if (!has_turn())
		return;
	n = fdg_standins_died(false) + fdg_standins_take_back(age_ms);
	r.group = turn.group;
	end_turn();
	say(&r, n);
}

void fdg_handover_look(void)
{
	static _Atomic int64_t next;
	int64_t now = fdg_now_ms(), due = atomic_load_explicit(&next, memory_order_relaxed);

	if (now < due || atomic_load(&closing) || fdg_foreign_memory() ||
	    !atomic_compare_exchange_strong(&next, &due, now + LOOK_MS))
		return;
	take_back(OLD_MS, FDG_RESET_LATE);
}

void fdg_handover_starting(void)
{
	if (fdg_handover_count() && atomic_load(&closing) != fdg_sys_gettid())
		take_back(0, FDG_RESET_STARTED);
}

void fdg_handover_forked(void)
{
	atomic_store_explicit(&closing, 0, memory_order_relaxed);
	fdg_standins_forked();
}
