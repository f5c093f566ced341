// SPDX-License-Identifier: MIT
#include "sdk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 10000 /* ms */

static _Thread_local int loop = -1;

/* Registered while somebody waits, and not longer: what happens later is not heard. */
static int wait_for(int fd, unsigned events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };
	int n;

	if (loop < 0 && (loop = epoll_create1(EPOLL_CLOEXEC)) < 0)
		return -1;
	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) < 0)
		return -1;
	do
		n = epoll_wait(loop, &e, 1, PATIENCE);
	while (n < 0 && errno == EINTR);
	epoll_ctl(loop, EPOLL_CTL_DEL, fd, &e);
	return n == 1 ? 0 : -1;
}

int data_api_connect(const char *host, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -1;
	inet_pton(AF_INET, host, &a.sin_addr);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (wait_for(fd, EPOLLOUT) < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = ETIMEDOUT;
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

int data_api_request(int fd)
{
	char answer[16];

	if (send(fd, "ask\n", 4, MSG_NOSIGNAL) != 4 || wait_for(fd, EPOLLIN) < 0)
		return -1;
	return read(fd, answer, sizeof(answer)) > 0 ? 0 : -1;
}

int data_api_push(int fd)
{
	return send(fd, "log\n", 4, MSG_NOSIGNAL) == 4 ? 0 : -1;
}
