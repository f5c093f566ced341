// SPDX-License-Identifier: MIT
/* Sets and timeouts that are local variables. */
#include "corpus.h"

#include <string.h>

/* Case 1: an interpreter's socket module waits for a connect; the timeout is there before the set is filled. */
static int wait_connected(int fd, double seconds)
{
	fd_set fds;
	struct timeval tv;

	if (seconds <= 0.0 || fd < 0)
		return -1;
	tv.tv_sec = (int)seconds;
	tv.tv_usec = (int)(1e6 * (seconds - (double)tv.tv_sec));
	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	return select(fd + 1, NULL, &fds, NULL, &tv);
}

enum outcome connect_probe(const struct scene *scene)
{
	int n = wait_connected(scene->fd, (double)scene->limit.tv_sec + (double)scene->limit.tv_usec / 1e6);
	return outcome_of(n, n > 0);
}

/* The textbook's: a set, then a timeout. */
enum outcome wait_readable(const struct scene *scene)
{
	fd_set set;
	struct timeval timeout;
	int rv;

	FD_ZERO(&set);
	FD_SET(scene->fd, &set);
	timeout.tv_sec = scene->limit.tv_sec;
	timeout.tv_usec = scene->limit.tv_usec;
	rv = select(scene->fd + 1, &set, NULL, NULL, &timeout);
	return outcome_of(rv, FD_ISSET(scene->fd, &set));
}

/* Declared the other way round. */
static int select_fd(int fd, struct timeval maxtime, bool *ret_readable)
{
	struct timeval tmout = maxtime;
	fd_set fds;
	int result;

	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	result = select(fd + 1, &fds, NULL, NULL, &tmout);
	*ret_readable = FD_ISSET(fd, &fds);
	return result;
}

enum outcome timeout_first(const struct scene *scene)
{
	bool readable = false;
	int n = select_fd(scene->fd, scene->limit, &readable);
	return outcome_of(n, readable);
}

/* A terminal client: the user on a low descriptor, the network on a high one; what is to be sent is sent. */
enum outcome telnet_wait(const struct scene *scene)
{
	fd_set readfds, writefds;
	struct timeval tv = scene->limit;
	int tin = scene->low, net = scene->fd, unsent = 0, n;

	FD_ZERO(&readfds);
	FD_ZERO(&writefds);
	FD_SET(tin, &readfds);
	FD_SET(net, &readfds);
	if (unsent)
		FD_SET(net, &writefds);
	n = select(net + 1, &readfds, &writefds, NULL, &tv);
	if (n >= 0 && (FD_ISSET(tin, &readfds) || FD_ISSET(tin, &writefds)))
		return EXTRA;
	return outcome_of(n, FD_ISSET(net, &readfds));
}

/* A file transfer: three sets and a timeout. */
static int wait_for_data(int fd, int listing, long seconds, long microseconds, bool *ret_arrived)
{
	fd_set r_fds, w_fds, e_fds;
	struct timeval tv;
	int maxfd = fd, count;

	FD_ZERO(&r_fds);
	FD_SET(fd, &r_fds);
	FD_ZERO(&e_fds);
	FD_SET(fd, &e_fds);
	FD_ZERO(&w_fds);
	if (listing >= 0) {
		FD_SET(listing, &r_fds);
		if (listing > maxfd)
			maxfd = listing;
	}
	tv.tv_sec = seconds;
	tv.tv_usec = microseconds;
	count = select(maxfd + 1, &r_fds, &w_fds, &e_fds, &tv);
	if (count > 0 && (FD_ISSET(fd, &e_fds) || FD_ISSET(listing, &r_fds)))
		return count + 1;
	*ret_arrived = FD_ISSET(fd, &r_fds);
	return count;
}

enum outcome transfer_wait(const struct scene *scene)
{
	bool arrived = false;
	int n = wait_for_data(scene->fd, scene->low, scene->limit.tv_sec, scene->limit.tv_usec, &arrived);
	return outcome_of(n, arrived);
}

/* A library that fills in the caller's set, highest descriptor and timeout. */
static int __attribute__((noinline))
agent_select_info(const struct scene *scene, int *numfds, fd_set *fdset, struct timeval *timeout, int *block)
{
	int active = 0;
	int sessions[2] = { scene->low, scene->fd };

	for (size_t i = 0; i < 2; i++) {
		if (sessions[i] + 1 > *numfds)
			*numfds = sessions[i] + 1;
		FD_SET(sessions[i], fdset);
		active++;
	}
	if (*block || timercmp(&scene->limit, timeout, <))
		*timeout = scene->limit;
	*block = 0;
	return active;
}

enum outcome agent_wait(const struct scene *scene)
{
	int fds = 0, block = 1, count;
	fd_set fdset;
	struct timeval timeout;

	FD_ZERO(&fdset);
	timerclear(&timeout);
	agent_select_info(scene, &fds, &fdset, &timeout, &block);
	count = select(fds, &fdset, NULL, NULL, block ? NULL : &timeout);
	if (FD_ISSET(scene->low, &fdset))
		return EXTRA;
	return outcome_of(count, FD_ISSET(scene->fd, &fdset));
}

/* The set is in the callee's frame; the caller's line, its length and its count of retries are behind it. */
static int __attribute__((noinline)) wait_input(int fd, const struct timeval *limit)
{
	fd_set rset;
	struct timeval tv = *limit;
	int n;

	FD_ZERO(&rset);
	FD_SET(fd, &rset);
	n = select(fd + 1, &rset, NULL, NULL, &tv);
	return n > 0 && !FD_ISSET(fd, &rset) ? -2 : n;
}

#define PROMPT "220 ready for the next command; one line, ended by CR LF"

static enum outcome read_line(const struct scene *scene, char *line, size_t size)
{
	unsigned tries = 3, before = tries;
	char saved[64];

	memcpy(saved, line, size < sizeof saved ? size : sizeof saved);
	int n = wait_input(scene->fd, &scene->limit);
	if (spoilt(line, saved, size, 1) || spoilt(&tries, &before, sizeof tries, 1))
		return DAMAGED;
	return n == -2 ? MISSED : outcome_of(n, n > 0);
}

enum outcome line_reader(const struct scene *scene)
{
	char line[64] = PROMPT;
	return read_line(scene, line, sizeof line);
}

/* No timeout at all: behind the set is whatever the compiler keeps there. */
static int block_until_readable(int fd)
{
	fd_set fds;
	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	if (select(fd + 1, &fds, 0, 0, 0) != 1)
		return -1;
	return FD_ISSET(fd, &fds) != 0;
}

enum outcome wait_forever(const struct scene *scene)
{
	int readable = block_until_readable(scene->fd);
	return readable < 0 ? FAILED : readable ? READY : MISSED;
}

/* Is there something to read? A zero timeout, kept for all calls. */
static bool data_pending(int fd, int *ret_n)
{
	fd_set set;
	struct timeval zero = { 0, 0 };

	FD_ZERO(&set);
	FD_SET(fd, &set);
	*ret_n = select(fd + 1, &set, NULL, NULL, &zero);
	return *ret_n > 0 && FD_ISSET(fd, &set);
}

enum outcome input_pending(const struct scene *scene)
{
	int n = -1;
	bool pending = data_pending(scene->fd, &n);
	return outcome_of(n, pending);
}
