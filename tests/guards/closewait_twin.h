/* SPDX-License-Identifier: MIT */
/* For closewait_wrong.c and closewait_right.c: TCP connections within one process, and time that passes in calls that are nothing special. */
#ifndef CLOSEWAIT_TWIN_H
#define CLOSEWAIT_TWIN_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Not inlined: a report has to name them. */
#define NAMED __attribute__((noinline)) static

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(99);
}

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* On 127.0.0.HOST, or for HOST 0 on ::1. */
static inline int listen_at(int host, union name *ret, socklen_t *ret_len)
{
	int fd, one = 1;

	memset(ret, 0, sizeof(*ret));
	if (host) {
		ret->in.sin_family = AF_INET;
		ret->in.sin_addr.s_addr = htonl(0x7f000000u | (unsigned)host);
		*ret_len = sizeof(ret->in);
	} else {
		ret->in6.sin6_family = AF_INET6;
		ret->in6.sin6_addr = in6addr_loopback;
		*ret_len = sizeof(ret->in6);
	}
	fd = socket(ret->any.sa_family, SOCK_STREAM, 0);
	must(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, &ret->any, *ret_len) == 0 && listen(fd, 1024) == 0, "listen");
	must(getsockname(fd, &ret->any, ret_len) == 0, "getsockname");
	return fd;
}

NAMED int dial(const union name *to, socklen_t len)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM, 0);

	must(fd >= 0, "socket");
	must(connect(fd, &to->any, len) == 0, "connect");
	return fd;
}

NAMED int answer(int listener)
{
	int fd = accept(listener, NULL, NULL);

	must(fd >= 0, "accept");
	return fd;
}

struct ends {
	int here, there, listener;
};

static inline struct ends connection(int host)
{
	union name at;
	socklen_t len;
	struct ends e;

	e.listener = listen_at(host, &at, &len);
	e.here = dial(&at, len);
	e.there = answer(e.listener);
	return e;
}

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In calls that a sweep may ride on. */
static inline void pass(int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		poll(NULL, 0, 10);
}

/* In none. */
static inline void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) < 0)
		continue;
}

/* By SCM_RIGHTS. */
static inline void hand_over(int to, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	must(sendmsg(to, &m, 0) == 1, "sendmsg");
}

NAMED int take_over(int from)
{
	char byte, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int fd;

	must(recvmsg(from, &m, 0) == 1 && CMSG_FIRSTHDR(&m), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

#endif
