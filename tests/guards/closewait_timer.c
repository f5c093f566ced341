// SPDX-License-Identifier: MIT
/*
 * closewait-timer CALL: timeouts by a timer that rings once, which is to end a call that waits for ever; and one connection that its peer has closed. Rings while the sockets are looked at,
 * before the call, would leave it waiting. The log is a pipe that nobody reads: what is told there takes longer than the timer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ROUNDS = 150 }; /* of 10 ms */

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static int connection(int at, int *ret_there)
{
	struct sockaddr_in to;
	socklen_t n = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(getsockname(at, (struct sockaddr *)&to, &n) == 0 && connect(fd, (struct sockaddr *)&to, n) == 0, "connect");
	*ret_there = accept(at, NULL, NULL);
	return fd;
}

static void rings(int number)
{
	(void)number;
}

static const char *call;
static int idle, loop;

static int wait_for_ever(void)
{
	struct pollfd p = { idle, POLLIN, 0 };
	struct epoll_event e;
	fd_set set;
	char c;

	if (strcmp(call, "recv") == 0)
		return (int)recv(idle, &c, 1, 0);
	if (strcmp(call, "poll") == 0)
		return poll(&p, 1, -1);
	if (strcmp(call, "epoll") == 0)
		return epoll_wait(loop, &e, 1, -1);
	FD_ZERO(&set);
	FD_SET(idle, &set);
	return select(idle + 1, &set, NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
	struct itimerval soon = { { 0, 0 }, { 0, 10000 } };
	struct sigaction action = { .sa_handler = rings };
	struct epoll_event in = { .events = EPOLLIN };
	int at = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), there, ended = 0;

	call = argc > 1 ? argv[1] : "recv";
	must(listen(at, 4) == 0, "listen");
	connection(at, &there);
	close(there);
	idle = connection(at, &there);
	loop = epoll_create1(EPOLL_CLOEXEC);
	must(epoll_ctl(loop, EPOLL_CTL_ADD, idle, &in) == 0, "epoll_ctl");
	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		setitimer(ITIMER_REAL, &soon, NULL);
		ended += wait_for_ever() == -1 && errno == EINTR;
	}
	printf("%s\n", ended == ROUNDS ? "each was ended" : "some were not");
	return 0;
}
