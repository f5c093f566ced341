// SPDX-License-Identifier: MIT
/* A drive: what has come, what is over, what goes out. */
#include "resolver/engine.h"

#include <errno.h>
#include <poll.h>

#include "base/sys.h"

#include "base/poison.h"

enum { EVENTS = 64, FAR = 60000 /* ms */ };

static void event(struct fdg_exchange *x, uint64_t number, uint32_t events)
{
	if (number < x->port_count) {
		if (x->ports[number].fd >= 0)
			fdg_udp_receive(x, (unsigned)number);
	} else {
		fdg_tcp_event(x, (unsigned)number - x->port_count, events);
	}
}

/* False: there is no such epoll any more. */
static bool take_epoll(struct fdg_exchange *x, int timeout)
{
	struct epoll_event events[EVENTS];
	long n;

	x->blocked = true;
	n = fdg_sys6(SYS_epoll_pwait, x->epoll, (long)events, EVENTS, timeout, 0, 0);
	x->blocked = false;
	x->now = fdg_clock();
	x->interrupted = n == -EINTR;
	for (long i = 0; i < n; i++)
		event(x, events[i].data.u64, events[i].events);
	return n >= 0 || n == -EINTR;
}

static void add_poll(struct fdg_exchange *x, unsigned at, uint32_t number, int fd, uint32_t events)
{
	x->polls[at] = (struct pollfd){ .fd = fd, .events = (short)events };
	x->polled[at] = number;
}

static unsigned gather(struct fdg_exchange *x)
{
	unsigned n = 0;

	for (unsigned i = 0; i < x->port_count; i++)
		if (x->ports[i].fd >= 0 && x->ports[i].flying)
			add_poll(x, n++, i, x->ports[i].fd, POLLIN);
	for (unsigned i = 0; i < x->target_count; i++)
		if (x->targets[i].stream.fd >= 0)
			add_poll(x, n++, fdg_stream_number(x, i), x->targets[i].stream.fd,
				 x->targets[i].stream.interest);
	return n;
}

static void take_polled(struct fdg_exchange *x, int timeout)
{
	unsigned n = gather(x);
	int ready;

	if (n == 1 && x->polled[0] < x->port_count && fdg_udp_may_wait(x, x->polled[0], timeout)) {
		x->interrupted = fdg_udp_wait(x, x->polled[0]) == -EINTR;
		return;
	}
	x->blocked = true;
	ready = x->set.block ? x->set.block(x->polls, n, timeout) : fdg_sys_poll(x->polls, n, timeout);
	x->blocked = false;
	x->interrupted = ready == -EINTR;

	x->now = fdg_clock();
	for (unsigned i = 0; i < n; i++)
		if (ready > 0 && x->polls[i].revents)
			event(x, x->polled[i], (uint32_t)x->polls[i].revents);
		else if (ready < 0 && ready != -EINTR && x->polled[i] < x->port_count)
			fdg_udp_refused(x, x->polled[i]); /* there is no waiting here */
}

static void take_expired(struct fdg_exchange *x)
{
	uint32_t n;

	while ((n = fdg_wheel_take(x->wheel, x->now)) != FDG_WHEEL_NONE)
		fdg_question_expired(x, &x->questions[n]);
}

static void send_all(struct fdg_exchange *x)
{
	fdg_udp_flush(x);
	fdg_tcp_flush(x);
}

static void turn(struct fdg_exchange *x, int timeout)
{
	if (x->driving)
		return;
	x->driving = true;
	fdg_renew_check(x, false);
	if (x->epoll < 0)
		take_polled(x, timeout);
	else if (!take_epoll(x, timeout))
		fdg_renew_check(x, true);
	take_expired(x);
	fdg_tcp_idle(x);
	fdg_question_tell(x);
	x->now = fdg_clock();
	send_all(x);
	fdg_silence_take(x);
	x->driving = false;
}

/* What waits for a window has nothing to do but to wait for answers; what waits for the kernel is tried again. */
static bool may_send(const struct fdg_exchange *x)
{
	for (unsigned i = 0; i < x->target_count; i++) {
		const struct fdg_target *t = &x->targets[i];
		uint32_t flying = t->queues[FDG_QUEUE_FLYING].count + t->queues[FDG_QUEUE_AGAIN].count;

		if (t->queues[FDG_QUEUE_AGAIN].count || (t->queues[FDG_QUEUE_READY].count && flying < t->state.window))
			return true;
		if (t->queues[FDG_QUEUE_STREAM].count && fdg_stream_has_room(t) && !t->stream.begun)
			return true;
	}
	return false;
}

static uint64_t due_at(struct fdg_exchange *x)
{
	uint64_t due = fdg_wheel_due(x->wheel), idle = fdg_tcp_idle(x), silence = fdg_silence_due(x);

	if (idle < due)
		due = idle;
	if (silence < due)
		due = silence;
	if (x->over.count)
		return 0;
	if (may_send(x))
		return x->held_until;
	return due;
}

static int due_in(struct fdg_exchange *x)
{
	uint64_t due = due_at(x);

	if (due == FDG_WHEEL_NEVER)
		return -1;
	if (due <= x->now)
		return 0;
	return due - x->now > (uint64_t)FAR * 1000 ? FAR : (int)((due - x->now + 999) / 1000);
}

int fdg_exchange_due(struct fdg_exchange *x)
{
	x->now = fdg_clock();
	return due_in(x);
}

uint64_t fdg_exchange_now(const struct fdg_exchange *x)
{
	return x->now;
}

void fdg_exchange_drive(struct fdg_exchange *x)
{
	turn(x, 0);
}

void fdg_exchange_wait(struct fdg_exchange *x, int timeout_ms)
{
	int due;

	if (x->driving)
		return;
	x->now = fdg_clock();
	fdg_renew_check(x, false);
	send_all(x);
	due = due_in(x);
	if (!x->running)
		due = 0;
	if (due >= 0 && (timeout_ms < 0 || due < timeout_ms))
		timeout_ms = due;
	turn(x, timeout_ms);
}
