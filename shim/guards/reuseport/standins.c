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

	return b && (atomic_load_explicit(&b->waiting, memory_order_acquire) || atomic_load_explicit(&b->spent, memory_order_relaxed) ||
		     atomic_load_explicit(&b->unseen, memory_order_relaxed));
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

static bool reset(struct fdg_slot *s)
{
	int fd = fdg_kept_take(&s->connection), standin = fdg_kept_take(&s->standin);

	if (s->sending > 0)
		fdg_sys_close(s->sending);
	s->sending = 0;
	if (standin >= 0)
		fdg_reset_socket(standin);
	if (fd >= 0)
		fdg_reset_socket(fd);
	return fd >= 0;
}

bool fdg_standin_drop(int slot)
{
	bool had = reset(fdg_slot(slot));

	atomic_store(&fdg_slot(slot)->state, FREE);
	return had;
}

/* -1: it has no stand-in. */
static int tcp_state(struct fdg_slot *s)
{
	struct tcp_info info;
	unsigned n = sizeof(info);
	int fd = fdg_kept_fd(&s->standin);

	return fd >= 0 && fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 ? info.tcpi_state : -1;
}

static void free_spent(struct fdg_slot *s)
{
	uint32_t spent = SPENT;

	if (atomic_compare_exchange_strong(&s->state, &spent, FREE))
		atomic_fetch_sub(&fdg_board()->spent, 1);
}

bool fdg_standin_spend(int slot, unsigned *ret)
{
	struct fdg_slot *s = fdg_slot(slot);
	uint32_t waiting = WAITING;
	int state;

	atomic_fetch_add(&fdg_board()->spent, 1); /* before there is one less that waits: who accepted looks for those at all */
	atomic_store(&s->is_found, false);
	atomic_store(&s->is_ending, true);
	if (!atomic_compare_exchange_strong(&s->state, &waiting, SPENT)) {
		atomic_store(&s->is_ending, false);
		atomic_fetch_sub(&fdg_board()->spent, 1);
		return false;
	}
	atomic_fetch_sub(&fdg_board()->waiting, 1);
	state = tcp_state(s);
	*ret += reset(s);
	s->since = fdg_now_ms();
	atomic_store(&s->is_ending, false);
	if (state == TCP_SYN_SENT || atomic_load(&s->is_found))
		free_spent(s);
	return true;
}

static bool is_same_end(const union fdg_socket_address *a, const union fdg_socket_address *b)
{
	return fdg_socket_key(a) == fdg_socket_key(b) && fdg_socket_same_host(a, b);
}

#define PATIENCE 100000u

enum { NONE = -1, GONE = -2, YOUNG_MS = 1000 };

struct accepted {
	int fd;
	union fdg_socket_address peer, own;
	uint32_t key;
	bool is_reset;
};

/* False: it does not come from the host that it goes to. */
static bool look_at(struct accepted *a, int fd)
{
	unsigned n;

	a->fd = fd;
	if (!fdg_socket_address_of(fd, SYS_getsockname, &a->own))
		return false;
	a->is_reset = !fdg_socket_address_of(fd, SYS_getpeername, &a->peer);
	n = fdg_socket_address_length(&a->own);
	if (a->is_reset && fdg_sys_getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &a->peer, &n) < 0) /* which knows it still */
		return false;
	a->key = fdg_socket_key(&a->peer);
	return fdg_socket_same_host(&a->peer, &a->own);
}

/* Is it the other end of the slot's stand-in? The slot is LOOKED_AT, and nobody writes in it. */
static bool is_standin(const struct fdg_slot *s, const struct accepted *a)
{
	return is_same_end(&s->from, &a->peer) && is_same_end(&s->to, &a->own) && s->netns == fdg_netns_of(a->fd);
}

/* A stand-in sends nothing, and says so. */
static bool has_ended(int fd)
{
	char c;
	long r = fdg_sys6(SYS_recvfrom, fd, (long)&c, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);

	return r == 0 || r == -ECONNRESET;
}

/* Not somebody who has the port by now. Its reset comes a little later where the machine has much to do. */
static bool is_it_still(struct fdg_slot *s, const struct accepted *a)
{
	return a->is_reset || atomic_load(&s->is_ending) || (fdg_now_ms() - s->since < YOUNG_MS && has_ended(a->fd));
}

/* The slot is LOOKED_AT, and was in `state`. True: it is found, and is TAKEN, or free; or else in that state again. */
static bool settle(struct fdg_slot *s, const struct accepted *a, uint32_t state)
{
	struct fdg_board *b = fdg_board();

	if (!is_standin(s, a) || (state == SPENT && !is_it_still(s, a))) {
		atomic_store(&s->state, state);
		return false;
	}
	if (state == WAITING) {
		atomic_store(&s->state, TAKEN);
		atomic_fetch_sub(&b->waiting, 1);
		return true;
	}
	atomic_store(&s->is_found, true);
	atomic_store(&s->state, SPENT);
	if (!atomic_load(&s->is_ending))
		free_spent(s);
	return true;
}

/* Among the slots in this state. */
static int find(const struct accepted *a, uint32_t state)
{
	struct fdg_board *b = fdg_board();
	unsigned end = atomic_load(&b->end);

	for (unsigned i = 0; i < end; i++) {
		uint32_t was = state;

		if (atomic_load_explicit(&b->slot[i].key, memory_order_relaxed) != a->key)
			continue;
		for (unsigned n = 0; n < PATIENCE && atomic_load(&b->slot[i].state) == LOOKED_AT; n++)
			; /* by another thread, whose connection has the same key */
		if (atomic_compare_exchange_strong(&b->slot[i].state, &was, LOOKED_AT) && settle(&b->slot[i], a, state))
			return (int)i;
	}
	return NONE;
}

/* One that is in no queue any more is counted for ever: then a connection that its client reset is passed over, and that is all. */
static bool is_unseen(void)
{
	struct fdg_board *b = fdg_board();
	unsigned n = b ? atomic_load(&b->unseen) : 0;

	while (n && !atomic_compare_exchange_weak(&b->unseen, &n, n - 1))
		;
	return n != 0;
}

/* The slot of an accepted connection that is a stand-in, TAKEN now; GONE: it is a stand-in that was taken back. One that is taken back at this moment is found in either state. */
static int slot_of(int fd)
{
	struct accepted a;
	int slot;

	if (!fdg_handover_any() || !look_at(&a, fd))
		return NONE;
	if (a.is_reset && find(&a, SPENT) >= 0)
		return GONE;
	slot = find(&a, WAITING);
	if (slot >= 0)
		return slot;
	if (!a.is_reset && find(&a, SPENT) >= 0)
		return GONE;
	return a.is_reset && is_unseen() ? GONE : NONE;
}

bool fdg_standin_returned(int fd)
{
	int slot = slot_of(fd);

	if (slot == NONE)
		return false;
	fdg_reset_socket(fd);
	if (slot == GONE)
		return true;
	fdg_kept_close(&fdg_slot(slot)->standin);
	atomic_store(&fdg_slot(slot)->state, HELD);
	return true;
}

/* Was the listener closed that had it? */
static bool is_dead(int slot)
{
	return tcp_state(fdg_slot(slot)) == TCP_CLOSE;
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
		if (atomic_load(&b->slot[i].state) == WAITING && b->slot[i].since <= before)
			fdg_standin_spend((int)i, &n);
	}
	return n;
}

bool fdg_handover_aborted(void)
{
	struct fdg_board *b = fdg_board();

	return b && (atomic_load(&b->spent) || atomic_load(&b->unseen));
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

enum fdg_handed fdg_handover_accepted(int fd, int flags)
{
	int slot = slot_of(fd);

	if (slot == GONE) {
		fdg_linger_none(fd);
		fdg_sys_close(fd);
		return FDG_HANDED_GONE;
	}
	return slot < 0 ? FDG_HANDED_NOT : give(slot, fd, flags);
}

/* What is spent may be accepted here as well. */
void fdg_standins_forked(void)
{
	struct fdg_board *b = fdg_board();
	unsigned end = b ? atomic_load(&b->end) : 0, spent = 0;

	for (unsigned i = 0; i < end; i++) {
		struct fdg_slot *s = &b->slot[i];

		fdg_kept_close(&s->connection);
		fdg_kept_close(&s->standin);
		if (s->sending > 0)
			fdg_sys_close(s->sending);
		s->sending = 0;
		atomic_store(&s->is_ending, false);
		if (atomic_load(&s->state) == SPENT)
			spent++;
		else
			atomic_store(&s->state, FREE);
	}
	if (!b)
		return;
	atomic_store(&b->waiting, 0);
	atomic_store(&b->spent, spent);
}
