// SPDX-License-Identifier: MIT
/*
 * A listener of a SO_REUSEPORT group is closed, and the connections in its queue, whose clients believe that they are connected, would get a reset each. Where the kernel
 * cannot be told to move them (that takes privileges) they are moved here, into the hands of whoever accepts next on a sibling in this process:
 *
 *     drain      accept what is queued.
 *     exclude    a BPF program on the group gives what comes to another member. Which one it names is by an order that is the kernel's own, so it is tried: a
 *                connection of ours is made, and if it turns up on the member that is to go, the program names another.
 *     stand in   for each connection a stand-in: a connection from this machine to the same address, which the kernel queues on one of the siblings. So whoever
 *                waits there, in accept, epoll_wait, poll, select or any other way, is woken as for any connection, once for each, and by the kernel. accept (wrap/accept.c)
 *                knows the stand-in by its port, and returns the connection that it stands for, under the number that the kernel chose.
 *     settle     with the program on, accept what came meanwhile, until nothing more comes; what is half open gets a moment for it. The close that follows has
 *                nothing left to reset; after it the program is taken off.
 *
 * A queue of the kernel's is the queue: nothing is lost or given twice, sibling by sibling in the order and the shares that the kernel would have chosen, and what nobody
 * accepts waits as it would on the sibling. It moves on when that is closed, too.
 *
 * The group must be this process's own: a stand-in that another process accepts would be a connection from nowhere there.
 */
#include "guards/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/kept.h"
#include "guards/reuseport.h"
#include "guards/standins.h"
#include "guards/uring.h"

#include "base/poison.h"

#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

enum { SETTLE_MS = 2, SETTLES = 10, TURN_MS = 1000 };

static _Atomic bool left_alone;
static _Atomic int closing; /* the thread that is at it */

void fdg_handover_leave_alone(void)
{
	atomic_store(&left_alone, true);
}

/*
 * May it be?
 */

#define MEMBERS 256

/* Each socket once; 0: none, or too many. */
static unsigned siblings(int fd, const struct fdg_group *g)
{
	uint64_t seen[MEMBERS];
	unsigned n = 0, i;

	for (int at = fdg_groups_sibling(g, fd, -1); at >= 0; at = fdg_groups_sibling(g, fd, at)) {
		unsigned len = sizeof(uint64_t);

		if (n == MEMBERS || fdg_sys_getsockopt(at, SOL_SOCKET, SO_COOKIE, &seen[n], &len) != 0)
			return 0;
		for (i = 0; seen[i] != seen[n]; i++)
			;
		n += i == n;
	}
	return n;
}

static bool is_own(int fd, const struct fdg_group *g, unsigned here)
{
	struct fdg_group_sight sight;
	struct stat st;

	if (fdg_sys_fstat(fd, &st) < 0)
		return false;
	sight = fdg_group_look(g, st.st_ino);
	return sight.seen && sight.has_it && sight.members == here + 1;
}

static const char *why_not(int fd, const struct fdg_group *g)
{
	unsigned here;

	if (g->protocol != IPPROTO_TCP)
		return "it is no TCP listener";
	if (atomic_load(&left_alone))
		return "this program has a BPF program of its own on its groups";
	if (!fdg_reuseport_is_last(fd))
		return "another process may have the listener";
	here = siblings(fd, g);
	if (!here)
		return "no other listener of the group is in this process";
	if (!is_own(fd, g, here))
		return "other processes have listeners of the group";
	if (fdg_uring_is_used())
		return "the program may accept by io_uring";
	return NULL;
}

/*
 * Exclude
 */

static long steer(int fd, unsigned index)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, index) };
	struct sock_fprog program = { 1, code };

	return fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

static void unsteer(int fd)
{
	int nothing = 0;

	fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &nothing, sizeof(nothing));
}

struct work {
	int fd, sibling;
	int probe; /* slot of the connection that tries where things go; -1: none */
	bool came; /* … there */
	bool sends; /* stand-ins, by now */
	unsigned index; /* of another member */
	unsigned taken, dropped;
	const char *why;
};

/* True: something was there. */
static bool drain(struct work *w)
{
	bool any = false;

	for (unsigned i = 0; i < FDG_HANDOVER_MAX; i++) {
		int fd = (int)fdg_sys4(SYS_accept4, w->fd, NULL, NULL, SOCK_CLOEXEC), slot;

		if (fd < 0) {
			if (fd != -EAGAIN && fd != -ECONNABORTED && fd != -EINTR)
				w->why = "there are no descriptors left";
			if (fd == -ECONNABORTED || fd == -EINTR)
				continue;
			return any;
		}
		any = true;
		slot = fdg_standin_returned(fd);
		if (slot >= 0) {
			w->came |= slot == w->probe;
			w->taken += !w->sends && fdg_standin_has(slot); /* later it is one of those that were sent here */
			continue;
		}
		if (fdg_standin_hold(fd) < 0) {
			w->why = "more are waiting than fdguard holds";
			fdg_sys_close(fd);
			return any;
		}
		w->taken++;
	}
	return any;
}

/* Where one connects to reach the group, if nobody has yet. */
static unsigned address_of_group(const struct work *w, struct sockaddr_in6 *ret)
{
	static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	unsigned n = sizeof(*ret);

	if (fdg_sys3(SYS_getsockname, w->fd, ret, &n) != 0)
		return 0;
	if (in->sin_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (ret->sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&ret->sin6_addr))
		ret->sin6_addr = loopback;
	return n;
}

/* One that stands for nothing wakes somebody up for nothing, who had better not block then. */
static bool may_probe_empty(const struct work *w)
{
	return fdg_sys_fcntl(w->sibling, F_GETFL, 0) & O_NONBLOCK;
}

static bool probes(struct work *w)
{
	struct sockaddr_in6 to;
	unsigned n;

	w->sends = true;
	w->probe = fdg_standin_next(0);
	if (w->probe >= 0)
		return fdg_standin_send_home(w->probe);
	w->probe = may_probe_empty(w) ? fdg_standin_hold(-1) : -1;
	n = address_of_group(w, &to);
	return w->probe >= 0 && n && fdg_standin_send(w->probe, &to, n);
}

/* One of two members is another one. */
static bool exclude(struct work *w)
{
	bool is_tried;

	if (steer(w->sibling, 0) < 0)
		return false;
	is_tried = probes(w);
	drain(w);
	unsteer(w->sibling);
	w->index = w->came;
	return is_tried;
}

/* Handshakes that had begun end in the queue, those of clients nearby at once. */
static void settle(struct work *w)
{
	struct pollfd p = { w->fd, POLLIN, 0 };

	for (int i = 0; i < SETTLES; i++) {
		drain(w);
		if (fdg_sys_poll(&p, 1, SETTLE_MS) <= 0)
			return;
	}
}

/*
 * Stand in
 */

static void stand_in(struct work *w)
{
	w->sends = true;
	for (int slot = fdg_standin_next(0); slot >= 0; slot = fdg_standin_next(slot + 1)) {
		if (w->dropped || !fdg_standin_send_home(slot))
			w->dropped += fdg_standin_drop(slot);
	}
	if (w->dropped)
		w->why = "the other listeners of the group take no more connections from this machine";
}

/*
 * The closing is done by then
 */

enum { FREE, BUSY, READY };

static struct excluded {
	_Atomic int state;
	int fd, sibling;
	uint64_t cookie; /* of the sibling: its number may be another's by then */
} excluded[8];

static void unsteer_later(const struct work *w)
{
	for (unsigned i = 0; i < sizeof(excluded) / sizeof(*excluded); i++) {
		int state = FREE;

		if (!atomic_compare_exchange_strong(&excluded[i].state, &state, BUSY))
			continue;
		excluded[i].fd = w->fd;
		excluded[i].sibling = w->sibling;
		excluded[i].cookie = fdg_socket_cookie(w->sibling);
		atomic_store(&excluded[i].state, READY);
		return;
	}
	unsteer(w->sibling);
}

static void unsteer_for(unsigned first, unsigned last)
{
	for (unsigned i = 0; i < sizeof(excluded) / sizeof(*excluded); i++) {
		struct excluded *e = &excluded[i];
		int state = READY;

		if (atomic_load(&e->state) != READY || (unsigned)e->fd < first || (unsigned)e->fd > last || !atomic_compare_exchange_strong(&e->state, &state, BUSY))
			continue;
		if (e->cookie && fdg_socket_cookie(e->sibling) == e->cookie)
			unsteer(e->sibling);
		atomic_store(&e->state, FREE);
	}
}

static void hand_over(struct work *w)
{
	bool is_excluded;

	fdg_sys_fcntl(w->fd, F_SETFL, O_RDWR | O_NONBLOCK); /* nobody else has it, and it is about to go */
	drain(w);
	is_excluded = exclude(w);
	stand_in(w); /* on all of them */
	is_excluded = is_excluded && steer(w->sibling, w->index) == 0;
	if (is_excluded)
		settle(w);
	else
		drain(w);
	stand_in(w);
	if (is_excluded)
		unsteer_later(w);
}

/* One at a time: a thread that does not get its turn, or is in a signal handler in the middle of its own, closes as ever. */
static bool has_turn(void)
{
	for (int i = 0; i < TURN_MS; i++) {
		int nobody = 0;

		if (atomic_compare_exchange_strong(&closing, &nobody, fdg_sys_gettid()))
			return true;
		if (nobody == fdg_sys_gettid())
			return false;
		fdg_sys_poll(NULL, 0, 1);
	}
	return false;
}

void fdg_handover_closed(unsigned first, unsigned last)
{
	struct work w = { .fd = -1, .probe = -1 };

	unsteer_for(first, last);
	if (!fdg_handover_any() || fdg_foreign_memory() || !has_turn())
		return;
	if (fdg_standins_died())
		stand_in(&w);
	atomic_store(&closing, 0);
}

unsigned fdg_handover(int fd, const struct fdg_group *g, const char **ret_why)
{
	struct work w = { .fd = fd, .probe = -1 };

	*ret_why = fdg_foreign_memory() ? "it is a child's" : why_not(fd, g);
	if (*ret_why)
		return 0;
	if (!fdg_standins_prepare() || !has_turn()) {
		*ret_why = "another one is being closed at this moment";
		return 0;
	}
	fdg_standins_lost();
	w.sibling = fdg_groups_sibling(g, fd, -1);
	hand_over(&w);
	atomic_store(&closing, 0);
	*ret_why = w.why;
	return w.taken - w.dropped;
}

void fdg_handover_forked(void)
{
	atomic_store_explicit(&closing, 0, memory_order_relaxed);
	for (unsigned i = 0; i < sizeof(excluded) / sizeof(*excluded); i++)
		atomic_store_explicit(&excluded[i].state, FREE, memory_order_relaxed);
	fdg_standins_forked();
}
