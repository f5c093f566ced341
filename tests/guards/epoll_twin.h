/* SPDX-License-Identifier: MIT */
/* What the twins of guard epoll share: descriptors with an error or a hang-up of each kind, and a loop that looks at IN and OUT alone. */
#ifndef EPOLL_TWIN_H
#define EPOLL_TWIN_H

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAMED __attribute__((noinline))

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void add(int epfd, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	must(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) == 0, "EPOLL_CTL_ADD");
}

static inline struct sockaddr_in loopback(void)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

/* Connected to a port of this machine on which nobody listens any more, unless `listens`. */
static inline int udp_to_nobody(int listens)
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof a;
	int peer = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	must(bind(peer, (struct sockaddr *)&a, len) == 0 && getsockname(peer, (struct sockaddr *)&a, &len) == 0, "bind");
	must(connect(s, (struct sockaddr *)&a, len) == 0, "connect");
	if (!listens)
		close(peer);
	return s;
}

/* The two ends of a TCP connection. */
static inline void tcp_pair(int pair[2])
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(listener, (struct sockaddr *)&a, len) == 0 && listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&a, &len) == 0, "listen");
	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(pair[1], (struct sockaddr *)&a, len) == 0, "connect");
	pair[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	must(pair[0] >= 0, "accept");
	close(listener);
}

static inline void reset(int fd)
{
	struct linger l = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	close(fd);
}

/* A non-blocking pipe that is full. */
static inline void full_pipe(int p[2])
{
	static char much[4096];

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	while (write(p[1], much, sizeof much) > 0)
		;
}

/* Timestamps of n datagrams that were sent. */
static inline int stamped(int n)
{
	int s = udp_to_nobody(1), flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	must(setsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0, "SO_TIMESTAMPING");
	while (n--)
		must(send(s, "x", 1, 0) == 1, "send");
	return s;
}

#endif
