/* SPDX-License-Identifier: MIT */
/* For nonblock_wrong.c and nonblock_right.c: descriptors of each kind, whose other end has nothing to say, and the two ways to change a mode. */
#ifndef NONBLOCK_TWIN_H
#define NONBLOCK_TWIN_H

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

struct ends {
	int here, there; /* what is written there can be read here */
};

NAMED struct ends ends_open(const char *kind)
{
	struct ends e;
	int fd[2];

	if (strcmp(kind, "pipe") == 0) {
		must(pipe(fd) == 0, "pipe");
		e = (struct ends){ fd[0], fd[1] };
	} else if (strcmp(kind, "tty") == 0) {
		must(openpty(&fd[0], &fd[1], NULL, NULL, NULL) == 0, "openpty");
		e = (struct ends){ fd[0], fd[1] };
	} else {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0, "socketpair");
		e = (struct ends){ fd[0], fd[1] };
	}
	return e;
}

/* "F_SETFL", "FIONBIO", the same by the number of the system call, and "odd": FIONBIO with bits that the kernel does not look at, and another value than 1. */
NAMED void set_nonblocking(const char *way, int fd, int on)
{
	int flags = fcntl(fd, F_GETFL), odd = on ? 0x7fff0000 : 0, r;

	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	if (strcmp(way, "FIONBIO") == 0)
		r = ioctl(fd, FIONBIO, &on);
	else if (strcmp(way, "odd") == 0)
		r = ioctl(fd, FIONBIO | 1UL << 40, &odd);
	else if (strcmp(way, "number") == 0)
		r = (int)syscall(SYS_fcntl, fd, F_SETFL, flags);
	else if (strcmp(way, "numberioctl") == 0)
		r = (int)syscall(SYS_ioctl, fd, FIONBIO, &on);
	else
		r = fcntl(fd, F_SETFL, flags);
	must(r == 0, "set_nonblocking");
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

static inline int take_over(int from)
{
	char byte, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int fd;

	must(recvmsg(from, &m, 0) == 1 && CMSG_FIRSTHDR(&m), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

/* How a read that has nothing to read goes: it waits (until the alarm), or it does not. */
static void ring(int sig)
{
	(void)sig;
}

static inline const char *read_nothing(int fd)
{
	struct sigaction on = { .sa_handler = ring };
	struct itimerspec soon = { .it_value = { 0, 10000000 }, .it_interval = { 0, 10000000 } };
	struct itimerspec never = { .it_value = { 0, 0 } };
	struct sigevent by = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_t timer = NULL;
	ssize_t r;
	int error;
	char c;

	must(sigaction(SIGALRM, &on, NULL) == 0, "sigaction");
	must(timer_create(CLOCK_MONOTONIC, &by, &timer) == 0, "timer_create");
	must(timer_settime(timer, 0, &soon, NULL) == 0, "timer");
	r = read(fd, &c, 1);
	error = errno;
	timer_settime(timer, 0, &never, NULL);
	timer_delete(timer);
	return r >= 0 ? "read" : error == EAGAIN ? "EAGAIN" : error == EINTR ? "waits" : "error";
}

static inline void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) < 0)
		continue;
}

static inline int is_nonblocking(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

#endif
