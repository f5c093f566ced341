// SPDX-License-Identifier: MIT
/* epoll, eventfd, timerfd, signalfd, inotify, fanotify: flags, errors, and that the thing made works. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "expect.h"

static int want;

/* made: the lowest number, the flags that were asked for; leaves it open */
static int made(int fd, bool non_blocking, bool close_on_exec)
{
	SAME(fd, want);
	SAME(fcntl(fd, F_GETFL) & O_NONBLOCK, non_blocking ? O_NONBLOCK : 0);
	SAME(cloexec(fd), close_on_exec);
	return fd;
}

static void shut(int fd)
{
	SAME(close(fd), 0);
	EXPECT(!is_open(fd));
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents == POLLIN;
}

static void epolls(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 7 }, seen;
	int fd = made(epoll_create(1), false, false), fds[2];

	SAME(pipe(fds), 0);
	SAME(epoll_ctl(fd, EPOLL_CTL_ADD, fds[0], &event), 0);
	SAME(write(fds[1], "x", 1), 1);
	SAME(epoll_wait(fd, &seen, 1, 0), 1);
	SAME(seen.data.u32, 7);
	shut(fds[0]);
	shut(fds[1]);
	shut(fd);
	shut(made(epoll_create1(0), false, false));
	shut(made(epoll_create1(EPOLL_CLOEXEC), false, true));
	shut(made(epoll_create(INT_MAX), false, false));
	FAILS(epoll_create(0), EINVAL);
	FAILS(epoll_create(none()), EINVAL);
	FAILS(epoll_create1(EPOLL_CLOEXEC | 1), EINVAL);
	FAILS(epoll_create1(O_NONBLOCK), EINVAL);
}

static void eventfds(void)
{
	eventfd_t value = 0;
	int fd = made(eventfd(5, 0), false, false);

	SAME(eventfd_read(fd, &value), 0);
	SAME(value, 5);
	shut(fd);
	fd = made(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK), true, false);
	SAME(eventfd_read(fd, &value), 0);
	SAME(value, 1);
	SAME(eventfd_read(fd, &value), 0);
	FAILS(eventfd_read(fd, &value), EAGAIN);
	shut(fd);
	shut(made(eventfd(0, EFD_CLOEXEC), false, true));
	shut(made(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), true, true));
	FAILS(eventfd(0, 0x40), EINVAL);
}

static void timerfds(void)
{
	struct itimerspec once = { .it_value.tv_nsec = 1000000 };
	unsigned long long times = 0;
	int fd = made(timerfd_create(CLOCK_MONOTONIC, 0), false, false);

	SAME(timerfd_settime(fd, 0, &once, NULL), 0);
	SAME(read(fd, &times, sizeof times), sizeof times);
	SAME(times, 1);
	shut(fd);
	shut(made(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK), true, false));
	shut(made(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK), true, true));
	FAILS(timerfd_create(4711, 0), EINVAL);
	FAILS(timerfd_create(CLOCK_MONOTONIC, 0x40), EINVAL);
}

static void signalfds(void)
{
	sigset_t usr1, usr2, old;
	struct signalfd_siginfo info;
	int fd;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	SAME(sigprocmask(SIG_BLOCK, &usr1, &old), 0);
	sigprocmask(SIG_BLOCK, &usr2, NULL);
	fd = made(signalfd(-1, &usr1, 0), false, false);
	raise(SIGUSR1);
	SAME(read(fd, &info, sizeof info), sizeof info);
	SAME(info.ssi_signo, SIGUSR1);
	/* A second call on the same descriptor changes its set and makes nothing. */
	SAME(signalfd(fd, &usr2, 0), fd);
	raise(SIGUSR2);
	EXPECT(readable(fd));
	SAME(read(fd, &info, sizeof info), sizeof info);
	SAME(info.ssi_signo, SIGUSR2);
	EXPECT(!cloexec(fd));
	SAME(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	SAME(signalfd(fd, &usr1, SFD_NONBLOCK), fd); /* flags of an old one are not changed */
	EXPECT(cloexec(fd));
	SAME(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	shut(fd);
	shut(made(signalfd(-1, &usr1, SFD_CLOEXEC), false, true));
	shut(made(signalfd(-1, &usr1, SFD_CLOEXEC | SFD_NONBLOCK), true, true));
	FAILS(signalfd(-1, nowhere(), 0), EFAULT);
	FAILS(signalfd(-1, &usr1, 0x40), EINVAL);
	FAILS(signalfd(4711, &usr1, 0), EBADF);
	fd = open("/dev/null", O_RDONLY);
	FAILS(signalfd(fd, &usr1, 0), EINVAL);
	shut(fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void inotifies(void)
{
	int fd = made(inotify_init(), false, false);

	EXPECT(inotify_add_watch(fd, ".", IN_CREATE) >= 0);
	write_file("seen", "", 0600);
	EXPECT(readable(fd));
	shut(fd);
	shut(made(inotify_init1(0), false, false));
	shut(made(inotify_init1(IN_NONBLOCK), true, false));
	shut(made(inotify_init1(IN_CLOEXEC), false, true));
	FAILS(inotify_init1(0x40), EINVAL);
}

/* May be forbidden, by the kernel's rules: then with the kernel's error. */
static void fanotifies(void)
{
	for (unsigned flags = 0; flags <= FAN_CLOEXEC; flags += FAN_CLOEXEC) {
		long raw = bare(SYS_fanotify_init, FAN_CLASS_NOTIF | flags, O_RDONLY, 0, 0, 0, 0);

		if (raw < 0) {
			FAILS(fanotify_init(FAN_CLASS_NOTIF | flags, O_RDONLY), (int)-raw);
			continue;
		}
		bare(SYS_close, raw, 0, 0, 0, 0, 0);
		shut(made(fanotify_init(FAN_CLASS_NOTIF | flags, O_RDONLY), false, flags != 0));
	}
	EXPECT(fanotify_init(0x40000000, 0) < 0);
}

static void success_leaves_errno_alone(void)
{
	sigset_t none_of_them;
	int fd = want;

	sigemptyset(&none_of_them);
	KEEPS_ERRNO(epoll_create(1));
	SAME(close(fd), 0);
	KEEPS_ERRNO(epoll_create1(0));
	SAME(close(fd), 0);
	KEEPS_ERRNO(eventfd(0, 0));
	SAME(close(fd), 0);
	KEEPS_ERRNO(timerfd_create(CLOCK_MONOTONIC, 0));
	SAME(close(fd), 0);
	KEEPS_ERRNO(signalfd(-1, &none_of_them, 0));
	SAME(close(fd), 0);
	KEEPS_ERRNO(inotify_init());
	SAME(close(fd), 0);
}

void body(void)
{
	want = lowest();
	RUN(epolls);
	RUN(eventfds);
	RUN(timerfds);
	RUN(signalfds);
	RUN(inotifies);
	RUN(fanotifies);
	RUN(success_leaves_errno_alone);
}
