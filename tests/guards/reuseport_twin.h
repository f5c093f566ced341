/* SPDX-License-Identifier: MIT */
/* A SO_REUSEPORT group on loopback, and clients of it. */
#ifndef REUSEPORT_TWIN_H
#define REUSEPORT_TWIN_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 40
#define GROUP 4

static struct sockaddr_in6 address; /* port 0 until the first is bound */
static socklen_t address_len;
static int client[CLIENTS];

static inline void fail(const char *what)
{
	perror(what);
	exit(2);
}

static inline void use_family(bool six)
{
	struct sockaddr_in *four = (void *)&address;

	memset(&address, 0, sizeof(address));
	address.sin6_family = six ? AF_INET6 : AF_INET;
	address_len = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (six)
		address.sin6_addr = in6addr_loopback;
	else
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static inline int bound(int type)
{
	int fd = socket(address.sin6_family, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
		fail("socket");
	if (bind(fd, (struct sockaddr *)&address, address_len) != 0 || getsockname(fd, (struct sockaddr *)&address, &address_len) != 0)
		fail("bind");
	return fd;
}

static inline int add_listener(void)
{
	int fd = bound(SOCK_STREAM | SOCK_NONBLOCK);

	if (listen(fd, 512) != 0)
		fail("listen");
	return fd;
}

static inline void connect_each(int fd[], int n)
{
	for (int i = 0; i < n; i++) {
		fd[i] = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd[i] < 0 || connect(fd[i], (struct sockaddr *)&address, address_len) != 0)
			fail("connect");
	}
}

static inline void connect_clients(void)
{
	connect_each(client, CLIENTS);
}

static inline int queued(int listener)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		fail("TCP_INFO");
	return (int)info.tcpi_unacked;
}

/* Loopback: what was reset is by now. */
static inline int resets_of(const int fd[], int of)
{
	int n = 0;

	for (int i = 0; i < of; i++) {
		struct pollfd p = { fd[i], POLLIN, 0 };

		poll(&p, 1, 0);
		n += (p.revents & POLLERR) != 0;
	}
	return n;
}

static inline int resets(void)
{
	return resets_of(client, CLIENTS);
}

static inline int drain(int listener)
{
	int n = 0, fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 && ++n)
		close(fd);
	return n;
}

static inline void end(int child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status != 0)
		exit(3);
}

#endif
