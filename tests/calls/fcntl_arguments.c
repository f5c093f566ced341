// SPDX-License-Identifier: MIT
/* fcntl, whose command decides the type of its argument: numbers, pointers to locks and structs, none at all. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

int __fcntl(int fd, int command, ...);

#ifndef F_SET_RW_HINT
#error "needs a libc that knows write hints"
#endif

static int file;

static void flags_of_the_descriptor(void)
{
	SAME(fcntl(file, F_GETFD), 0);
	SAME(fcntl(file, F_SETFD, FD_CLOEXEC), 0);
	SAME(fcntl(file, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(file));
	SAME(fcntl(file, F_SETFD, 0), 0);
	SAME(fcntl(file, F_GETFD), 0);
	EXPECT(child_has(file));
	SAME(fcntl64(file, F_SETFD, FD_CLOEXEC), 0);
	SAME(__fcntl(file, F_GETFD), FD_CLOEXEC);
	SAME(fcntl(file, F_SETFD, ~FD_CLOEXEC), 0); /* other bits mean nothing */
	SAME(fcntl64(file, F_GETFD), 0);
	FAILS(fcntl(none(), F_GETFD), EBADF);
	FAILS(fcntl(4711, F_SETFD, FD_CLOEXEC), EBADF);
}

static void flags_of_the_description(void)
{
	int flags = fcntl(file, F_GETFL);

	SAME(flags & O_ACCMODE, O_RDWR);
	SAME(fcntl(file, F_SETFL, flags | O_NONBLOCK | O_APPEND), 0);
	SAME(fcntl(file, F_GETFL), flags | O_NONBLOCK | O_APPEND);
	SAME(fcntl64(file, F_SETFL, flags), 0);
	SAME(fcntl(file, F_GETFL), flags);
	FAILS(fcntl(none(), F_GETFL), EBADF);
}

static void duplicates_from_a_number_on(void)
{
	struct rlimit old, low;
	int want = lowest();

	SAME(fcntl(file, F_DUPFD, 0), want);
	SAME(close(want), 0);
	SAME(fcntl(file, F_DUPFD, 70), 70);
	EXPECT(!cloexec(70));
	SAME(fcntl64(file, F_DUPFD, 70), 71);
	SAME(fcntl(file, F_DUPFD_CLOEXEC, 70), 72);
	EXPECT(cloexec(72));
	EXPECT(child_has(70));
	EXPECT(!child_has(72));
	SAME(close(70), 0);
	SAME(fcntl(72, F_DUPFD, 60), 60);
	EXPECT(!cloexec(60));
	EXPECT(child_has(60));
	SAME(close(60), 0);
	SAME(close(71), 0);
	SAME(close(72), 0);
	FAILS(fcntl(file, F_DUPFD, none()), EINVAL);
	FAILS(fcntl(4711, F_DUPFD, 0), EBADF);
	FAILS(fcntl(4711, F_DUPFD_CLOEXEC, 0), EBADF);
	SAME(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = lowest();
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
	FAILS(fcntl(file, F_DUPFD, 0), EMFILE);
	FAILS(fcntl(file, F_DUPFD_CLOEXEC, low.rlim_cur), EINVAL);
	SAME(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void lock_in_the_way(void *unused)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };

	(void)unused;
	FAILS(fcntl(file, F_SETLK, &lock), EAGAIN);
	SAME(fcntl(file, F_GETLK, &lock), 0);
	SAME(lock.l_type, F_WRLCK);
	SAME(lock.l_pid, getppid());
	SAME(lock.l_start, 12);
	SAME(lock.l_len, 1);
}

static void locks_of_the_process(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 1 };
	struct flock64 lock64 = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 4 };

	SAME(fcntl(file, F_SETLK, &lock), 0);
	SAME(in_child(lock_in_the_way, NULL), 0);
	SAME(fcntl(file, F_GETLK, &lock), 0); /* its own lock is in nobody's way */
	SAME(lock.l_type, F_UNLCK);
	SAME(fcntl(file, F_SETLKW, &lock), 0);
	SAME(fcntl64(file, F_SETLK64, &lock64), 0);
	lock64.l_type = F_UNLCK;
	SAME(__fcntl(file, F_SETLKW64, &lock64), 0);
	lock.l_type = 4711;
	FAILS(fcntl(file, F_SETLK, &lock), EINVAL);
	FAILS(fcntl(file, F_SETLK, nowhere()), EFAULT);
	FAILS(fcntl(file, F_GETLK, nowhere()), EFAULT);
	FAILS(fcntl(file, F_SETLKW, nowhere()), EFAULT);
}

static void locks_of_the_description(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 8 }, other = lock;
	int second = open("file", O_RDWR | O_CLOEXEC);

	SAME(fcntl(file, F_OFD_SETLK, &lock), 0);
	FAILS(fcntl(second, F_OFD_SETLK, &other), EAGAIN);
	SAME(fcntl(second, F_OFD_GETLK, &other), 0);
	SAME(other.l_type, F_WRLCK);
	SAME(other.l_pid, -1);
	lock.l_type = F_UNLCK;
	SAME(fcntl(file, F_OFD_SETLKW, &lock), 0);
	FAILS(fcntl(file, F_OFD_SETLK, nowhere()), EFAULT);
	SAME(close(second), 0);
}

static void owners_and_signals(void)
{
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getpid() };
	int fds[2];

	SAME(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	SAME(fcntl(fds[0], F_SETOWN, getpid()), 0);
	SAME(fcntl(fds[0], F_GETOWN), getpid());
	SAME(fcntl(fds[0], F_SETOWN, -getpgrp()), 0); /* a group, as a negative number */
	if (getpgrp() > 0)
		SAME(fcntl(fds[0], F_GETOWN), -getpgrp());
	SAME(fcntl(fds[0], F_SETOWN_EX, &owner), 0);
	owner = (struct f_owner_ex){ .type = F_OWNER_TID, .pid = 4711 };
	SAME(fcntl(fds[0], F_GETOWN_EX, &owner), 0);
	SAME(owner.type, F_OWNER_PID);
	SAME(owner.pid, getpid());
	SAME(fcntl(fds[0], F_SETSIG, SIGUSR1), 0);
	SAME(fcntl(fds[0], F_GETSIG), SIGUSR1);
	FAILS(fcntl(fds[0], F_SETSIG, 4711), EINVAL);
	FAILS(fcntl(fds[0], F_SETOWN_EX, nowhere()), EFAULT);
	FAILS(fcntl(fds[0], F_GETOWN_EX, nowhere()), EFAULT);
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void sizes_hints_and_leases(void)
{
	uint64_t hint = 2;
	int fds[2], reader = open("file", O_RDONLY | O_CLOEXEC);

	SAME(pipe2(fds, O_CLOEXEC), 0);
	SAME(fcntl(fds[0], F_SETPIPE_SZ, 65536), 65536);
	SAME(fcntl(fds[1], F_GETPIPE_SZ), 65536);
	FAILS(fcntl(file, F_GETPIPE_SZ), EBADF);
	SAME(fcntl(file, F_SET_RW_HINT, &hint), 0);
	hint = 0;
	SAME(fcntl(file, F_GET_RW_HINT, &hint), 0);
	SAME(hint, 2);
	FAILS(fcntl(file, F_GET_RW_HINT, nowhere()), EFAULT);
	SAME(fcntl(reader, F_GETLEASE), F_UNLCK);
	FAILS(fcntl(file, F_NOTIFY, DN_MODIFY), ENOTDIR);
	FAILS(fcntl(file, 4711), EINVAL);
	FAILS(fcntl(file, 4711, 1L << 40), EINVAL);
	SAME(close(reader), 0);
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void success_leaves_errno_alone(void)
{
	KEEPS_ERRNO(fcntl(file, F_GETFD));
	KEEPS_ERRNO(fcntl(file, F_SETFD, 0));
	KEEPS_ERRNO(fcntl(file, F_GETFL));
	KEEPS_ERRNO(fcntl(file, F_SETFL, O_RDWR));
	KEEPS_ERRNO(fcntl(file, F_DUPFD, 90));
	KEEPS_ERRNO(close(90));
}

void body(void)
{
	write_file("file", "some text that can be locked", 0600);
	file = open("file", O_RDWR);
	RUN(flags_of_the_descriptor);
	RUN(flags_of_the_description);
	RUN(duplicates_from_a_number_on);
	RUN(locks_of_the_process);
	RUN(locks_of_the_description);
	RUN(owners_and_signals);
	RUN(sizes_hints_and_leases);
	RUN(success_leaves_errno_alone);
	SAME(close(file), 0);
}
