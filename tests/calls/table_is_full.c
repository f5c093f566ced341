// SPDX-License-Identifier: MIT
/* With no number left every call says EMFILE, makes nothing, and works again when there is room. */
#include <dirent.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "expect.h"

static struct rlimit old;

static void leave_room_for(int n)
{
	struct rlimit low = old;

	low.rlim_cur = lowest() + n;
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
}

static void make_room(void)
{
	SAME(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void every_call_says_so(void)
{
	char name[] = "name.XXXXXX";
	int fds[2], listener = socket(AF_INET, SOCK_STREAM, 0);
	sigset_t none_of_them;

	sigemptyset(&none_of_them);
	SAME(listen(listener, 1), 0);
	leave_room_for(0);
	FAILS(open("/dev/null", O_RDONLY), EMFILE);
	FAILS(openat(AT_FDCWD, "/dev/null", O_RDONLY), EMFILE);
	FAILS(creat("never", 0600), EMFILE);
	FAILS(fopen("/dev/null", "r") ? 0 : -1, EMFILE);
	FAILS(opendir(".") ? 0 : -1, EMFILE);
	FAILS(tmpfile() ? 0 : -1, EMFILE);
	FAILS(mkstemp(name), EMFILE);
	FAILS(socket(AF_INET, SOCK_STREAM, 0), EMFILE);
	FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
	FAILS(pipe(fds), EMFILE);
	FAILS(accept(listener, NULL, NULL), EMFILE);
	FAILS(accept4(listener, NULL, NULL, 0), EMFILE);
	FAILS(epoll_create(1), EMFILE);
	FAILS(epoll_create1(EPOLL_CLOEXEC), EMFILE);
	FAILS(eventfd(0, 0), EMFILE);
	FAILS(timerfd_create(CLOCK_MONOTONIC, 0), EMFILE);
	FAILS(signalfd(-1, &none_of_them, 0), EMFILE);
	FAILS(inotify_init(), EMFILE);
	FAILS(memfd_create("x", 0), EMFILE);
	FAILS(dup(0), EMFILE);
	FAILS(posix_openpt(O_RDWR), EMFILE);
	FAILS(openpty(&fds[0], &fds[1], NULL, NULL, NULL), EMFILE);
	FAILS(popen(":", "r") ? 0 : -1, EMFILE);
	FAILS(shm_open("/fdguard-test-full", O_RDWR | O_CREAT, 0600), EMFILE);
	make_room();
	EXPECT(access("never", F_OK) < 0);
	SAME(close(listener), 0);
}

static void half_of_a_pair_is_given_back(void)
{
	int fds[2], want = lowest();

	leave_room_for(1);
	FAILS(pipe(fds), EMFILE);
	EXPECT(!is_open(want));
	FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
	EXPECT(!is_open(want));
	FAILS(openpty(&fds[0], &fds[1], NULL, NULL, NULL), EMFILE);
	EXPECT(!is_open(want));
	FAILS(popen(":", "r") ? 0 : -1, EMFILE);
	EXPECT(!is_open(want));
	make_room();
	SAME(pipe(fds), 0);
	SAME(fds[0], want);
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void the_last_place_can_be_used(void)
{
	int want = lowest();

	leave_room_for(1);
	SAME(socket(AF_INET, SOCK_STREAM, 0), want);
	SAME(fcntl(want, F_GETFD), 0);
	FAILS(dup(want), EMFILE);
	SAME(dup2(0, want), want);
	SAME(close(want), 0);
	SAME(epoll_create1(0), want);
	SAME(close(want), 0);
	SAME(fileno(fopen("/dev/null", "r")), want);
	SAME(close(want), 0);
	make_room();
}

/* Limits can also be raised again, above what they were at the start. */
static void numbers_above_the_old_limit(void)
{
	struct rlimit high = old;

	high.rlim_cur = high.rlim_max < 70000 ? high.rlim_max : 70000;
	SAME(setrlimit(RLIMIT_NOFILE, &high), 0);
	if (high.rlim_cur > 4000) {
		int top = high.rlim_cur - 1;

		SAME(dup2(0, top), top);
		SAME(fcntl(top, F_GETFD), 0);
		SAME(fcntl(top, F_SETFD, FD_CLOEXEC), 0);
		SAME(fcntl(top, F_GETFD), FD_CLOEXEC);
		SAME(close(top), 0);
		FAILS(close(top), EBADF);
	}
	make_room();
}

void body(void)
{
	SAME(getrlimit(RLIMIT_NOFILE, &old), 0);
	RUN(every_call_says_so);
	RUN(half_of_a_pair_is_given_back);
	RUN(the_last_place_can_be_used);
	RUN(numbers_above_the_old_limit);
}
