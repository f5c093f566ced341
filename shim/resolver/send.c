// SPDX-License-Identifier: MIT
/*
 * Questions out of the queues and through the ports.
 *
 * How hard it is to forge an answer (RFC 5452; RFC 9018 section 3 has the numbers). It has to come from the server's address and port, for the sockets are
 * connected and the kernel drops all else; to a port of ours, of the 28,232 that Linux gives by default, drawn by the kernel from its random numbers (14.8
 * bits); with the id, drawn from getrandom's numbers and never used twice at a port (more than 15.9 bits); and with the name and type that were asked from
 * there. Who does not see the traffic needs 2^30 messages for an even chance at one question, less those of the retransmissions: each has an id, and
 * mostly a port, of its own, at most FDG_TRIES at a time. Who has found a port (by ICMP's limits, say) still has 2^16 ids before him, and loses the
 * port after FDG_PORT_FORGED wrong ones: a chance of one in 2,000. What then was in flight there goes out again from elsewhere, and, if that happens
 * once more, by TCP. A port is changed after FDG_PORT_LIFE transmissions anyway.
 *
 * Asking one thing twice at a time, which would double a forger's chance, is avoided above. Letter case as further bits (0x20) is not used: servers are
 * allowed to answer in any case (RFC 4343), libc keeps the user's, and what libc shows as canonical name would change.
 */
#include "resolver/engine.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "base/sys.h"

#include "base/poison.h"

enum {
	ARCOUNT = 11,
	ROUNDS = 8 /* system calls for a port in one drive */,
	SENDS = 4096 /* … and for all of a server's */,
	FEW = 16 /* questions: not worth putting in order */
};

/* Which of its transmissions gives way to a new one: the first goes on, for a slow answer belongs to it; the newest at the same server is repeated now. */
static uint32_t try_for(struct fdg_exchange *x, const struct fdg_question *q, unsigned server)
{
	uint32_t first = fdg_question_number(x, q) * FDG_TRIES, give = first + FDG_TRIES - 1, age = UINT32_MAX;

	for (uint32_t i = first; i < first + FDG_TRIES; i++)
		if (!x->ids.tries[i].out)
			return i;
	for (uint32_t i = first + 1; i < first + FDG_TRIES; i++) {
		const struct fdg_try *t = &x->ids.tries[i];

		if (t->server == server && (uint32_t)x->now - t->sent < age) {
			age = (uint32_t)x->now - t->sent;
			give = i;
		}
	}
	fdg_try_close(x, give);
	return give;
}

/* Puts it into the batch at `slot`. The id lies in the question's own packet: it must not be in one batch twice. */
static bool load(struct fdg_exchange *x, struct fdg_question *q, unsigned port, unsigned slot)
{
	unsigned server = fdg_port_server(x, port);
	uint32_t try = try_for(x, q, server);
	struct fdg_try *t = &x->ids.tries[try];
	bool opt = q->opt_len && !q->plain && q->sends < FDG_EDNS_TRIES &&
		   x->targets[server].state.plain < FDG_SERVER_PLAIN;
	uint16_t id;

	if (!fdg_pool_id(x, port, &id))
		return false;
	q->packet[0] = (uint8_t)(id >> 8);
	q->packet[1] = (uint8_t)id;
	q->packet[ARCOUNT] = opt;
	x->out_parts[slot] = (struct iovec){ q->packet, opt ? q->len + q->opt_len : q->len };
	x->batch[slot] = try;
	fdg_ids_put(&x->ids, try, fdg_ids_key(port, id));
	t->server = (uint8_t)server;
	t->sent = (uint32_t)x->now;
	t->lost = false;
	t->opt = opt;
	return true;
}

static void count_sent(struct fdg_exchange *x, struct fdg_question *q)
{
	x->counts.sent++;
	x->counts.again += q->sent > 0;
}

static void unload(struct fdg_exchange *x, unsigned from, unsigned n)
{
	while (n-- > from) {
		struct fdg_question *q = &x->questions[x->batch[n] / FDG_TRIES];

		fdg_try_close(x, x->batch[n]);
		fdg_queue_push_first(x, q, FDG_QUEUE_AGAIN);
	}
}

static unsigned in_flight(const struct fdg_target *t)
{
	return t->queues[FDG_QUEUE_AGAIN].count + t->queues[FDG_QUEUE_FLYING].count;
}

/* What is repeated goes first, and does not ask the window. */
static struct fdg_question *next_question(struct fdg_exchange *x, unsigned server)
{
	struct fdg_target *t = &x->targets[server];
	struct fdg_question *q = fdg_queue_first(x, server, FDG_QUEUE_AGAIN);

	if (!q)
		q = fdg_queue_first(x, server, FDG_QUEUE_READY);
	if (!q)
		return NULL;
	if (q->queue == FDG_QUEUE_READY && in_flight(t) >= t->state.window) {
		t->state.limited = true;
		return NULL;
	}
	return q;
}

/* Those that go out leave their queue; they are in no queue while the kernel has them. */
static unsigned load_batch(struct fdg_exchange *x, unsigned server, unsigned port)
{
	struct fdg_target *t = &x->targets[server];
	const struct fdg_port *p = &x->ports[port];
	unsigned room = FDG_PORT_FLYING - p->flying, n = 0;
	struct fdg_question *q;

	if (room > FDG_BATCH)
		room = FDG_BATCH;
	if (p->used < p->life && room > p->life - p->used)
		room = p->life - p->used;
	while (n < room && (q = next_question(x, server))) {
		if (q->queue == FDG_QUEUE_READY && in_flight(t) + n >= t->state.window)
			break;
		fdg_queue_leave(x, q);
		q->counted = true;
		if (!load(x, q, port, n)) {
			fdg_question_end(x, q, FDG_EXCHANGE_NO_SOCKET);
			break;
		}
		n++;
	}
	return n;
}

static void fail_batch(struct fdg_exchange *x, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct fdg_question *q = &x->questions[x->batch[i] / FDG_TRIES];

		fdg_try_close(x, x->batch[i]);
		fdg_question_bad(x, q, q->server, FDG_EXCHANGE_UNREACHABLE);
	}
}

/* False: nothing more goes out now. */
static bool not_sent(struct fdg_exchange *x, unsigned port, unsigned n, long error)
{
	if (x->segments && (error == -EIO || error == -EINVAL || error == -EOPNOTSUPP)) {
		x->segments = false; /* IPsec on the way, or a device that cannot */
		error = -EINTR;
	}
	switch (error) {
	case -EINTR:
		unload(x, 0, n);
		return true;
	case -EAGAIN:
	case -ENOBUFS:
	case -ENOMEM:
		unload(x, 0, n);
		x->held_until = x->now + FDG_HELD;
		return false;
	case -ECONNREFUSED: /* of what went out before */
		unload(x, 0, n);
		fdg_udp_refused(x, port);
		return true;
	case -EBADF:
	case -ENOTSOCK:
	case -EDESTADDRREQ:
		unload(x, 0, n);
		fdg_udp_lost(x, port);
		return true;
	default: /* no route, a filter, a message that is too long for the way */
		if (x->set.brief &&
		    x->ports[port].used >
			    n) { /* or the host has lost the address that it had when this port was opened */
			unload(x, 0, n);
			fdg_pool_retire(x, port);
		} else {
			fail_batch(x, n);
		}
		return true;
	}
}

static void sent(struct fdg_exchange *x, unsigned from, unsigned n)
{
	for (unsigned i = from; i < n; i++) {
		struct fdg_question *q = &x->questions[x->batch[i] / FDG_TRIES];

		count_sent(x, q);
		fdg_queue_push(x, q, FDG_QUEUE_FLYING);
		fdg_question_sent(x, q);
	}
	x->witness = x->batch[from] / FDG_TRIES;
	fdg_silence_sent(x);
}

/* Those of one length side by side, in the order they had. */
static void sort_batch(struct fdg_exchange *x, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct iovec part = x->out_parts[i];
		uint32_t try = x->batch[i];
		unsigned to = i;

		for (; to && x->out_parts[to - 1].iov_len > part.iov_len; to--) {
			x->out_parts[to] = x->out_parts[to - 1];
			x->batch[to] = x->batch[to - 1];
		}
		x->out_parts[to] = part;
		x->batch[to] = try;
	}
}

static void set_segments(struct msghdr *h, struct fdg_control *control, unsigned count, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)control->bytes;
	uint16_t segment = (uint16_t)len;

	h->msg_iovlen = count;
	h->msg_control = count > 1 ? control->bytes : NULL;
	h->msg_controllen = count > 1 ? sizeof(control->bytes) : 0;
	if (count == 1)
		return;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
}

/* Messages of one length go to the kernel as one, which it cuts up on the way out (UDP_SEGMENT of Linux 4.18). Returns the number of those. */
static unsigned group(struct fdg_exchange *x, unsigned n)
{
	unsigned groups = 0;

	if (x->segments)
		sort_batch(x, n);
	for (unsigned i = 0, end; i < n; i = end, groups++) {
		size_t len = x->out_parts[i].iov_len;

		for (end = i + 1; x->segments && end < n && x->out_parts[end].iov_len == len;)
			end++;
		x->out[groups].msg_hdr.msg_iov = &x->out_parts[i];
		set_segments(&x->out[groups].msg_hdr, &x->control[groups], end - i, len);
	}
	return groups;
}

/* How many went, or a negative errno. For one alone there is a cheaper call. */
static long put_out(struct fdg_exchange *x, int fd, unsigned groups)
{
	const struct iovec *part = x->out[0].msg_hdr.msg_iov;
	long r;

	if (groups != 1 || x->out[0].msg_hdr.msg_iovlen != 1)
		return fdg_sys4(SYS_sendmmsg, fd, x->out, groups, MSG_NOSIGNAL | MSG_DONTWAIT);
	r = fdg_sys6(SYS_sendto, fd, (long)part->iov_base, (long)part->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
	return r < 0 ? r : 1;
}

static bool send_batch(struct fdg_exchange *x, unsigned port, unsigned n)
{
	unsigned groups = group(x, n), done = 0;
	long went = put_out(x, x->ports[port].fd, groups);

	if (went < 0)
		return not_sent(x, port, n, went);
	for (long i = 0; i < went; i++)
		done += (unsigned)x->out[i].msg_hdr.msg_iovlen;
	unload(x, done, n);
	sent(x, 0, done);
	return true;
}

/* No descriptor, or no way to the server: an address of a family that the host does not have, say. */
static void fail_all(struct fdg_exchange *x, unsigned server, int error)
{
	struct fdg_question *q;

	if (!fdg_pool_is_full(error) && fdg_server_absent(&x->targets[server].state, x->now))
		x->counts.dead++;
	while ((q = next_question(x, server)))
		if (fdg_pool_is_full(error))
			fdg_question_end(x, q, FDG_EXCHANGE_NO_SOCKET);
		else
			fdg_question_bad(x, q, server, FDG_EXCHANGE_UNREACHABLE);
}

/* What waits for a server that is down goes where one lives. */
static void move_waiting(struct fdg_exchange *x, unsigned server)
{
	struct fdg_question *q = fdg_queue_first(x, server, FDG_QUEUE_READY), *next;

	for (unsigned i = 0; i < x->target_count; i++) {
		if (!fdg_server_is_live(&x->targets[i].state))
			continue;
		for (; q; q = next) {
			next = fdg_queue_next(x, q);
			if (fdg_question_is_done_with(x, q, i))
				continue;
			fdg_queue_leave(x, q);
			q->server = (uint8_t)i;
			q->sends = 0;
			fdg_question_queue(x, q);
		}
		return;
	}
}

/* No descriptor is left: what waits for this server does not wait for the answers of others any more, whose ports may be closed then. */
static bool give_way(struct fdg_exchange *x, unsigned server)
{
	static const enum fdg_queue_name names[] = { FDG_QUEUE_AGAIN, FDG_QUEUE_READY };
	bool flew = fdg_pool_flying(x);

	for (int i = 0; i < 2; i++)
		for (const struct fdg_question *q = fdg_queue_first(x, server, names[i]); q; q = fdg_queue_next(x, q))
			fdg_question_close_tries(x, q);
	return fdg_pool_make_room(x) || (flew && !fdg_pool_flying(x)); /* the last one that was about to be closed */
}

/* More than a batch: the kernel cuts up what is of one length, so that a system call has few lengths. Only what goes out now is moved. */
static void put_in_order(struct fdg_exchange *x, unsigned server)
{
	const struct fdg_target *t = &x->targets[server];
	unsigned flying = in_flight(t), ready = t->queues[FDG_QUEUE_READY].count;
	unsigned room = flying < t->state.window ? t->state.window - flying : 0;

	if (x->segments && ready > FEW && room > FEW)
		fdg_queue_sort(x, server, FDG_QUEUE_READY, room);
}

/* True: there may be one now. */
static bool without_port(struct fdg_exchange *x, unsigned server, int error)
{
	if (!error)
		return false;
	if (fdg_pool_is_full(error) && give_way(x, server))
		return true;
	if (fdg_pool_is_full(error) && fdg_pool_busy(x))
		x->held_until = x->now + FDG_HELD; /* what is in flight elsewhere ends, and gives its descriptor */
	else
		fail_all(x, server, error);
	return false;
}

static void flush_server(struct fdg_exchange *x, unsigned server)
{
	int error;

	if (!fdg_server_is_live(&x->targets[server].state))
		move_waiting(x, server);
	put_in_order(x, server);
	for (unsigned i = 0; i < SENDS && next_question(x, server); i++) {
		unsigned port, n;

		if (i * FDG_BATCH >= fdg_server_burst(&x->targets[server].state)) {
			x->held_until = x->now + FDG_HELD;
			return;
		}
		port = fdg_pool_pick(x, server, &error);
		if (port == FDG_NONE && without_port(x, server, error))
			continue;
		if (port == FDG_NONE)
			return;
		n = load_batch(x, server, port);
		if (n && !send_batch(x, port, n))
			return;
	}
}

/* A server that is down is asked what another one is being asked. Nobody waits for it. */
static void probe(struct fdg_exchange *x, unsigned server)
{
	struct fdg_question *q = &x->questions[x->witness];
	unsigned port;
	int error;

	if (q->queue != FDG_QUEUE_FLYING || q->server == server || !fdg_server_probe(&x->targets[server].state, x->now))
		return;
	port = fdg_pool_pick(x, server, &error);
	if (port == FDG_NONE || !load(x, q, port, 0))
		return;
	if (put_out(x, x->ports[port].fd, group(x, 1)) != 1) {
		fdg_try_close(x, x->batch[0]);
		return;
	}
	x->counts.sent++;
	x->counts.probes++;
}

void fdg_udp_flush(struct fdg_exchange *x)
{
	x->witness = FDG_NONE;
	if (x->held_until > x->now)
		return;
	x->held_until = 0;
	for (unsigned i = 0; i < x->target_count; i++)
		flush_server(x, i);
	for (unsigned i = 0; i < x->target_count && x->witness != FDG_NONE; i++)
		probe(x, i);
}
