// SPDX-License-Identifier: MIT
/*
 * A connection for each server, made when an answer is truncated (or resolv.conf says use-vc), kept for the next ones, with many questions in it at a time
 * (RFC 7766). Answers come in any order; one that does not come in time is the server's failure, and a connection that said nothing in that time is closed.
 */
#include "resolver/engine.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"

#include "base/poison.h"

enum { LENGTH = 2, ARCOUNT = 11, READS = 16 /* in one drive */ };

static void set_interest(struct fdg_exchange *x, unsigned server)
{
	struct fdg_stream *s = &x->targets[server].stream;
	struct epoll_event event = {
		.events = EPOLLIN | (s->begun || s->out_len ? EPOLLOUT : 0),
		.data.u64 = fdg_stream_number(x, server),
	};

	if (x->epoll >= 0 && event.events != s->interest)
		fdg_sys4(SYS_epoll_ctl, x->epoll, EPOLL_CTL_MOD, s->fd, &event);
	s->interest = event.events;
}

static void close_stream(struct fdg_exchange *x, struct fdg_stream *s, bool ours)
{
	if (ours && x->epoll >= 0)
		fdg_sys4(SYS_epoll_ctl, x->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	if (ours)
		fdg_sys_close(s->fd);
	s->fd = -1;
	s->in_len = s->out_len = 0;
}

/* A connection that has served is made anew for those that are on it; else it counts as the server's failure. */
static void broke(struct fdg_exchange *x, unsigned server, enum fdg_exchange_status status)
{
	struct fdg_stream *s = &x->targets[server].stream;
	uint32_t served = s->answered;
	struct fdg_queue *streamed = &x->targets[server].queues[FDG_QUEUE_STREAMED];
	struct fdg_question *q;

	x->counts.tcp_cut += streamed->count > 0;
	if (served && streamed->count) /* so many it takes, and no more (RFC 7766 section 6.2.1.1) */
		x->targets[server].depth = served;
	close_stream(x, s, true);
	for (uint32_t n = streamed->count; n; n--) {
		q = fdg_queue_first(x, server, FDG_QUEUE_STREAMED);
		if (served && q->broken < FDG_TCP_AGAIN) {
			q->broken++;
			fdg_question_queue(x, q);
		} else {
			fdg_question_bad(x, q, server, status);
		}
	}
}

/* Those too that only wait for it. */
static void failed(struct fdg_exchange *x, unsigned server, enum fdg_exchange_status status)
{
	struct fdg_queue *waiting = &x->targets[server].queues[FDG_QUEUE_STREAM];

	for (uint32_t n = waiting->count; n; n--)
		fdg_question_bad(x, fdg_queue_first(x, server, FDG_QUEUE_STREAM), server, status);
}

void fdg_tcp_drop(struct fdg_exchange *x, unsigned server, bool ours)
{
	struct fdg_stream *s = &x->targets[server].stream;
	struct fdg_question *q;

	if (s->fd < 0)
		return;
	close_stream(x, s, ours);
	while ((q = fdg_queue_first(x, server, FDG_QUEUE_STREAMED)))
		fdg_question_queue(x, q);
}

static bool open_stream(struct fdg_exchange *x, unsigned server)
{
	struct fdg_stream *s = &x->targets[server].stream;
	int fd = fdg_pool_open(x, server, SOCK_STREAM, fdg_stream_number(x, server), EPOLLIN | EPOLLOUT);

	if (fd < 0 && fdg_pool_is_full(fd) && fdg_pool_make_room(x))
		fd = fdg_pool_open(x, server, SOCK_STREAM, fdg_stream_number(x, server), EPOLLIN | EPOLLOUT);
	if (fd < 0 && fdg_pool_is_full(fd) && fdg_pool_busy(x)) {
		x->held_until = x->now + FDG_HELD; /* a port will be idle soon */
		return false;
	}
	if (fd < 0 && fdg_pool_is_full(fd)) {
		while (x->targets[server].queues[FDG_QUEUE_STREAM].count)
			fdg_question_end(x, fdg_queue_first(x, server, FDG_QUEUE_STREAM), FDG_EXCHANGE_NO_SOCKET);
		return false;
	}
	if (fd < 0) {
		failed(x, server, FDG_EXCHANGE_UNREACHABLE);
		return false;
	}
	*s = (struct fdg_stream){
		.fd = fd,
		.begun = true,
		.interest = EPOLLIN | EPOLLOUT,
		.opened = x->now,
		.active = x->now,
		.cookie = fdg_pool_cookie(fd),
		.in = s->in,
		.out = s->out,
	};
	x->loose = -1;
	x->counts.tcp++;
	return true;
}

/* An id that no question in this connection has. */
static bool free_id(struct fdg_exchange *x, unsigned server, uint16_t *ret)
{
	do
		if (!fdg_random_16(&x->random, ret))
			return false;
	while (fdg_ids_find(&x->ids, fdg_ids_key(fdg_stream_number(x, server), *ret)) != FDG_IDS_NONE);
	return true;
}

static void put_frame(struct fdg_exchange *x, struct fdg_question *q, uint16_t id)
{
	struct fdg_target *t = &x->targets[q->server];
	struct fdg_stream *s = &t->stream;
	uint32_t try = fdg_question_number(x, q) * FDG_TRIES; /* all of them are closed */
	bool opt = q->opt_len && !q->plain && t->state.plain < FDG_SERVER_PLAIN;
	size_t n = opt ? q->len + q->opt_len : q->len;
	uint8_t *to = s->out + s->out_len;

	q->packet[0] = (uint8_t)(id >> 8);
	q->packet[1] = (uint8_t)id;
	q->packet[ARCOUNT] = opt;
	to[0] = (uint8_t)(n >> 8);
	to[1] = (uint8_t)n;
	memcpy(to + LENGTH, q->packet, n);
	s->out_len += LENGTH + n;
	fdg_ids_put(&x->ids, try, fdg_ids_key(fdg_stream_number(x, q->server), id));
	x->ids.tries[try].server = q->server;
	x->ids.tries[try].sent = (uint32_t)x->now;
	x->ids.tries[try].lost = false;
	x->ids.tries[try].opt = opt;
	q->last_server = q->server;
	q->sent++;
	x->counts.sent++;
}

/* The server ends it, or has done so. */
static bool is_used_up(const struct fdg_target *t)
{
	return t->depth < FDG_TCP_FLYING && t->stream.answered >= t->depth && !t->queues[FDG_QUEUE_STREAMED].count;
}

/* As many questions as have room. */
static void fill(struct fdg_exchange *x, unsigned server)
{
	struct fdg_target *t = &x->targets[server];
	struct fdg_question *q;
	uint16_t id;

	while (fdg_stream_has_room(t) && FDG_OUT - t->stream.out_len >= LENGTH + sizeof(q->packet) &&
	       (q = fdg_queue_first(x, server, FDG_QUEUE_STREAM))) {
		if (!free_id(x, server, &id)) {
			fdg_question_end(x, q, FDG_EXCHANGE_NO_SOCKET);
			continue;
		}
		if (!t->queues[FDG_QUEUE_STREAMED].count)
			t->stream.active = x->now;
		put_frame(x, q, id);
		fdg_queue_leave(x, q);
		fdg_queue_push(x, q, FDG_QUEUE_STREAMED);
	}
}

static void push_out(struct fdg_exchange *x, unsigned server)
{
	struct fdg_stream *s = &x->targets[server].stream;
	long n;

	if (s->begun || !s->out_len)
		return;
	n = fdg_sys6(SYS_sendto, s->fd, (long)s->out, (long)s->out_len, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
	if (n > 0) {
		s->out_len -= (size_t)n;
		memmove(s->out, s->out + n, s->out_len);
	} else if (n != -EAGAIN && n != -EINTR) {
		broke(x, server, FDG_EXCHANGE_CUT);
		return;
	}
	set_interest(x, server);
}

void fdg_tcp_flush(struct fdg_exchange *x)
{
	for (unsigned i = 0; i < x->target_count; i++) {
		struct fdg_target *t = &x->targets[i];

		if (!t->queues[FDG_QUEUE_STREAM].count)
			continue;
		if (t->stream.fd >= 0 && is_used_up(t))
			close_stream(x, &t->stream, true);
		if (t->stream.fd < 0 && !open_stream(x, i))
			continue;
		fill(x, i);
		push_out(x, i);
	}
}

/* False: no server sends such a stream. */
static bool take_message(struct fdg_exchange *x, unsigned server, const uint8_t *msg, size_t len)
{
	uint32_t try;

	if (len < FDG_DNS_HEADER) {
		x->counts.too_short++;
		return false;
	}
	try = fdg_ids_find(&x->ids, fdg_ids_key(fdg_stream_number(x, server), (uint16_t)(msg[0] << 8 | msg[1])));
	if (try == FDG_IDS_NONE)
		x->counts.wrong_id++;
	else if (fdg_question_message(x, try, msg, len, false))
		x->targets[server].stream.answered++;
	return true;
}

static bool take_messages(struct fdg_exchange *x, unsigned server)
{
	struct fdg_stream *s = &x->targets[server].stream;
	const uint8_t *msg;
	size_t at = 0, len;

	while (fdg_frame_next(s->in, s->in_len, &at, &msg, &len))
		if (!take_message(x, server, msg, len))
			return false;
	s->in_len -= at;
	memmove(s->in, s->in + at, s->in_len);
	return true;
}

static void pull_in(struct fdg_exchange *x, unsigned server)
{
	struct fdg_stream *s = &x->targets[server].stream;

	for (int i = 0; i < READS; i++) {
		long n = fdg_sys6(SYS_recvfrom, s->fd, (long)(s->in + s->in_len), (long)(FDG_STREAM - s->in_len),
				  MSG_DONTWAIT, 0, 0);

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n > 0) {
			s->active = x->now;
			s->in_len += (size_t)n;
		}
		if (n <= 0 || !take_messages(x, server)) {
			broke(x, server, FDG_EXCHANGE_CUT);
			return;
		}
	}
}

/* False: it did not come about. */
static bool ended_connecting(struct fdg_exchange *x, unsigned server)
{
	struct fdg_stream *s = &x->targets[server].stream;
	uint8_t byte;
	long r = fdg_sys6(SYS_recvfrom, s->fd, (long)&byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);

	s->begun = false;
	if (r > 0 || r == -EAGAIN)
		return true;
	broke(x, server, FDG_EXCHANGE_UNREACHABLE);
	failed(x, server, FDG_EXCHANGE_UNREACHABLE);
	return false;
}

void fdg_tcp_event(struct fdg_exchange *x, unsigned server, uint32_t events)
{
	struct fdg_stream *s = &x->targets[server].stream;

	if (s->fd < 0 || (s->begun && !ended_connecting(x, server)))
		return;
	push_out(x, server);
	if (s->fd >= 0 && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		pull_in(x, server);
	if (s->fd >= 0)
		set_interest(x, server);
}

void fdg_tcp_expired(struct fdg_exchange *x, struct fdg_question *q)
{
	unsigned server = q->server;
	const struct fdg_stream *s = &x->targets[server].stream;
	bool deaf = s->fd >= 0 && x->now - s->active >= (uint64_t)x->set.timeout_ms * 1000;

	fdg_question_bad(x, q, server, FDG_EXCHANGE_TIMEOUT);
	if (deaf)
		fdg_tcp_drop(x, server, true);
}

uint64_t fdg_tcp_idle(struct fdg_exchange *x)
{
	uint64_t due = FDG_WHEEL_NEVER;

	for (unsigned i = 0; i < x->target_count; i++) {
		struct fdg_target *t = &x->targets[i];

		if (t->stream.fd < 0 || t->queues[FDG_QUEUE_STREAMED].count)
			continue;
		if (x->now - t->stream.active >= FDG_TCP_IDLE)
			close_stream(x, &t->stream, true);
		else if (t->stream.active + FDG_TCP_IDLE < due)
			due = t->stream.active + FDG_TCP_IDLE;
	}
	return due;
}
