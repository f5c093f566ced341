// SPDX-License-Identifier: MIT
/* epoll_ctl, epoll_wait, epoll_pwait, epoll_pwait2: what is registered and told, masks, timeouts, errors; by name and by number. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

static int loop, fds[2];

static void begin(void)
{
	loop = epoll_create1(EPOLL_CLOEXEC);
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void end(void)
{
	SAME(close(loop), 0);
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void told_as_registered(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = UINT64_MAX - 1 }, got[2] = { 0 };
	struct timespec none_left = { 0, 0 };

	begin();
	KEEPS_ERRNO(epoll_ctl(loop, EPOLL_CTL_ADD, fds[0], &event));
	KEEPS_ERRNO(epoll_wait(loop, got, 2, 0));
	SAME(write(fds[1], "x", 1), 1);
	SAME(epoll_wait(loop, got, 2, -1), 1);
	SAME(got[0].events, EPOLLIN);
	EXPECT(got[0].data.u64 == UINT64_MAX - 1);
	event = (struct epoll_event){ .events = EPOLLIN | EPOLLOUT, .data.u64 = 7 };
	SAME(epoll_ctl(loop, EPOLL_CTL_MOD, fds[0], &event), 0);
	SAME(epoll_pwait(loop, got, 2, 0, NULL), 1);
	SAME(got[0].events, EPOLLIN | EPOLLOUT);
	SAME(got[0].data.u64, 7);
	SAME(epoll_pwait2(loop, got, 2, NULL, NULL), 1);
	SAME(epoll_ctl(loop, EPOLL_CTL_DEL, fds[0], NULL), 0);
	SAME(epoll_pwait2(loop, got, 2, &none_left, NULL), 0);
	/* Edges come once. */
	event = (struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.u64 = 8 };
	SAME(epoll_ctl(loop, EPOLL_CTL_ADD, fds[0], &event), 0);
	SAME(epoll_wait(loop, got, 2, 0), 1);
	SAME(epoll_wait(loop, got, 2, 0), 0);
	end();
}

static void refused_as_the_kernel_refuses(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timespec wrong = { 0, -1 };
	int file = open("/dev/null", O_RDONLY), regular = open("file", O_RDWR | O_CREAT, 0600);

	begin();
	SAME(epoll_ctl(loop, EPOLL_CTL_ADD, fds[0], &event), 0);
	FAILS(epoll_ctl(loop, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
	FAILS(epoll_ctl(loop, EPOLL_CTL_MOD, fds[1], &event), ENOENT);
	FAILS(epoll_ctl(loop, EPOLL_CTL_DEL, fds[1], NULL), ENOENT);
	FAILS(epoll_ctl(loop, EPOLL_CTL_ADD, regular, &event), EPERM);
	FAILS(epoll_ctl(loop, EPOLL_CTL_ADD, loop, &event), EINVAL);
	FAILS(epoll_ctl(loop, EPOLL_CTL_ADD, none(), &event), EBADF);
	FAILS(epoll_ctl(none(), EPOLL_CTL_ADD, fds[1], &event), EBADF);
	FAILS(epoll_ctl(file, EPOLL_CTL_ADD, fds[1], &event), EINVAL);
	FAILS(epoll_ctl(loop, EPOLL_CTL_ADD, fds[1], nowhere()), EFAULT);
	FAILS(epoll_ctl(loop, 4711, fds[1], &event), EINVAL);
	FAILS(epoll_wait(loop, &event, 0, 0), EINVAL);
	FAILS(epoll_wait(file, &event, 1, 0), EINVAL);
	FAILS(epoll_wait(none(), &event, 1, 0), EBADF);
	FAILS(epoll_pwait(none(), &event, 1, 0, NULL), EBADF);
	FAILS(epoll_pwait2(none(), &event, 1, NULL, NULL), EBADF);
	FAILS(epoll_pwait2(loop, &event, 1, &wrong, NULL), EINVAL);
	SAME(write(fds[1], "x", 1), 1);
	FAILS(epoll_wait(loop, nowhere(), 1, 0), EFAULT);
	end();
	SAME(close(file), 0);
	SAME(close(regular), 0);
}

static volatile int rings;

static void ring(int number)
{
	(void)number;
	rings++;
}

/* A signal that is blocked but while the call waits ends it at once; and one that is not blocked, but then, does not. */
static void masks_are_honoured(void)
{
	struct sigaction action = { .sa_handler = ring }, old;
	struct epoll_event event;
	struct timespec soon = { 0, 1000000 };
	sigset_t usr1, before, nothing;

	begin();
	rings = 0;
	sigemptyset(&nothing);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	SAME(sigaction(SIGUSR1, &action, &old), 0);
	SAME(pthread_sigmask(SIG_BLOCK, &usr1, &before), 0);
	raise(SIGUSR1);
	SAME(epoll_wait(loop, &event, 1, 1), 0);
	SAME(epoll_pwait(loop, &event, 1, 1, &usr1), 0);
	SAME(epoll_pwait2(loop, &event, 1, &soon, &usr1), 0);
	SAME(rings, 0);
	FAILS(epoll_pwait(loop, &event, 1, -1, &nothing), EINTR);
	SAME(rings, 1);
	raise(SIGUSR1);
	FAILS(epoll_pwait2(loop, &event, 1, NULL, &nothing), EINTR);
	SAME(rings, 2);
	raise(SIGUSR1);
	FAILS(syscall(SYS_epoll_pwait, loop, &event, 1L, -1L, &nothing, 8L), EINTR);
	raise(SIGUSR1);
	FAILS(syscall(SYS_epoll_pwait2, loop, &event, 1L, NULL, &nothing, 8L), EINTR);
	SAME(rings, 4);
	FAILS(syscall(SYS_epoll_pwait, loop, &event, 1L, 0L, &nothing, 7L), EINVAL);
	SAME(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	SAME(sigaction(SIGUSR1, &old, NULL), 0);
	end();
}

/* In a child that shares our memory, and in one that does not. */
static void in_children(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 9 };
	pid_t pid;

	begin();
	pid = vfork();
	if (pid == 0) {
		int failed = epoll_ctl(loop, EPOLL_CTL_ADD, fds[0], &event) || epoll_wait(loop, &event, 1, 0) ||
			     write(fds[1], "x", 1) != 1 || epoll_wait(loop, &event, 1, 0) != 1;

		_exit(failed);
	}
	SAME(wait_for(pid), 0);
	pid = fork();
	if (pid == 0)
		_exit(epoll_wait(loop, &event, 1, 0) != 1 || event.data.u64 != 9 || read(fds[0], &event, 1) != 1);
	SAME(wait_for(pid), 0);
	SAME(epoll_wait(loop, &event, 1, 0), 0);
	end();
}

void body(void)
{
	RUN(told_as_registered);
	RUN(refused_as_the_kernel_refuses);
	RUN(masks_are_honoured);
	RUN(in_children);
}
