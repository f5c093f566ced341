// SPDX-License-Identifier: MIT
/* What comes back through the ports. */
#include "resolver/engine.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/time.h>

#include "base/sys.h"
#include "resolver/modest.h"

#include "base/poison.h"

enum {
	ROUNDS = 8,      /* system calls for a port in one drive */
	WAIT_LEAST = 10, /* ms */
};

void fdg_udp_refused(struct fdg_exchange *x, unsigned port)
{
	unsigned server = fdg_port_server(x, port);

	x->counts.refused++;
	fdg_silence_over(x);
	if (fdg_server_absent(&x->targets[server].state, x->now))
		x->counts.dead++;
	for (uint32_t i = 0; i < x->touched * FDG_TRIES; i++) {
		struct fdg_question *q = &x->questions[i / FDG_TRIES];

		if (!x->ids.tries[i].out || x->ids.tries[i].key >> 16 != port)
			continue;
		fdg_try_close(x, i);
		if (q->queue == FDG_QUEUE_FLYING || server != q->server)
			fdg_question_bad(x, q, server, FDG_EXCHANGE_UNREACHABLE);
	}
}

void fdg_udp_abandon(struct fdg_exchange *x, unsigned port)
{
	bool forged = x->ports[port].forged >= FDG_PORT_FORGED;

	for (uint32_t i = 0; i < x->touched * FDG_TRIES; i++) {
		struct fdg_question *q = &x->questions[i / FDG_TRIES];

		if (!x->ids.tries[i].out || x->ids.tries[i].key >> 16 != port)
			continue;
		fdg_try_close(x, i);
		if (q->queue != FDG_QUEUE_FLYING)
			continue;
		q->forged = (uint8_t)(q->forged + forged);
		q->tcp = q->forged >= FDG_FORGED_TWICE;
		fdg_question_queue(x, q);
	}
}

void fdg_udp_lost(struct fdg_exchange *x, unsigned port)
{
	fdg_udp_abandon(x, port);
	fdg_pool_forget(x, port);
}

static void forged(struct fdg_exchange *x, unsigned port)
{
	if (++x->ports[port].forged != FDG_PORT_FORGED)
		return;
	x->counts.ports_forged++;
	fdg_pool_retire(x, port);
	fdg_udp_abandon(x, port);
}

/* To a probe mostly, whose question another server has answered before: it shows that the server is back, and does no harm if it is forged. */
static void late(struct fdg_exchange *x, unsigned port, const uint8_t *msg)
{
	unsigned rcode = msg[3] & 0xf;

	x->counts.late++;
	fdg_silence_over(x);
	if (msg[2] & 0x80 && (rcode == FDG_DNS_NOERROR || rcode == FDG_DNS_NXDOMAIN))
		fdg_server_good(&x->targets[fdg_port_server(x, port)].state);
}

static void take(struct fdg_exchange *x, unsigned port, const uint8_t *msg, size_t len, bool cut)
{
	uint16_t id;
	uint32_t try;

	if (len < FDG_DNS_HEADER) {
		x->counts.too_short++;
		return;
	}
	id = (uint16_t)(msg[0] << 8 | msg[1]);
	try = fdg_ids_find(&x->ids, fdg_ids_key(port, id));
	if (try != FDG_IDS_NONE) {
		if (!fdg_question_message(x, try, msg, len, cut))
			forged(x, port);
	} else if (fdg_pool_used(x, port, id)) {
		late(x, port, msg);
	} else {
		x->counts.wrong_id++;
		forged(x, port);
	}
}

static bool receive_failed(struct fdg_exchange *x, unsigned port, long error)
{
	switch (error) {
	case -EINTR:
		return false;
	case -EAGAIN:
	case -ENOMEM:
	case -ENOBUFS:
		return true;
	case -EBADF:
	case -ENOTSOCK:
		fdg_udp_lost(x, port);
		return true;
	default: /* or a filter that forbids the call: nothing will come */
		fdg_udp_refused(x, port);
		return error != -ECONNREFUSED;
	}
}

static unsigned id_of(const uint8_t *msg)
{
	return (unsigned)(msg[0] << 8 | msg[1]);
}

/* With thousands in flight nothing of a question is in the near caches any more: all that the messages will need is fetched at a time. */
static void look_ahead(const struct fdg_exchange *x, unsigned port, unsigned n)
{
	uint32_t try[FDG_BATCH];

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *msg = x->in_parts[i].iov_base;

		try[i] = fdg_ids_find(&x->ids, fdg_ids_key(port, (uint16_t)id_of(msg)));
		if (try[i] == FDG_IDS_NONE)
			continue;
		for (int line = 0; line < 3; line++)
			__builtin_prefetch((const char *)&x->questions[try[i] / FDG_TRIES] + line * 64, 1);
	}
	for (unsigned i = 0; i < n; i++) {
		if (try[i] == FDG_IDS_NONE)
			continue;
		for (int line = 0; line < 2; line++)
			__builtin_prefetch((const void *)((uintptr_t)x->questions[try[i] / FDG_TRIES].cookie +
							  (unsigned)line * 64),
					   1);
	}
}

/* The port may be closed by one of them; what its ids were is known until another one is opened, which is not done from here. */
static void take_all(struct fdg_exchange *x, unsigned port, unsigned n)
{
	look_ahead(x, port, n);
	for (unsigned i = 0; i < n; i++)
		take(x, port, x->in_parts[i].iov_base, x->in[i].msg_len, x->in[i].msg_hdr.msg_flags & MSG_TRUNC);
}

/* Who waits for one answer does not ask for more, which would cost him another look at an empty queue. */
static unsigned wanted(const struct fdg_exchange *x, unsigned port)
{
	unsigned flying = x->ports[port].flying;

	return x->set.polled && flying < FDG_BATCH ? flying : FDG_BATCH;
}

static int one_came(struct fdg_exchange *x, size_t len)
{
	size_t room = x->in_parts[0].iov_len;

	x->in[0].msg_hdr.msg_flags = len > room ? MSG_TRUNC : 0;
	x->in[0].msg_len = (unsigned)(len > room ? room : len);
	return 1;
}

/* How many came, or a negative errno. For one alone there is a cheaper call. */
static long take_in(struct fdg_exchange *x, int fd, unsigned most)
{
	struct iovec *part = &x->in_parts[0];
	long r;

	if (most != 1 && !fdg_is_modest())
		return fdg_sys5(SYS_recvmmsg, fd, x->in, most, MSG_DONTWAIT, NULL);
	r = fdg_sys6(SYS_recvfrom, fd, (long)part->iov_base, (long)part->iov_len, MSG_DONTWAIT | MSG_TRUNC, 0, 0);
	return r < 0 ? r : one_came(x, (size_t)r);
}

void fdg_udp_receive(struct fdg_exchange *x, unsigned port)
{
	for (int round = 0; round < ROUNDS && x->ports[port].fd >= 0; round++) {
		long n = take_in(x, x->ports[port].fd, wanted(x, port));

		if (n < 0) {
			if (receive_failed(x, port, n))
				return;
			continue;
		}
		take_all(x, port, (unsigned)n);
		if (n < FDG_BATCH || !x->ports[port].flying)
			return;
	}
}

/*
 * A filter that lets all pass: with one the kernel looks at checksums as messages come. Without, it looks as they are received, and begins the time of a recv anew for each that is
 * wrong (udp_recvmsg), so that a few of those a second would hold it for ever.
 */
static bool drop_broken_ones(int fd)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog program = { .len = 1, .filter = &all };

	return fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) >= 0;
}

static bool set_patience(struct fdg_port *p, int ms)
{
	struct timeval patience = { ms / 1000, ms % 1000 * 1000 };

	if (!p->wait_ms && !drop_broken_ones(p->fd))
		return false;
	if (fdg_sys5(SYS_setsockopt, p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return false;
	p->wait_ms = ms;
	return true;
}

/*
 * A socket's patience is set when it is used for the second time: the first answer is polled for, which is all that a rare lookup's socket sees. The kernel rounds patience to
 * ticks of up to 10 ms, and may end it one early: what is left is polled for, too.
 */
bool fdg_udp_may_wait(struct fdg_exchange *x, unsigned port, int timeout_ms)
{
	struct fdg_port *p = &x->ports[port];

	if (!x->set.receive || fdg_is_modest() || p->flying != 1 || (p->used < 2 && !p->wait_ms) ||
	    timeout_ms < WAIT_LEAST)
		return false;
	return p->wait_ms == timeout_ms || set_patience(p, timeout_ms);
}

int fdg_udp_wait(struct fdg_exchange *x, unsigned port)
{
	const struct iovec *part = &x->in_parts[0];
	long r;

	x->blocked = true;
	r = x->set.receive(x->ports[port].fd, part->iov_base, part->iov_len, MSG_TRUNC);
	x->blocked = false;
	x->now = fdg_clock();
	if (r >= 0)
		take_all(x, port, (unsigned)one_came(x, (size_t)r));
	else if (r != -EAGAIN)
		receive_failed(x, port, r);
	return r < 0 ? (int)r : 0;
}
