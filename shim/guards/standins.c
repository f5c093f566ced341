// SPDX-License-Identifier: MIT
#include "guards/standins.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "guards/kept.h"
#include "guards/socket_address.h"

#include "base/poison.h"

#define ARRIVES_MS 100

enum { FREE, HELD, WAITING, TAKEN, LOST };

/* Shared with whoever is forked from now on. */
struct slot {
	_Atomic uint32_t state;
	_Atomic uint32_t key; /* of the stand-in's own address and port */
	_Atomic int owner;
};

static struct board {
	_Atomic unsigned waiting, lost;
	_Atomic unsigned end; /* slots from here on were never used */
	struct slot slot[FDG_HANDOVER_MAX];
} *_Atomic shared;

/* This process's own: a fork copies them as it copies the descriptors. */
struct held {
	struct fdg_kept connection;
	struct fdg_kept standin; /* our end of it: it tells when the listener that has the other is closed */
};
static struct held *_Atomic mine;

static struct board *board(void)
{
	return atomic_load_explicit(&shared, memory_order_acquire);
}

static struct held *held(int slot)
{
	return atomic_load_explicit(&mine, memory_order_acquire) + slot;
}

unsigned fdg_handover_count(void)
{
	struct board *b = board();

	return b ? atomic_load_explicit(&b->waiting, memory_order_acquire) : 0;
}

bool fdg_standins_prepare(void)
{
	struct board *b = board(), *none = NULL;
	struct held *h = atomic_load_explicit(&mine, memory_order_acquire), *nothing = NULL;

	if (!h && !(h = fdg_sys_mmap(FDG_HANDOVER_MAX * sizeof(*h), false)))
		return false;
	if (!atomic_compare_exchange_strong(&mine, &nothing, h) && nothing != h)
		fdg_sys_munmap(h, FDG_HANDOVER_MAX * sizeof(*h));
	if (b)
		return true;
	b = fdg_sys_mmap(sizeof(*b), true);
	if (b && !atomic_compare_exchange_strong(&shared, &none, b))
		fdg_sys_munmap(b, sizeof(*b));
	return board() != NULL;
}

/*
 * Sockets
 */

static void linger_none(int fd)
{
	struct linger l = { 1, 0 };

	fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static void reset(int fd)
{
	linger_none(fd);
	fdg_sys_close(fd);
}

/*
 * Slots
 */

int fdg_standin_hold(int fd)
{
	struct board *b = board();
	int high = fd < 0 ? -1 : fdg_kept_raise(fd);

	if (fd >= 0 && high < 0)
		return -1;
	for (unsigned i = 0; i < FDG_HANDOVER_MAX; i++) {
		uint32_t state = FREE;
		unsigned end = atomic_load(&b->end);

		if (!atomic_compare_exchange_strong(&b->slot[i].state, &state, TAKEN))
			continue;
		while (end <= i && !atomic_compare_exchange_weak(&b->end, &end, i + 1))
			;
		atomic_store(&b->slot[i].owner, fdg_sys_getpid());
		fdg_kept_put(&held((int)i)->connection, high);
		fdg_kept_put(&held((int)i)->standin, -1);
		atomic_store(&b->slot[i].state, HELD);
		if (fd >= 0)
			fdg_sys_close(fd);
		return (int)i;
	}
	if (high >= 0)
		fdg_sys_close(high);
	return -1;
}

int fdg_standin_next(int at)
{
	struct board *b = board();
	int end = (int)atomic_load(&b->end), pid = fdg_sys_getpid();

	for (; at < end; at++)
		if (atomic_load(&b->slot[at].state) == HELD && atomic_load(&b->slot[at].owner) == pid)
			return at;
	return -1;
}

bool fdg_standin_has(int slot)
{
	return fdg_kept_fd(&held(slot)->connection) >= 0;
}

bool fdg_standin_drop(int slot)
{
	int fd = fdg_kept_take(&held(slot)->connection);

	fdg_kept_close(&held(slot)->standin);
	if (fd >= 0)
		reset(fd);
	atomic_store(&board()->slot[slot].state, FREE);
	return fd >= 0;
}

/* The slot that waits for this stand-in, in state TAKEN now; -1: none. */
static int find(uint32_t key)
{
	struct board *b = board();
	unsigned end = atomic_load(&b->end);

	for (unsigned i = 0; i < end; i++) {
		uint32_t waiting = WAITING;

		if (atomic_load_explicit(&b->slot[i].key, memory_order_relaxed) != key || atomic_load(&b->slot[i].state) != WAITING)
			continue;
		if (!atomic_compare_exchange_strong(&b->slot[i].state, &waiting, TAKEN))
			continue;
		atomic_fetch_sub(&b->waiting, 1);
		return (int)i;
	}
	return -1;
}

/* The slot of an accepted connection that is a stand-in, which comes from the host that it goes to. */
static int slot_of(int fd)
{
	union fdg_socket_address peer, own;

	if (!fdg_handover_any() || !fdg_socket_address_of(fd, SYS_getpeername, &peer) || !fdg_socket_address_of(fd, SYS_getsockname, &own) || !fdg_socket_same_host(&peer, &own))
		return -1;
	return find(fdg_socket_key(&peer));
}

static bool is_ours(int slot)
{
	struct board *b = board();

	if (atomic_load(&b->slot[slot].owner) == fdg_sys_getpid())
		return true;
	atomic_fetch_add(&b->lost, 1);
	atomic_store(&b->slot[slot].state, LOST);
	return false;
}

int fdg_standin_returned(int fd)
{
	int slot = slot_of(fd);

	if (slot < 0)
		return -1;
	reset(fd);
	if (is_ours(slot)) {
		fdg_kept_close(&held(slot)->standin);
		atomic_store(&board()->slot[slot].state, HELD);
	}
	return slot;
}

unsigned fdg_standins_lost(void)
{
	struct board *b = board();
	unsigned n = 0, end;
	int pid;

	if (!b || !atomic_load(&b->lost))
		return 0;
	pid = fdg_sys_getpid();
	end = atomic_load(&b->end);
	for (unsigned i = 0; i < end; i++) {
		uint32_t lost = LOST;

		if (atomic_load(&b->slot[i].owner) != pid || !atomic_compare_exchange_strong(&b->slot[i].state, &lost, TAKEN))
			continue;
		atomic_fetch_sub(&b->lost, 1);
		n += fdg_standin_drop((int)i);
	}
	return n;
}

/* Was the listener closed that had it? */
static bool is_dead(int slot)
{
	struct tcp_info info;
	unsigned n = sizeof(info);
	int fd = fdg_kept_fd(&held(slot)->standin);

	return fd >= 0 && fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_state == TCP_CLOSE;
}

bool fdg_standins_died(void)
{
	struct board *b = board();
	unsigned end = b ? atomic_load(&b->end) : 0;
	int pid = fdg_sys_getpid();
	bool any = false;

	for (unsigned i = 0; i < end; i++) {
		uint32_t waiting = WAITING;

		if (atomic_load(&b->slot[i].state) != WAITING || atomic_load(&b->slot[i].owner) != pid || !is_dead((int)i))
			continue;
		if (!atomic_compare_exchange_strong(&b->slot[i].state, &waiting, TAKEN))
			continue;
		atomic_fetch_sub(&b->waiting, 1);
		fdg_kept_close(&held((int)i)->standin);
		atomic_store(&b->slot[i].state, HELD);
		any = true;
	}
	return any;
}

/*
 * Stand-ins
 */

/* Bound before it connects: who accepts it looks for its port. Refused where the address is not this machine's. */
static bool has_port(int fd, union fdg_socket_address *from)
{
	if (from->any.sa_family == AF_INET)
		from->in.sin_port = 0;
	else
		from->in6.sin6_port = 0;
	return fdg_sys3(SYS_bind, fd, from, fdg_socket_address_length(from)) == 0 && fdg_socket_address_of(fd, SYS_getsockname, from);
}

/* Until the listener has it: then it may be closed, and what is queued stays. */
static bool arrives(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	struct tcp_info info;
	unsigned n = sizeof(info);

	if (fdg_sys_poll(&p, 1, ARRIVES_MS) != 1 || p.revents & (POLLERR | POLLHUP))
		return false;
	fdg_sys2(SYS_shutdown, fd, SHUT_WR);
	for (int i = 0; i < ARRIVES_MS; i++) {
		if (fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
			return false;
		if (info.tcpi_state != TCP_FIN_WAIT1)
			return true;
		fdg_sys_poll(NULL, 0, 1);
	}
	return false;
}

static bool connects(int fd, const union fdg_socket_address *to, struct slot *s)
{
	union fdg_socket_address from = *to;
	long r;

	if (!has_port(fd, &from))
		return false;
	atomic_store(&s->key, fdg_socket_key(&from));
	atomic_fetch_add(&board()->waiting, 1);
	atomic_store(&s->state, WAITING);
	r = fdg_sys3(SYS_connect, fd, to, fdg_socket_address_length(to));
	return (r == 0 || r == -EINPROGRESS) && arrives(fd);
}

static bool send_to(int slot, const union fdg_socket_address *to)
{
	struct slot *s = &board()->slot[slot];
	int low = (int)fdg_sys3(SYS_socket, to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP), fd;
	uint32_t waiting = WAITING;
	bool sent;

	if (low < 0)
		return false;
	fd = fdg_kept_raise(low);
	fdg_sys_close(low);
	if (fd < 0)
		return false;
	sent = connects(fd, to, s);
	if (sent) {
		fdg_kept_put(&held(slot)->standin, fd);
		if (atomic_load(&s->state) != WAITING) /* it was given already */
			fdg_kept_close(&held(slot)->standin);
		return true;
	}
	if (atomic_compare_exchange_strong(&s->state, &waiting, HELD))
		atomic_fetch_sub(&board()->waiting, 1);
	reset(fd);
	return atomic_load(&s->state) != HELD; /* accepted in spite of all */
}

bool fdg_standin_send(int slot, const void *address, unsigned len)
{
	union fdg_socket_address to;

	if (len > sizeof(to))
		return false;
	memset(&to, 0, sizeof(to));
	memcpy(&to, address, len);
	return send_to(slot, &to);
}

bool fdg_standin_send_home(int slot)
{
	union fdg_socket_address to;

	return fdg_socket_address_of(fdg_kept_fd(&held(slot)->connection), SYS_getsockname, &to) && send_to(slot, &to);
}

/*
 * accept
 */

static enum fdg_handed give(int slot, int fd, int flags)
{
	int from = fdg_kept_take(&held(slot)->connection);
	long r = -EBADF;

	linger_none(fd); /* its other end waits for this end's close, and need not */
	if (from >= 0) {
		if (flags & SOCK_NONBLOCK)
			fdg_sys_fcntl(from, F_SETFL, O_RDWR | O_NONBLOCK);
		r = fdg_sys3(SYS_dup3, from, fd, flags & SOCK_CLOEXEC);
		fdg_sys_close(from);
	}
	if (r < 0)
		fdg_sys_close(fd);
	fdg_kept_close(&held(slot)->standin);
	atomic_store(&board()->slot[slot].state, FREE);
	return r < 0 ? FDG_HANDED_GONE : FDG_HANDED_GIVEN;
}

enum fdg_handed fdg_handover_accepted(int fd, int flags)
{
	int slot;

	fdg_standins_lost();
	slot = slot_of(fd);
	if (slot < 0)
		return FDG_HANDED_NOT;
	if (is_ours(slot))
		return give(slot, fd, flags);
	reset(fd);
	return FDG_HANDED_GONE;
}

void fdg_standins_forked(void)
{
	struct board *b = board();
	unsigned end = b ? atomic_load(&b->end) : 0;

	for (unsigned i = 0; i < end; i++) {
		fdg_kept_close(&held((int)i)->connection);
		fdg_kept_close(&held((int)i)->standin);
	}
}
