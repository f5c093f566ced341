// SPDX-License-Identifier: MIT
/* Other calls than the textbook's: pselect, a number of descriptors that was not counted, exceptional conditions, two high descriptors. */
#include "corpus.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Signals are let in while it waits, and only then. */
enum outcome pselect_mask(const struct scene *scene)
{
	fd_set rfds;
	struct timespec ts;
	sigset_t blocked, original, after;
	int n;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, &original);
	FD_ZERO(&rfds);
	FD_SET(scene->fd, &rfds);
	ts.tv_sec = scene->limit.tv_sec;
	ts.tv_nsec = scene->limit.tv_usec * 1000;
	n = pselect(scene->fd + 1, &rfds, NULL, NULL, &ts, &original);
	enum outcome outcome = outcome_of(n, FD_ISSET(scene->fd, &rfds));
	sigprocmask(SIG_BLOCK, NULL, &after);
	return sigismember(&after, SIGTERM) ? outcome : DAMAGED;
}

/* Nobody counted: twice the constant is surely enough. */
static int __attribute__((noinline)) await(int fd, fd_set *set, const struct timeval *limit, int nfds)
{
	struct timeval tv = *limit;

	FD_ZERO(set);
	FD_SET(fd, set);
	return select(nfds, set, NULL, NULL, &tv);
}

enum outcome nfds_twice(const struct scene *scene)
{
	fd_set set;
	int n = await(scene->fd, &set, &scene->limit, FD_SETSIZE * 2 > scene->fd ? FD_SETSIZE * 2 : FD_SETSIZE * 4);
	return outcome_of(n, FD_ISSET(scene->fd, &set));
}

/* All that there can be. */
enum outcome nfds_table(const struct scene *scene)
{
	fd_set mask;
	struct timeval wait = scene->limit;
	int width = getdtablesize(), nfound;

	FD_ZERO(&mask);
	FD_SET(scene->low, &mask);
	FD_SET(scene->fd, &mask);
	nfound = select(width, &mask, NULL, NULL, &wait);
	if (FD_ISSET(scene->low, &mask))
		return EXTRA;
	return outcome_of(nfound, FD_ISSET(scene->fd, &mask));
}

/* Urgent data, and nothing else. */
enum outcome urgent(const struct scene *scene)
{
	fd_set except;
	struct timeval tv;

	FD_ZERO(&except);
	FD_SET(scene->fd, &except);
	tv = scene->limit;
	int n = select(scene->fd + 1, NULL, NULL, &except, &tv);
	return outcome_of(n, FD_ISSET(scene->fd, &except));
}

/* One descriptor, in more than one of three sets. */
struct events {
	bool in, out, urgent;
};

static int socket_wait(int fd, const struct timeval *limit, struct events *ret_events)
{
	fd_set in, out, err;
	struct timeval tv = *limit;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&err);
	FD_SET(fd, &in);
	FD_SET(fd, &err);
	int n = select(fd + 1, &in, &out, &err, &tv);
	ret_events->in = FD_ISSET(fd, &in);
	ret_events->out = FD_ISSET(fd, &out);
	ret_events->urgent = FD_ISSET(fd, &err);
	return n;
}

enum outcome any_event(const struct scene *scene)
{
	struct events events;
	int n = socket_wait(scene->fd, &scene->limit, &events);
	if (events.urgent || events.out)
		return EXTRA;
	return outcome_of(n, events.in);
}

/* Two high descriptors with neighbouring numbers in one set; the greater of them stays silent. What comes is only looked at, not passed on. */
enum outcome relay(const struct scene *scene)
{
	int client = scene->fd, upstream = scene->other;
	int nfds = (client > upstream ? client : upstream) + 1;
	fd_set rfds;
	struct timeval tv;
	char buffer[2048];

	tv.tv_sec = scene->limit.tv_sec;
	tv.tv_usec = scene->limit.tv_usec;
	FD_ZERO(&rfds);
	FD_SET(client, &rfds);
	FD_SET(upstream, &rfds);
	int n = select(nfds, &rfds, NULL, NULL, &tv);
	bool upstream_ready = FD_ISSET(upstream, &rfds), client_ready = FD_ISSET(client, &rfds);
	if (upstream_ready)
		return EXTRA;
	if (n > 0 && client_ready && recv(client, buffer, sizeof buffer, MSG_PEEK | MSG_DONTWAIT) <= 0)
		return TOO_SOON;
	return outcome_of(n, client_ready);
}

/* The same with data that the upstream does not take yet: two sets, a different high descriptor in each. */
struct relay_end {
	int fd;
	size_t pending;
};

static int relay_turn(struct relay_end *a, struct relay_end *b, const struct timeval *limit, int *ret_bits)
{
	fd_set rset, wset;
	struct timeval tv = *limit;
	int maxfd = a->fd > b->fd ? a->fd : b->fd;

	FD_ZERO(&rset);
	FD_ZERO(&wset);
	if (!b->pending)
		FD_SET(b->fd, &rset);
	else
		FD_SET(b->fd, &wset);
	if (a->pending)
		FD_SET(a->fd, &wset);
	else
		FD_SET(a->fd, &rset);
	int n = select(maxfd + 1, &rset, &wset, NULL, &tv);
	*ret_bits = (FD_ISSET(a->fd, &rset) ? 1 : 0) | (FD_ISSET(b->fd, &wset) ? 2 : 0);
	return n;
}

enum outcome relay_pending(const struct scene *scene)
{
	struct relay_end client = { scene->fd, 0 }, upstream = { scene->other, 4096 };
	int bits = 0, n = relay_turn(&client, &upstream, &scene->limit, &bits);
	if (bits & 2 || client.pending != 0 || upstream.pending != 4096)
		return EXTRA;
	return outcome_of(n, bits & 1);
}
