/* SPDX-License-Identifier: MIT */
/*
 * keepalive WAY: what keepalive the sockets of a plain program have. `hand-over CMD…` and `send CMD…` are for a bare program: they exec CMD with a listener (number 10, a
 * peer waits already), or with a UNIX socket (number 11) that has a listener in it.
 */
#include "tcp_twin.h"

#include <linux/filter.h>
#include <sys/syscall.h>

static void show(const char *what, int fd)
{
	printf("%s: %d %d/%d/%d %d\n", what, option(fd, SOL_SOCKET, SO_KEEPALIVE), option(fd, IPPROTO_TCP, TCP_KEEPIDLE), option(fd, IPPROTO_TCP, TCP_KEEPINTVL),
	       option(fd, IPPROTO_TCP, TCP_KEEPCNT), option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
}

static void made(void)
{
	int ends[2];

	errno = 77;
	show("tcp", socket(AF_INET, SOCK_STREAM, 0));
	show("tcp6", socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP));
	show("by number", (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	printf("udp: %d\n", option(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_KEEPALIVE));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	printf("unix: %d\n", option(ends[0], SOL_SOCKET, SO_KEEPALIVE));
	printf("errno: %d\n", errno);
}

static void explicit(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 0;

	set(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 99);
	show("set", fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	must(syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0, "setsockopt by number");
	show("set by number", fd);
	errno = 0;
	must(setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof(one)) < 0 && errno == EINVAL, "setsockopt fails");
	must(setsockopt(-1, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) < 0 && errno == EBADF, "setsockopt fails");
}

static void accepted(void)
{
	int at = listener(), chosen = listener();

	set(chosen, SOL_SOCKET, SO_KEEPALIVE, 0);
	set(chosen, IPPROTO_TCP, TCP_KEEPIDLE, 99);
	dial(at);
	show("accepted", accept(at, NULL, NULL));
	dial(at);
	show("accept4", accept4(at, NULL, NULL, SOCK_NONBLOCK));
	dial(at);
	show("by number", (int)syscall(SYS_accept4, at, NULL, NULL, 0));
	dial(chosen);
	show("as the listener was set", accept(chosen, NULL, NULL));
}

/* Another process made the listener, and a peer waits already. */
static void inherited(void)
{
	int fd;

	show("listener", 10);
	fd = accept(10, NULL, NULL);
	show("waited", fd);
	dial(10);
	show("came", accept(10, NULL, NULL));
}

static void arrived(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char c;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int fd;

	must(recvmsg(11, &m, 0) == 1 && CMSG_FIRSTHDR(&m), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	show("arrived", fd);
}

static void hand_over(char **command)
{
	int at = listener();

	dial(at);
	must(dup2(at, 10) == 10, "dup2");
	execvp(command[0], command);
	must(0, command[0]);
}

static void send_over(char **command)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	int ends[2], at = listener();

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	memcpy(CMSG_DATA(&control.head), &at, sizeof(at));
	must(sendmsg(ends[0], &m, 0) == 1 && close(at) == 0 && dup2(ends[1], 11) == 11, "sendmsg");
	execvp(command[0], command);
	must(0, command[0]);
}

/* The peer's packets are dropped on its side, so that it answers nothing, not even by a reset: as one that lost its power. */
static void vanish(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &none };

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0, "SO_ATTACH_FILTER");
}

static void waits(int says)
{
	int at = listener(), fd = dial(at), there = accept(at, NULL, NULL);
	struct pollfd wait = { fd, POLLIN, 0 };
	char c;

	vanish(there);
	if (says)
		must(send(fd, "x", 1, 0) == 1, "send");
	printf("connected from %d\n", option(fd, SOL_SOCKET, SO_KEEPALIVE));
	fflush(stdout);
	if (poll(&wait, 1, 15000) == 0)
		puts("waits for ever");
	else
		printf("%s\n", recv(fd, &c, 1, 0) < 0 ? strerror(errno) : "end");
}

/* Until its input ends, so that somebody can look. */
static void stays(void)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	int to = listener(), fd = dial(to);
	char c;

	must(getsockname(fd, (struct sockaddr *)&at, &n) == 0, "getsockname");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	must(read(0, &c, 1) == 0, "read");
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "made") == 0)
		made();
	else if (strcmp(way, "explicit") == 0)
		explicit();
	else if (strcmp(way, "accepted") == 0)
		accepted();
	else if (strcmp(way, "inherited") == 0)
		inherited();
	else if (strcmp(way, "arrived") == 0)
		arrived();
	else if (strcmp(way, "hand-over") == 0)
		hand_over(argv + 2);
	else if (strcmp(way, "send") == 0)
		send_over(argv + 2);
	else if (strcmp(way, "idle") == 0)
		waits(0);
	else if (strcmp(way, "unanswered") == 0)
		waits(1);
	else if (strcmp(way, "stays") == 0)
		stays();
	else
		must(0, "unknown way");
	return 0;
}
