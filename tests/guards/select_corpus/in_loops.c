// SPDX-License-Identifier: MIT
/* Servers: a loop around select that answers ENOUGH requests, and gives up when it was idle twice. */
#include "corpus.h"

#include <sys/socket.h>
#include <sys/types.h>

#define ENOUGH 3
#define IDLE 2
#define MAXLINE 1024

/* Answers what can be read. False: nothing. */
static bool answer(int fd, char *buffer, size_t size)
{
	ssize_t n = recv(fd, buffer, size, MSG_DONTWAIT);
	return n > 0 && send(fd, buffer, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Everything anew in each round: sets, then the timeout. */
enum outcome echo_server(const struct scene *scene)
{
	int answered = 0, idle = 0;
	char buf[MAXLINE];

	while (answered < ENOUGH && idle < IDLE) {
		fd_set rfds;
		struct timeval tv;

		FD_ZERO(&rfds);
		FD_SET(scene->low, &rfds);
		FD_SET(scene->fd, &rfds);
		tv.tv_sec = scene->limit.tv_sec;
		tv.tv_usec = scene->limit.tv_usec;
		int retval = select(scene->fd + 1, &rfds, NULL, NULL, &tv);
		if (retval < 0)
			return FAILED;
		if (retval == 0) {
			idle++;
			continue;
		}
		if (FD_ISSET(scene->low, &rfds))
			return EXTRA;
		if (!FD_ISSET(scene->fd, &rfds))
			return MISSED;
		if (!answer(scene->fd, buf, sizeof buf))
			return TOO_SOON;
		answered++;
	}
	return idle ? TIMED_OUT : READY;
}

/* The timeout is set before the descriptors, and there are two sets. */
static int serve_once(int listener, int client, const struct timeval *limit)
{
	struct timeval timeout;
	fd_set readers, writers;
	char line[256];
	int n;

	timeout = *limit;
	FD_ZERO(&readers);
	FD_ZERO(&writers);
	FD_SET(listener, &readers);
	FD_SET(client, &readers);
	n = select(client + 1, &readers, &writers, NULL, &timeout);
	if (n <= 0)
		return n;
	if (FD_ISSET(listener, &readers) || n != 1)
		return -2;
	if (!FD_ISSET(client, &readers))
		return -3;
	return answer(client, line, sizeof line) ? 1 : -4;
}

enum outcome echo_timeout_first(const struct scene *scene)
{
	static const enum outcome wrong[] = { TIMED_OUT, FAILED, EXTRA, MISSED, TOO_SOON };
	int idle = 0;

	for (int answered = 0; answered < ENOUGH;) {
		int n = serve_once(scene->low, scene->fd, &scene->limit);
		if (n < 0)
			return wrong[-n];
		if (n == 0 && ++idle == IDLE)
			return TIMED_OUT;
		answered += n;
	}
	return idle ? TIMED_OUT : READY;
}

/* The book's server: allset is kept, rset is its copy, maxfd and maxi are high-water marks, a table of clients. */
enum outcome stevens_server(const struct scene *scene)
{
	int i, maxi = -1, maxfd, nready, sockfd, answered = 0, idle = 0;
	int client[FD_SETSIZE / 16];
	fd_set rset, allset;
	struct timeval tv;
	char buf[MAXLINE];

	for (i = 0; i < FD_SETSIZE / 16; i++)
		client[i] = -1;
	FD_ZERO(&allset);
	FD_SET(scene->low, &allset);
	maxfd = scene->low;
	client[++maxi] = scene->fd; /* accepted */
	FD_SET(scene->fd, &allset);
	if (scene->fd > maxfd)
		maxfd = scene->fd;

	while (answered < ENOUGH && idle < IDLE) {
		rset = allset;
		tv = scene->limit;
		nready = select(maxfd + 1, &rset, NULL, NULL, &tv);
		if (nready < 0)
			return FAILED;
		if (nready == 0) {
			idle++;
			continue;
		}
		if (FD_ISSET(scene->low, &rset))
			return EXTRA;
		for (i = 0; i <= maxi; i++) {
			if ((sockfd = client[i]) < 0 || !FD_ISSET(sockfd, &rset))
				continue;
			if (!answer(sockfd, buf, sizeof buf))
				return TOO_SOON;
			answered++;
			if (--nready <= 0)
				break;
		}
		if (nready > 0)
			return MISSED;
	}
	return idle ? TIMED_OUT : READY;
}

/* A low descriptor is ready at once; once it has been served, the high one is waited for. */
enum outcome console_and_peer(const struct scene *scene)
{
	fd_set ready;
	struct timeval tv;
	char message[512];
	bool console = true;
	int answered = 0, idle = 0;

	while (answered < ENOUGH && idle < IDLE) {
		int nfds = scene->fd + 1;

		FD_ZERO(&ready);
		if (console)
			FD_SET(scene->early, &ready);
		FD_SET(scene->fd, &ready);
		tv.tv_sec = scene->limit.tv_sec;
		tv.tv_usec = scene->limit.tv_usec;
		int n = select(nfds, &ready, NULL, NULL, &tv);
		if (n < 0)
			return FAILED;
		if (n == 0) {
			if (console)
				return MISSED;
			idle++;
		}
		if (FD_ISSET(scene->early, &ready)) {
			if (!console || !answer(scene->early, message, sizeof message))
				return EXTRA;
			console = false;
			if (--n == 0 && FD_ISSET(scene->fd, &ready))
				return EXTRA;
		}
		if (FD_ISSET(scene->fd, &ready)) {
			if (!answer(scene->fd, message, sizeof message))
				return TOO_SOON;
			answered++;
			n--;
		}
		if (n != 0)
			return MISSED;
	}
	return console || idle ? TIMED_OUT : READY;
}
