// SPDX-License-Identifier: MIT
#include "plan.h"

#include <stdio.h>
#include <sys/socket.h>

#include "calls.h"

const char *const op_names[OPS] = {
	"read", "readv", "preadv2", "recv", "recvfrom", "recvmsg", "recvmmsg", "write", "writev", "pwritev2", "send", "sendto", "sendmsg", "sendmmsg"
};
const char *const act_names[ACTS] = { "sends", "reads", "drains", "signal", "shuts", "closes", "resets", "waits" };

static bool is_stream(const struct plan *p)
{
	return p->channel == TCP || p->channel == UNIX || p->channel == PIPE;
}

static bool knows_flags(const struct plan *p)
{
	return p->op >= POST || (p->op >= RECEIVE && p->op < GIVE);
}

static void choose_flags(struct plan *p)
{
	static const int taking[] = { MSG_DONTWAIT, MSG_WAITALL, MSG_WAITALL, MSG_WAITALL, MSG_PEEK, MSG_PEEK | MSG_WAITALL, MSG_DONTWAIT | MSG_WAITALL, 0 };

	if (!knows_flags(p))
		return;
	if (gives(p))
		p->flags = (dice(2) ? MSG_NOSIGNAL : 0) | (dice(8) ? 0 : MSG_DONTWAIT);
	else if (dice(2))
		p->flags = taking[dice(8)] | (is_stream(p) || dice(3) ? 0 : MSG_TRUNC);
	if (p->op == RECEIVE_MESSAGES && dice(3) == 0)
		p->flags |= MSG_WAITFORONE;
}

static void choose_size(struct plan *p)
{
	static const size_t small[] = { 0, 1, 7, 100, 4096, 4097, 10000 }, large[] = { 1, 100, 4096, 70001, MOST_BYTES };

	if (gives(p) && is_stream(p))
		p->n = large[dice(5)];
	else
		p->n = small[p->channel == TCP ? 1 + dice(6) : dice(7)]; /* none of TCP is taken at any wake-up */
	if (p->channel == TCP && gives(p) && p->n == 70001)
		p->n = MOST_BYTES; /* where it may or may not fit is nobody's business */
	if (p->op == POST_MESSAGES && p->n == MOST_BYTES)
		p->n /= 2;
}

static void choose_script(struct plan *p)
{
	unsigned n = (unsigned)dice(STEPS - 1);

	for (unsigned i = 0; i < n; i++) {
		p->script[i].n = 1 + dice(p->n < 8000 ? 2 * p->n + 2 : 16000);
		switch (dice(8)) {
		case 0: p->script[i].act = SIGNALS; break;
		case 1: p->script[i].act = dice(3) ? SIGNALS : p->channel == TCP ? RESETS : CLOSES; break;
		case 2: p->script[i].act = p->channel == PIPE || (p->channel == TCP && gives(p)) || dice(2) ? SIGNALS : SHUTS; break;
		default: p->script[i].act = !gives(p) ? SENDS : dice(3) || (p->channel == TCP && p->filled) ? DRAINS : READS; break;
		}
		/* A window that opens a little may wake TCP or not; a slow path looks now and then at SOCK_SEQPACKET, the kernel does not. */
		if (p->script[i].act == READS && ((p->channel == TCP && p->n != MOST_BYTES) || p->channel == SEQPACKET))
			p->script[i].act = DRAINS;
	}
	if (p->limit) {
		n = n > 1 ? 1 : n;
		p->script[n++].act = WAITS;
	}
	p->script[n++].act = gives(p) && !p->limit ? DRAINS : CLOSES;
	p->steps = n;
}

/* TCP wakes nobody for less than SO_RCVLOWAT, though what was taken before and this make more than that. */
static void avoid_deaf_tcp(struct plan *p)
{
	p->before = 0;
	for (unsigned i = 0; i < p->steps; i++)
		p->script[i].n += (size_t)p->low;
}

void make_plan(struct plan *p)
{
	*p = (struct plan){ .low = 1, .patience = -1, .way = (int)dice(WAYS), .restart = dice(2) };
	p->channel = (enum channel)dice(CHANNELS);
	p->op = (enum op)dice(OPS);
	if (p->channel == PIPE && knows_flags(p))
		p->op = gives(p) ? (enum op)(GIVE + dice(3)) : (enum op)(TAKE + dice(3));
	choose_flags(p);
	choose_size(p);
	p->parts = dice(3) ? 1 + (unsigned)dice(2) : 1000;
	p->filled = gives(p) && p->channel != UDP && dice(2);
	if (!gives(p) && dice(3) == 0)
		p->before = 1 + dice(p->n + 10);
	if (!gives(p) && (p->channel == TCP || p->channel == UNIX) && dice(8) == 0)
		p->low = p->n < 10 ? 1 : p->n < 5000 || dice(2) ? 10 : 5000;
	if (p->channel != PIPE && dice(15) == 0)
		p->limit = 120;
	p->in_turn = dice(3) == 0;
	if (p->op == RECEIVE_MESSAGE && dice(2))
		p->room = dice(2) ? CMSG_SPACE(sizeof(struct ucred)) : 256;
	if (p->op == RECEIVE_MESSAGES && dice(3) == 0)
		p->patience = dice(2) ? 0 : 10000;
	if (p->low > 1 || (p->flags & MSG_PEEK && p->flags & MSG_WAITALL))
		p->settle = 25;
	choose_script(p);
	if (p->low > 1 && p->channel == TCP)
		avoid_deaf_tcp(p);
	for (unsigned i = 0; i < p->steps; i++)
		if (p->script[i].act == SHUTS && gives(p) && (p->channel == UNIX || p->channel == SEQPACKET || p->channel == DGRAM))
			p->settle = 45; /* nothing tells but a look now and then */
}

void print_plan(const struct plan *p)
{
	printf("%s of %zu in %u parts on %s %s, flags 0x%x, lowat %d, limit %d, patience %d, room %zu, %s%s, %s, %zu before;", op_names[p->op], p->n, p->parts, channel_names[p->channel],
	       p->way == BY_NAME ? "by name" : "by number", p->flags, p->low, p->limit, p->patience, p->room, p->restart ? "SA_RESTART" : "no restart", p->in_turn ? " first" : "", p->filled ? "full" : "empty", p->before);
	for (unsigned i = 0; i < p->steps; i++)
		printf(" %s %zu", act_names[p->script[i].act], p->script[i].n);
	printf("\n");
}
