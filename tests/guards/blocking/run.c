// SPDX-License-Identifier: MIT
#include "plan.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

enum { UNTOUCHED = 4321, PARTS = 1024, GUARD = 64 };

struct trial {
	const struct plan *plan;
	const struct calls *calls;
	struct rig rig;
	struct outcome *o;
	struct timespec patience;
	size_t skipped; /* of what filled it, taken out */
	size_t sent;    /* to mine */
};

static unsigned char buffer[MESSAGES * MOST_BYTES + GUARD];
static struct iovec parts[MESSAGES][PARTS];

/* Many parts are uneven, and some are empty. */
static int cut_parts(const struct plan *p, int message)
{
	unsigned char *at = buffer + (size_t)message * p->n;
	size_t left = p->n, piece = p->parts > 2 ? p->n / 900 + 1 : p->n / p->parts;
	int n = 0;

	for (; p->parts > 1 && left > piece && n < PARTS - 1; n++) {
		size_t this = n % 17 == 5 ? 0 : n % 3 ? piece : piece / 2 + 1;

		parts[message][n] = (struct iovec){ at, this };
		at += this;
		left -= this;
	}
	parts[message][n] = (struct iovec){ at, left };
	return n + 1;
}

static void make_messages(struct trial *t, struct mmsghdr *v)
{
	memset(v, 0, MESSAGES * sizeof(*v));
	for (int i = 0; i < MESSAGES; i++) {
		v[i].msg_hdr.msg_iov = parts[i];
		v[i].msg_hdr.msg_iovlen = (size_t)cut_parts(t->plan, i);
	}
}

static long call_one(struct trial *t, struct mmsghdr *v)
{
	const struct plan *p = t->plan;
	const struct calls *c = t->calls;
	struct timespec *patience = p->patience >= 0 ? &t->patience : NULL;
	int fd = t->rig.mine, n = (int)v[0].msg_hdr.msg_iovlen;

	switch (p->op) {
	case TAKE: return c->take(fd, buffer, p->n);
	case TAKE_PARTS: return c->take_parts(fd, parts[0], n);
	case TAKE_PARTS2: return c->take_parts2(fd, parts[0], n, -1, 0);
	case RECEIVE: return c->receive(fd, buffer, p->n, p->flags);
	case RECEIVE_FROM: return c->receive_from(fd, buffer, p->n, p->flags, NULL, NULL);
	case RECEIVE_MESSAGE: return c->receive_message(fd, &v->msg_hdr, p->flags);
	case RECEIVE_MESSAGES: return c->receive_messages(fd, v, MESSAGES, p->flags, patience);
	case GIVE: return c->give(fd, buffer, p->n);
	case GIVE_PARTS: return c->give_parts(fd, parts[0], n);
	case GIVE_PARTS2: return c->give_parts2(fd, parts[0], n, -1, 0);
	case POST: return c->post(fd, buffer, p->n, p->flags);
	case POST_TO: return c->post_to(fd, buffer, p->n, p->flags, NULL, 0);
	case POST_MESSAGE: return c->post_message(fd, &v->msg_hdr, p->flags);
	case POST_MESSAGES: return c->post_messages(fd, v, MESSAGES, p->flags);
	default: return -1;
	}
}

static void call(void *cookie)
{
	struct trial *t = cookie;
	struct mmsghdr v[MESSAGES];

	_Alignas(struct cmsghdr) char control[256];

	make_messages(t, v);
	v->msg_hdr.msg_control = t->plan->room ? control : NULL;
	v->msg_hdr.msg_controllen = t->plan->room;
	errno = UNTOUCHED;
	t->o->ret = call_one(t, v);
	t->o->error = errno;
	for (int i = 0; i < MESSAGES && (t->plan->op == RECEIVE_MESSAGES || t->plan->op == POST_MESSAGES); i++)
		t->o->len[i] = v[i].msg_len;
	t->o->message_flags = v[0].msg_hdr.msg_flags;
	t->o->control = v[0].msg_hdr.msg_controllen;
}

/*
 * The other end
 */

static void send_there(struct trial *t, size_t n)
{
	unsigned char b[32768];

	n = n < sizeof(b) ? n : sizeof(b);
	put_pattern(b, n, t->sent);
	t->sent += n;
	if (write(t->rig.theirs, b, n) < 0)
		t->o->cut = true;
}

static bool has_data(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}

/* Up to n bytes, and all of them checked. False: there is nothing. */
static bool read_there(struct trial *t, size_t n)
{
	unsigned char b[16384], want[16384];
	size_t skip;
	ssize_t got;

	if (!has_data(t->rig.theirs))
		return false;
	got = read(t->rig.theirs, b, n < sizeof(b) ? n : sizeof(b));
	if (got <= 0)
		return false;
	skip = t->rig.full - t->skipped < (size_t)got ? t->rig.full - t->skipped : (size_t)got;
	t->skipped += skip;
	put_pattern(want, (size_t)got - skip, t->o->delivered);
	t->o->in_order = t->o->in_order && memcmp(b + skip, want, (size_t)got - skip) == 0;
	t->o->delivered += (size_t)got - skip;
	return true;
}

/* Datagrams are read whole. */
static void read_some(struct trial *t, size_t n)
{
	if (t->plan->channel > PIPE)
		read_there(t, 16384);
	else
		while (n && read_there(t, n < 16384 ? n : 16384))
			n -= n < 16384 ? n : 16384;
}

/* Windows of TCP open when its timers say so. */
static void drain(struct trial *t, struct caller *c)
{
	bool slow = t->plan->channel == TCP && !t->o->cut;

	do {
		while (read_there(t, 16384))
			;
		if (slow)
			usleep(200);
	} while (!settle(c, t->plan->settle) && (slow || has_data(t->rig.theirs)));
}

/* What was sent is to arrive. */
static void drain_rest(struct trial *t)
{
	size_t sent = t->o->ret > 0 ? (size_t)t->o->ret : 0;
	struct pollfd p = { t->rig.theirs, POLLIN, 0 };

	if (t->rig.theirs < 0)
		return;
	do
		while (read_there(t, 16384))
			;
	while (t->plan->channel == TCP && !t->o->cut && t->o->delivered < sent && poll(&p, 1, 2000) > 0);
}

static void signal_it(struct caller *c)
{
#ifdef __SANITIZE_THREAD__
	return; /* which hands it out when it likes to */
#endif
	int before = atomic_load(&handled);

	pthread_kill(c->thread, SIGUSR1);
	while (atomic_load(&handled) == before && !is_done(c))
		sched_yield();
}

static void close_there(struct trial *t, bool reset)
{
	struct linger now = { 1, 0 };

	if (reset)
		MUST(setsockopt(t->rig.theirs, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	close(t->rig.theirs);
	t->rig.theirs = -1;
	t->o->cut = true;
}

static void act(struct trial *t, struct caller *c, unsigned step)
{
	size_t n = t->plan->script[step].n;

	switch (t->rig.theirs < 0 ? SIGNALS : t->plan->script[step].act) {
	case SENDS: send_there(t, n); break;
	case READS: read_some(t, n); break;
	case DRAINS: drain(t, c); break;
	case SHUTS:
		shutdown(t->rig.theirs, gives(t->plan) ? SHUT_RD : SHUT_WR);
		t->o->cut = true;
		break;
	case CLOSES: close_there(t, false); break;
	case RESETS: close_there(t, true); break;
	case WAITS:
		while (!is_done(c))
			usleep(1000);
		break;
	default: signal_it(c); break;
	}
}

/*
 * All of it
 */

static void set_options(struct trial *t)
{
	const struct plan *p = t->plan;
	struct timeval limit = { p->limit / 1000, p->limit % 1000 * 1000 };

	if (p->limit)
		MUST(setsockopt(t->rig.mine, SOL_SOCKET, gives(p) ? SO_SNDTIMEO : SO_RCVTIMEO, &limit, sizeof(limit)));
	if (p->low > 1)
		MUST(setsockopt(t->rig.mine, SOL_SOCKET, SO_RCVLOWAT, &p->low, sizeof(p->low)));
	if (p->room && p->channel == UNIX)
		MUST(setsockopt(t->rig.mine, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)));
	t->patience = (struct timespec){ p->patience / 1000, 0 };
}

static void look_once_more(struct trial *t)
{
	unsigned char b[256];
	struct pollfd p = { t->rig.mine, POLLIN | POLLOUT, 0 };

	errno = 0;
	if (t->plan->channel == PIPE)
		t->o->next = poll(&p, 1, 0) ? p.revents : 0;
	else if (gives(t->plan))
		t->o->next = send(t->rig.mine, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		t->o->next = recv(t->rig.mine, b, sizeof(b), MSG_DONTWAIT);
	t->o->next_error = errno == 512 || errno == EINTR ? EAGAIN : errno; /* a recvmmsg that a signal ended leaves its error in the socket */
}

static void finish(struct trial *t, struct caller *c)
{
	end_caller(c);
	t->o->patience_left = t->patience.tv_sec || t->patience.tv_nsec;
	t->o->handled = atomic_load(&handled);
	t->o->broken = atomic_load(&pipes_broken);
	if (gives(t->plan))
		drain_rest(t);
	look_once_more(t);
	t->o->bytes = hash(buffer, MESSAGES * t->plan->n + GUARD, 14695981039346656037u);
}

static void prepare_buffer(const struct plan *p)
{
	if (gives(p))
		put_pattern(buffer, MESSAGES * p->n, 0);
	else
		memset(buffer, 0xaa, MESSAGES * p->n + GUARD);
}

void run_plan(const struct plan *p, bool marked, struct outcome *ret)
{
	struct trial t = { .plan = p, .calls = marked ? &marked_calls[p->way] : &bare_calls[p->way], .o = ret };
	struct caller c;
	bool done;

	*ret = (struct outcome){ .step = -1, .in_order = true };
	open_rig(&t.rig, p->channel, gives(p));
	set_options(&t);
	if (p->filled)
		fill_rig(&t.rig);
	if (p->before)
		send_there(&t, p->before);
	ret->armed = arm_rig(&t.rig, marked);
	prepare_buffer(p);
	if (p->in_turn)
		handle_signals_in_turn(p->restart);
	else
		handle_signals(p->restart);
	start_caller(&c, call, &t);
	done = settle(&c, p->settle);
	for (unsigned i = 0; i < p->steps && !done; i++) {
		ret->step = (int)i;
		act(&t, &c, i);
		done = settle(&c, p->settle);
	}
	if (!done)
		shutdown(t.rig.mine, SHUT_RDWR); /* datagrams know no end */
	finish(&t, &c);
	close_rig(&t.rig);
}

void print_outcome(const char *title, const struct outcome *o)
{
	printf("  %s: %ld, errno %d, after act %d, lengths %u %u %u, flags 0x%x, control %zu, bytes %016llx, delivered %zu%s%s, signals %d %d, then %ld errno %d%s\n", title, o->ret, o->error, o->step, o->len[0],
	       o->len[1], o->len[2], (unsigned)o->message_flags, o->control, (unsigned long long)o->bytes, o->delivered, o->in_order ? "" : " GARBLED", o->cut ? " (cut)" : "", o->handled, o->broken, o->next, o->next_error,
	       o->patience_left ? ", patience left" : "");
}

/* TCP's buffers open by timers, and a pipe's pages hold less when many small parts come in another grouping. */
static bool is_exact(const struct plan *p)
{
	return !gives(p) || (p->channel != TCP && !(p->channel == PIPE && p->parts > 2));
}

/* Of a large write: nothing, a part, or all. */
static int share(const struct plan *p, const struct outcome *o)
{
	if (o->ret <= 0 || p->op == POST_MESSAGES)
		return (int)o->ret;
	return o->ret < (long)p->n ? 1 : 2;
}

bool is_same(const struct plan *p, const struct outcome *a, const struct outcome *b)
{
	bool same = a->error == b->error && a->step == b->step && a->bytes == b->bytes && a->message_flags == b->message_flags && a->control == b->control && a->handled == b->handled && a->broken == b->broken &&
		    a->in_order && b->in_order && a->patience_left == b->patience_left;

	if (!is_exact(p))
		return same && share(p, a) == share(p, b) && (b->cut || p->op == POST_MESSAGES || b->delivered == (size_t)(b->ret > 0 ? b->ret : 0));
	return same && a->ret == b->ret && memcmp(a->len, b->len, sizeof(a->len)) == 0 && a->delivered == b->delivered && a->next == b->next && a->next_error == b->next_error;
}
