// SPDX-License-Identifier: MIT
/* The making of stand-ins: all that are held at a time. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

#include "guards/reuseport/standins_parts.h"

#include "base/poison.h"

#define ARRIVES_MS 50

/* Its place is taken by another. */
static int oldest_spent(struct fdg_board *b)
{
	uint32_t state = SPENT;
	int at = -1;

	for (int i = 0; i < (int)FDG_HANDOVER_MAX; i++)
		if (atomic_load(&b->slot[i].state) == SPENT && (at < 0 || b->slot[i].since < b->slot[at].since))
			at = i;
	if (at < 0 || !atomic_compare_exchange_strong(&b->slot[at].state, &state, TAKEN))
		return -1;
	atomic_fetch_add(&b->unseen, 1);
	atomic_fetch_sub(&b->spent, 1);
	return at;
}

static int free_slot(struct fdg_board *b)
{
	for (unsigned i = 0; i < FDG_HANDOVER_MAX; i++) {
		uint32_t state = FREE;
		unsigned end = atomic_load(&b->end);

		if (!atomic_compare_exchange_strong(&b->slot[i].state, &state, TAKEN))
			continue;
		while (end <= i && !atomic_compare_exchange_weak(&b->end, &end, i + 1))
			;
		return (int)i;
	}
	return oldest_spent(b);
}

/* A socket with a high number; negative: there is none. */
static int high_socket(int family)
{
	int low = (int)fdg_sys3(SYS_socket, family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP), high;

	if (low < 0)
		return -1;
	high = fdg_kept_raise(low);
	fdg_sys_close(low);
	return high;
}

bool fdg_standin_reserve(struct fdg_reserved *r, int family)
{
	*r = (struct fdg_reserved){ -1, -1, -1 };
	r->standin = high_socket(family);
	r->connection = r->standin < 0 ? -1 : fdg_kept_raise(r->standin);
	r->slot = r->connection < 0 ? -1 : free_slot(fdg_board());
	if (r->slot >= 0)
		return true;
	fdg_standin_unreserve(r);
	return false;
}

void fdg_standin_unreserve(struct fdg_reserved *r)
{
	if (r->connection >= 0)
		fdg_sys_close(r->connection);
	if (r->standin >= 0)
		fdg_sys_close(r->standin);
	if (r->slot >= 0)
		atomic_store(&fdg_slot(r->slot)->state, FREE);
}

void fdg_standin_hold(const struct fdg_reserved *r, int fd)
{
	struct fdg_slot *s = fdg_slot(r->slot);

	fdg_sys3(SYS_dup3, fd, r->connection, O_CLOEXEC);
	fdg_sys_close(fd);
	fdg_kept_put(&s->connection, r->connection);
	fdg_kept_put(&s->standin, -1);
	s->sending = r->standin;
	atomic_store(&s->state, HELD);
}

/* Bound before it connects: who accepts it looks for its port. Refused where the address is not this machine's. */
static bool has_port(int fd, union fdg_socket_address *from)
{
	if (from->any.sa_family == AF_INET)
		from->in.sin_port = 0;
	else
		from->in6.sin6_port = 0;
	return fdg_sys3(SYS_bind, fd, from, fdg_socket_address_length(from)) == 0 &&
	       fdg_socket_address_of(fd, SYS_getsockname, from);
}

/* False: nothing is under way. */
static bool begins(int slot)
{
	struct fdg_slot *s = fdg_slot(slot);
	union fdg_socket_address from;
	long r;

	if (!fdg_socket_address_of(fdg_kept_fd(&s->connection), SYS_getsockname, &s->to))
		return false;
	if (s->sending <= 0)
		s->sending = high_socket(s->to.any.sa_family);
	from = s->to;
	if (s->sending <= 0 || !has_port(s->sending, &from))
		return false;
	s->from = from;
	s->netns = fdg_netns_of(s->sending);
	s->is_there = false;
	s->since = fdg_now_ms();
	atomic_store(&s->key, fdg_socket_key(&from));
	atomic_fetch_add(&fdg_board()->waiting, 1);
	atomic_store(&s->state, WAITING);
	r = fdg_sys3(SYS_connect, s->sending, &s->to, fdg_socket_address_length(&s->to));
	return r == 0 || r == -EINPROGRESS;
}

/* The listener's side has answered: it is in the queue, or will be when the end of it comes. */
static bool arrived(struct fdg_slot *s)
{
	struct pollfd p = { s->sending, POLLOUT, 0 };

	if (!s->is_there && fdg_sys_poll(&p, 1, 0) == 1 && !(p.revents & (POLLERR | POLLHUP))) {
		fdg_sys2(SYS_shutdown, s->sending, SHUT_WR);
		s->is_there = true;
	}
	return s->is_there;
}

/* It waits, or was given already, or is not there and is reset: returns how many were. */
static unsigned ends(int slot)
{
	struct fdg_slot *s = fdg_slot(slot);
	int fd = s->sending;
	unsigned n = 0;

	s->sending = 0;
	fdg_kept_put(&s->standin, fd);
	if (!s->is_there && fdg_standin_spend(slot, &n))
		return n;
	if (atomic_load(&s->state) != WAITING)
		fdg_kept_close(&s->standin);
	return 0;
}

/* All that are under way at once, for as long as there are such; and no longer than `until`. */
static void wait_for_all(unsigned end, int64_t until)
{
	for (bool waits = true; waits && fdg_now_ms() < until;) {
		waits = false;
		for (unsigned i = 0; i < end; i++)
			waits |= fdg_slot((int)i)->sending > 0 && atomic_load(&fdg_slot((int)i)->state) == WAITING &&
				 !arrived(fdg_slot((int)i));
		if (waits)
			fdg_sys_poll(NULL, 0, 1);
	}
}

unsigned fdg_standins_send(int64_t until)
{
	unsigned end = atomic_load(&fdg_board()->end), dropped = 0;

	for (int slot = fdg_standin_next(0); slot >= 0; slot = fdg_standin_next(slot + 1)) {
		if (fdg_now_ms() < until && begins(slot))
			arrived(fdg_slot(slot));
	}
	wait_for_all(end, fdg_now_ms() + ARRIVES_MS < until ? fdg_now_ms() + ARRIVES_MS : until);
	for (unsigned i = 0; i < end; i++)
		if (fdg_slot((int)i)->sending > 0 && atomic_load(&fdg_slot((int)i)->state) != HELD)
			dropped += ends((int)i);
	for (int slot = fdg_standin_next(0); slot >= 0; slot = fdg_standin_next(slot + 1))
		dropped += fdg_standin_drop(slot);
	return dropped;
}
