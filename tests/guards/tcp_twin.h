/* SPDX-License-Identifier: MIT */
/* For plain programs that make TCP connections to themselves. */
#ifndef TCP_TWIN_H
#define TCP_TWIN_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static inline int listener(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 64) == 0, "listen");
	return fd;
}

static inline int dial(int to)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(getsockname(to, (struct sockaddr *)&at, &n) == 0, "getsockname");
	must(fd >= 0 && connect(fd, (struct sockaddr *)&at, n) == 0, "connect");
	return fd;
}

static inline int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	return getsockopt(fd, level, name, &value, &n) == 0 ? value : -1;
}

static inline void set(int fd, int level, int name, int value)
{
	must(setsockopt(fd, level, name, &value, sizeof(value)) == 0, "setsockopt");
}

static inline int tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0, "TCP_INFO");
	return info.tcpi_state;
}

#endif
