// SPDX-License-Identifier: MIT
/* Descriptors that are not ours any more: in a forked child, and after a program has closed them all. */
#include "resolver/engine.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/sys.h"

#include "base/poison.h"

enum { CHECK = 1000000, OLD = 100000 /* µs */ };

int fdg_renew_epoll(struct fdg_exchange *x)
{
	x->epoll = x->set.polled ? -1 : fdg_pool_high((int)fdg_sys1(SYS_epoll_create1, EPOLL_CLOEXEC));
	return x->set.polled || x->epoll >= 0 ? 0 : x->epoll;
}

/* Closes what is still ours, and forgets the rest. */
static void drop_descriptors(struct fdg_exchange *x)
{
	for (unsigned i = 0; i < x->target_count; i++)
		if (x->targets[i].stream.fd >= 0)
			fdg_tcp_drop(x, i, fdg_pool_is_ours(x->targets[i].stream.fd, x->targets[i].stream.cookie));
	for (unsigned i = 0; i < x->port_count; i++) {
		struct fdg_port *p = &x->ports[i];

		if (p->fd < 0)
			continue;
		if (fdg_pool_is_ours(p->fd, p->cookie))
			fdg_sys_close(p->fd);
		fdg_pool_forget(x, i);
	}
}

/*
 * A forked child shares its parent's sockets and epoll, and a program that closes all descriptors has none: all are made anew, and every question goes out
 * again. `epoll_is_ours`: its number may be closed.
 */
static void begin_anew(struct fdg_exchange *x, bool epoll_is_ours)
{
	int epoll = x->epoll;

	x->epoll = -1;
	fdg_silence_over(x);
	for (uint32_t i = 0; i < x->touched; i++)
		if (x->questions[i].generation & 1)
			fdg_question_restart(x, &x->questions[i]);
	drop_descriptors(x);
	if (epoll >= 0 && epoll_is_ours)
		fdg_sys_close(epoll);
	fdg_renew_epoll(x);
}

/* The epoll is ours if it knows a socket of ours; without one it is not known, and nobody would miss it. */
static bool epoll_knows(const struct fdg_exchange *x, const struct fdg_port *p, unsigned port)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = port };

	return !fdg_sys4(SYS_epoll_ctl, x->epoll, EPOLL_CTL_MOD, p->fd, &event);
}

/* Are the descriptors what they were? *ret_epoll: the epoll is. */
static bool all_ours(const struct fdg_exchange *x, bool *ret_epoll)
{
	bool ours = true;

	*ret_epoll = false;
	for (unsigned i = 0; i < x->port_count; i++) {
		const struct fdg_port *p = &x->ports[i];

		if (p->fd < 0)
			continue;
		if (!fdg_pool_is_ours(p->fd, p->cookie))
			ours = false;
		else if (x->epoll >= 0 && !*ret_epoll)
			*ret_epoll = epoll_knows(x, p, i);
	}
	for (unsigned i = 0; i < x->target_count; i++) {
		const struct fdg_stream *s = &x->targets[i].stream;

		ours = ours && (s->fd < 0 || fdg_pool_is_ours(s->fd, s->cookie));
	}
	return ours;
}

/* One that knows nothing of ours can only be seen to be one. */
static bool epoll_is_there(const struct fdg_exchange *x)
{
	struct epoll_event event;
	long r = x->epoll < 0 ? 0 : fdg_sys6(SYS_epoll_pwait, x->epoll, (long)&event, 1, 0, 0, 0);

	return r != -EBADF && r != -EINVAL;
}

static bool has_ports(const struct fdg_exchange *x)
{
	for (unsigned i = 0; i < x->target_count; i++)
		if (x->targets[i].ports)
			return true;
	return false;
}

/* Looks when nothing was in flight, or for a second: in between, a program that closes our descriptors is told by errors. */
void fdg_renew_check(struct fdg_exchange *x, bool idle)
{
	bool epoll_is_ours;

	if (fdg_random_is_forked(&x->random)) {
		all_ours(x, &epoll_is_ours);
		begin_anew(x, epoll_is_ours);
		return;
	}
	if (!idle && x->now - x->checked < CHECK)
		return;
	x->checked = x->now;
	if (!has_ports(x) && epoll_is_there(x))
		return;
	if (!all_ours(x, &epoll_is_ours) || (x->epoll >= 0 && !epoll_is_ours))
		begin_anew(x, epoll_is_ours);
}

/*
 * Which network namespace the thread is in costs 2 µs to ask, a quarter of a lookup: what is older is closed instead, so that a thread that enters
 * another one without libc's knowledge (a raw setns) asks the old one's servers for that long at most.
 */
void fdg_renew_old(struct fdg_exchange *x)
{
	if (!x->set.brief)
		return;
	for (unsigned i = 0; i < x->port_count; i++)
		if (x->ports[i].fd >= 0 && !x->ports[i].flying && x->now - x->ports[i].opened > OLD)
			fdg_pool_retire(x, i);
	for (unsigned i = 0; i < x->target_count; i++)
		if (x->targets[i].stream.fd >= 0 && x->now - x->targets[i].stream.opened > OLD)
			fdg_tcp_drop(x, i, true);
}

void fdg_renew_end(struct fdg_exchange *x)
{
	int epoll = x->epoll;
	bool ours;

	all_ours(x, &ours);
	x->epoll = -1; /* a forked child has its parent's, which shall not lose anything */
	drop_descriptors(x);
	if (epoll >= 0 && (ours || x->counts.ports_made == 0))
		fdg_sys_close(epoll);
}

void fdg_exchange_abandon(struct fdg_exchange *x)
{
	x->driving = x->blocked = false;
	for (uint32_t i = 0; i < x->touched; i++)
		if ((x->questions[i].generation & 1) && x->questions[i].queue != FDG_QUEUE_OVER)
			fdg_question_end(x, &x->questions[i], FDG_EXCHANGE_CANCELLED);
	while (x->over.count) {
		struct fdg_question *q = &x->questions[x->over.head];

		fdg_queue_leave(x, q);
		fdg_question_give_back(x, q);
		x->counts.ended++;
	}
}

bool fdg_pool_is_full(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS || error == -ENOSPC;
}

bool fdg_pool_flying(const struct fdg_exchange *x)
{
	for (unsigned i = 0; i < x->port_count; i++)
		if (x->ports[i].fd >= 0 && x->ports[i].flying)
			return true;
	return false;
}

bool fdg_pool_busy(const struct fdg_exchange *x)
{
	for (unsigned i = 0; i < x->target_count; i++)
		if (x->targets[i].stream.fd >= 0)
			return true;
	return fdg_pool_flying(x);
}

bool fdg_pool_rest(struct fdg_exchange *x)
{
	bool any = false;

	for (unsigned i = 0; i < x->port_count; i++)
		if (x->ports[i].fd >= 0 && !x->ports[i].flying) {
			fdg_pool_retire(x, i);
			any = true;
		}
	for (unsigned i = 0; i < x->target_count; i++) {
		const struct fdg_target *t = &x->targets[i];

		if (t->stream.fd < 0 || t->queues[FDG_QUEUE_STREAM].count || t->queues[FDG_QUEUE_STREAMED].count)
			continue;
		fdg_tcp_drop(x, i, true);
		any = true;
	}
	return any;
}

bool fdg_pool_make_room(struct fdg_exchange *x)
{
	return fdg_pool_rest(x) || (x->set.let_go && x->set.let_go(x->set.owner));
}

void fdg_exchange_let_go(struct fdg_exchange *x)
{
	x->now = fdg_clock();
	fdg_renew_check(x, true);
	fdg_pool_rest(x);
}

/* Numbers alone are read, which are right at any moment: what is not ours is not closed. */
void fdg_exchange_scrap(struct fdg_exchange *x)
{
	int loose = x->loose;

	x->loose = -1;
	if (loose >= 0)
		fdg_sys_close(loose);
	for (unsigned i = 0; i < x->port_count; i++)
		if (x->ports[i].fd >= 0 && x->ports[i].fd != loose &&
		    fdg_pool_is_ours(x->ports[i].fd, x->ports[i].cookie))
			fdg_sys_close(x->ports[i].fd);
	for (unsigned i = 0; i < x->target_count; i++) {
		const struct fdg_stream *s = &x->targets[i].stream;

		if (s->fd >= 0 && s->fd != loose && fdg_pool_is_ours(s->fd, s->cookie))
			fdg_sys_close(s->fd);
	}
}

void fdg_exchange_unmap(struct fdg_exchange *x)
{
	fdg_sys_munmap(x, x->mapped);
}
