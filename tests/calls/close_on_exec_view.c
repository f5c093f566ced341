// SPDX-License-Identifier: MIT
/*
 * What F_GETFD says is what the program set, and what the program sets is what its children get. Checks like these stand in gnulib's
 * test-cloexec, test-pipe and test-accept4, and abort the program when they fail.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "expect.h"

/* A fresh descriptor: not close-on-exec; set and cleared as told; kept across exec when cleared, closed when set. */
static void obeys(int fd)
{
	if (!EXPECT(fd >= 0))
		return;
	SAME(fcntl(fd, F_GETFD), 0);
	SAME(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	SAME(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(fd));
	SAME(fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC), 0);
	SAME(fcntl(fd, F_GETFD), 0);
	EXPECT(child_has(fd));
	EXPECT(child_has(fd)); /* and the next child's */
	SAME(close(fd), 0);
}

/* Cleared once more though it looked clear: a program that makes sure. */
static void makes_sure(int fd)
{
	SAME(fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC), 0);
	SAME(fcntl(fd, F_GETFD), 0);
	EXPECT(child_has(fd));
	SAME(close(fd), 0);
}

static int accepted(void)
{
	struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof where;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	SAME(listen(listener, 1), 0);
	SAME(getsockname(listener, (struct sockaddr *)&where, &size), 0);
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SAME(connect(peer, (struct sockaddr *)&where, sizeof where), 0);
	fd = accept(listener, NULL, NULL);
	SAME(close(peer), 0);
	SAME(close(listener), 0);
	return fd;
}

static int one_end(bool pair)
{
	int fds[2] = { -1, -1 };

	SAME(pair ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
	SAME(fcntl(fds[1], F_GETFD), 0);
	SAME(close(fds[1]), 0);
	return fds[0];
}

static int signals(void)
{
	sigset_t empty;

	sigemptyset(&empty);
	return signalfd(-1, &empty, 0);
}

static int copy_of(int original)
{
	int fd = dup(original);

	SAME(close(original), 0);
	return fd;
}

static int moved(int original)
{
	int fd = fcntl(original, F_DUPFD, 10); /* gnulib's and every shell's way out of 0 to 9 */

	SAME(close(original), 0);
	return fd;
}

static void fresh_ones_obey(void)
{
	obeys(open("/dev/null", O_RDONLY));
	obeys(socket(AF_INET, SOCK_STREAM, 0));
	obeys(socket(AF_UNIX, SOCK_DGRAM, 0));
	obeys(accepted());
	obeys(one_end(true));
	obeys(one_end(false));
	obeys(epoll_create1(0));
	obeys(eventfd(0, 0));
	obeys(timerfd_create(CLOCK_MONOTONIC, 0));
	obeys(signals());
	obeys(inotify_init());
	obeys(memfd_create("view", 0));
	obeys(copy_of(socket(AF_INET, SOCK_STREAM, 0)));
	obeys(moved(socket(AF_INET, SOCK_STREAM, 0)));
	obeys(moved(epoll_create(1)));
}

static void clearing_what_looks_clear_counts(void)
{
	makes_sure(socket(AF_INET, SOCK_STREAM, 0));
	makes_sure(accepted());
	makes_sure(one_end(true));
	makes_sure(epoll_create(1));
	makes_sure(eventfd(0, 0));
	makes_sure(inotify_init());
	makes_sure(copy_of(eventfd(0, 0)));
}

/* gnulib's set_cloexec_flag, dup_cloexec and dup_safer together */
static void dup_cloexec(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	SAME(fcntl(copy, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(copy));
	SAME(fcntl(copy, F_SETFD, 0), 0);
	EXPECT(child_has(copy));
	SAME(dup2(fd, copy), copy);
	SAME(fcntl(copy, F_GETFD), 0);
	EXPECT(child_has(copy));
	SAME(dup3(fd, copy, O_CLOEXEC), copy);
	SAME(fcntl(copy, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(copy));
	SAME(close(fd), 0);
	SAME(close(copy), 0);
}

static int exec_self(const char *question, const char *number)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(SELF, "self", "child", question, number, (char *)NULL);
		_exit(127);
	}
	return wait_for(pid);
}

/* gnulib's test-cloexec and test-dup3 start themselves again with the number in argv. */
static void seen_by_the_program_itself(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char number[4] = { '0' + fd / 10, '0' + fd % 10, '\0' };

	SAME(fcntl(fd, F_SETFD, 0), 0);
	SAME(exec_self("number", number), 0);
	SAME(exec_self("has", unary(fd)), 0);
	SAME(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	SAME(exec_self("number", number), 1); /* named or not: the program said no */
	SAME(exec_self("has", unary(fd)), 1);
	SAME(close(fd), 0);
}

/* The child clears the flag for itself, as every server does that hands one socket to one child. */
static void cleared_between_fork_and_exec(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (fcntl(fd, F_SETFD, 0) < 0 || fcntl(fd, F_GETFD) != 0 || fcntl(marked, F_SETFD, 0) < 0)
			_exit(126);
		execl(CHILD, "calls-child", "child", "has", unary(fd), (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	pid = fork();
	if (pid == 0) {
		fcntl(marked, F_SETFD, 0);
		execl(CHILD, "calls-child", "child", "has", unary(marked), (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	SAME(fcntl(fd, F_GETFD), 0); /* the parent's own are untouched */
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(marked));
	SAME(close(fd), 0);
	SAME(close(marked), 0);
}

void body(void)
{
	RUN(fresh_ones_obey);
	RUN(clearing_what_looks_clear_counts);
	RUN(dup_cloexec);
	RUN(seen_by_the_program_itself);
	RUN(cleared_between_fork_and_exec);
}
