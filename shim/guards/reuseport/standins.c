// SPDX-License-Identifier: MIT
#include "guards/reuseport/standins_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/poison.h"

struct fdg_board *_Atomic fdg_standins_board;

unsigned fdg_handover_count(void)
{
	struct fdg_board *b = fdg_board();

	return b ? atomic_load_explicit(&b->waiting, memory_order_acquire) : 0;
}

bool fdg_handover_any(void)
{
	struct fdg_board *b = fdg_board();

	return b && (atomic_load_explicit(&b->waiting, memory_order_acquire) ||
		     atomic_load_explicit(&b->spent, memory_order_relaxed));
}

bool fdg_standins_prepare(void)
{
	struct fdg_board *b = fdg_board(), *none = NULL;

	if (b)
		return true;
	b = fdg_sys_mmap(sizeof(*b), false);
	if (b && !atomic_compare_exchange_strong(&fdg_standins_board, &none, b))
		fdg_sys_munmap(b, sizeof(*b));
	return fdg_board() != NULL;
}

/*
 * Slots
 */

int fdg_standin_next(int at)
{
	struct fdg_board *b = fdg_board();
	int end = (int)atomic_load(&b->end);

	for (; at < end; at++)
		if (atomic_load(&b->slot[at].state) == HELD)
			return at;
	return -1;
}

bool fdg_standin_drop(int slot)
{
	struct fdg_slot *s = fdg_slot(slot);
	int fd = fdg_kept_take(&s->connection), standin = fdg_kept_take(&s->standin);

	if (s->sending > 0)
		fdg_sys_close(s->sending);
	s->sending = 0;
	if (standin >= 0)
		fdg_reset_socket(standin);
	if (fd >= 0)
		fdg_reset_socket(fd);
	atomic_store(&s->state, FREE);
	return fd >= 0;
}

static bool is_same_end(const union fdg_socket_address *a, const union fdg_socket_address *b)
{
	return fdg_socket_key(a) == fdg_socket_key(b) && fdg_socket_same_host(a, b);
}

#define PATIENCE 100000u

/* Is fd, between these two, the other end of the slot's stand-in? The slot is LOOKED_AT, and nobody writes in it. */
static bool is_standin(const struct fdg_slot *s, int fd, const union fdg_socket_address *peer,
		       const union fdg_socket_address *own)
{
	return is_same_end(&s->from, peer) && is_same_end(&s->to, own) && s->netns == fdg_netns_of(fd);
}

/* The slot that waits for this stand-in, in state TAKEN now; -1: none. */
static int find(int fd, const union fdg_socket_address *peer, const union fdg_socket_address *own)
{
	struct fdg_board *b = fdg_board();
	unsigned end = atomic_load(&b->end);
	uint32_t key = fdg_socket_key(peer);

	for (unsigned i = 0; i < end; i++) {
		uint32_t waiting = WAITING;

		if (atomic_load_explicit(&b->slot[i].key, memory_order_relaxed) != key)
			continue;
		for (unsigned n = 0; n < PATIENCE && atomic_load(&b->slot[i].state) == LOOKED_AT; n++)
			; /* by another thread, whose connection has the same key */
		if (!atomic_compare_exchange_strong(&b->slot[i].state, &waiting, LOOKED_AT))
			continue;
		if (!is_standin(&b->slot[i], fd, peer, own)) {
			atomic_store(&b->slot[i].state, WAITING);
			continue;
		}
		atomic_store(&b->slot[i].state, TAKEN);
		atomic_fetch_sub(&b->waiting, 1);
		return (int)i;
	}
	return -1;
}

/* The slot of an accepted connection that is a stand-in, which comes from the host that it goes to. */
static int slot_of(int fd)
{
	union fdg_socket_address peer, own;

	if (!fdg_handover_any() || !fdg_socket_address_of(fd, SYS_getpeername, &peer) ||
	    !fdg_socket_address_of(fd, SYS_getsockname, &own) || !fdg_socket_same_host(&peer, &own))
		return -1;
	return find(fd, &peer, &own);
}

int fdg_standin_returned(int fd)
{
	int slot = slot_of(fd);

	if (slot < 0)
		return -1;
	fdg_reset_socket(fd);
	fdg_kept_close(&fdg_slot(slot)->standin);
	atomic_store(&fdg_slot(slot)->state, HELD);
	return slot;
}

/* Was the listener closed that had it? */
static bool is_dead(int slot)
{
	struct tcp_info info;
	unsigned n = sizeof(info);
	int fd = fdg_kept_fd(&fdg_slot(slot)->standin);

	return fd >= 0 && fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_state == TCP_CLOSE;
}

/* Waits for its stand-in here; TAKEN then. */
static bool take_waiting(unsigned i)
{
	struct fdg_slot *s = fdg_slot((int)i);
	uint32_t waiting = WAITING;

	if (atomic_load(&s->state) != WAITING || !atomic_compare_exchange_strong(&s->state, &waiting, TAKEN))
		return false;
	atomic_fetch_sub(&fdg_board()->waiting, 1);
	return true;
}

unsigned fdg_standins_died(bool moves_on)
{
	struct fdg_board *b = fdg_board();
	unsigned end = b ? atomic_load(&b->end) : 0, n = 0;

	for (unsigned i = 0; i < end; i++) {
		if (atomic_load(&b->slot[i].state) != WAITING || !is_dead((int)i) || !take_waiting(i))
			continue;
		if (!moves_on) {
			n += fdg_standin_drop((int)i);
			continue;
		}
		fdg_kept_close(&b->slot[i].standin);
		atomic_store(&b->slot[i].state, HELD);
		n++;
	}
	return n;
}

unsigned fdg_standins_take_back(int age_ms)
{
	struct fdg_board *b = fdg_board();
	unsigned end = b ? atomic_load(&b->end) : 0, n = 0;
	int64_t before = fdg_now_ms() - age_ms;

	for (unsigned i = 0; i < end; i++) {
		if (atomic_load(&b->slot[i].state) != WAITING || b->slot[i].since > before || !take_waiting(i))
			continue;
		atomic_fetch_add(&b->spent, 1);
		n += fdg_standin_drop((int)i);
	}
	return n;
}

/* One that is in no queue any more is counted for ever: then a connection that its client reset is passed over, and that is all. */
static bool is_spent(void)
{
	struct fdg_board *b = fdg_board();
	unsigned n = b ? atomic_load(&b->spent) : 0;

	while (n && !atomic_compare_exchange_weak(&b->spent, &n, n - 1))
		;
	return n != 0;
}

bool fdg_handover_aborted(void)
{
	return is_spent();
}

/*
 * accept
 */

static enum fdg_handed give(int slot, int fd, int flags)
{
	int from = fdg_kept_take(&fdg_slot(slot)->connection);
	long r = -EBADF;

	fdg_linger_none(fd); /* its other end waits for this end's close, and need not */
	if (from >= 0) {
		if (flags & SOCK_NONBLOCK)
			fdg_sys_fcntl(from, F_SETFL, O_RDWR | O_NONBLOCK);
		r = fdg_sys3(SYS_dup3, from, fd, flags & SOCK_CLOEXEC);
		fdg_sys_close(from);
	}
	if (r < 0)
		fdg_sys_close(fd);
	fdg_kept_close(&fdg_slot(slot)->standin);
	atomic_store(&fdg_slot(slot)->state, FREE);
	return r < 0 ? FDG_HANDED_GONE : FDG_HANDED_GIVEN;
}

static bool is_reset(int fd)
{
	union fdg_socket_address peer;
	unsigned n = sizeof(peer);

	return fdg_sys3(SYS_getpeername, fd, &peer, &n) == -ENOTCONN;
}

enum fdg_handed fdg_handover_accepted(int fd, int flags)
{
	int slot = slot_of(fd);

	if (slot < 0 && is_reset(fd) && is_spent()) {
		fdg_sys_close(fd);
		return FDG_HANDED_GONE;
	}
	return slot < 0 ? FDG_HANDED_NOT : give(slot, fd, flags);
}

void fdg_standins_forked(void)
{
	struct fdg_board *b = fdg_board();
	unsigned end = b ? atomic_load(&b->end) : 0;

	for (unsigned i = 0; i < end; i++) {
		struct fdg_slot *s = &b->slot[i];

		fdg_kept_close(&s->connection);
		fdg_kept_close(&s->standin);
		if (s->sending > 0)
			fdg_sys_close(s->sending);
		s->sending = 0;
		atomic_store(&s->state, FREE);
	}
	if (b)
		atomic_store(&b->waiting, 0);
}
