// SPDX-License-Identifier: MIT
/* O_NONBLOCK of descriptors that share a description, where all are asked for the same, and of one whose arguments are odd. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

static int pair[2], copy;

static bool nonblocking(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static void set_both(int on)
{
	SAME(fcntl(copy, F_SETFL, on ? O_RDWR | O_NONBLOCK : O_RDWR), 0);
	SAME(ioctl(pair[0], FIONBIO, &on), 0);
	SAME(nonblocking(pair[0]), on != 0);
	SAME(nonblocking(copy), on != 0);
	SAME(bare(SYS_fcntl, copy, F_GETFL, 0, 0, 0, 0) & O_NONBLOCK, on ? O_NONBLOCK : 0);
}

static void asked_for_the_same(void)
{
	char c;

	set_both(1);
	FAILS(read(pair[0], &c, 1), EAGAIN);
	FAILS(read(copy, &c, 1), EAGAIN);
	set_both(0);
	SAME(write(pair[1], "ab", 2), 2);
	SAME(read(copy, &c, 1), 1);
	SAME(read(pair[0], &c, 1), 1);
	set_both(1);
	set_both(0);
}

static void by_the_number_of_the_call(void)
{
	int on = 1, off = 0;

	SAME(syscall(SYS_fcntl, copy, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	SAME(syscall(SYS_ioctl, pair[0], FIONBIO, &on), 0);
	EXPECT(syscall(SYS_fcntl, copy, F_GETFL) & O_NONBLOCK);
	SAME(syscall(SYS_ioctl, copy, FIONBIO, &off), 0);
	SAME(syscall(SYS_fcntl, pair[0], F_SETFL, O_RDWR), 0);
	EXPECT(!nonblocking(copy));
	FAILS(syscall(SYS_fcntl, none(), F_SETFL, 0), EBADF);
	FAILS(syscall(SYS_ioctl, copy, FIONBIO, nowhere()), EFAULT);
}

static void the_other_flags(void)
{
	int file = open("/tmp", O_RDWR | O_TMPFILE, 0600), two = dup(file);

	SAME(fcntl(two, F_SETFL, O_APPEND | O_NONBLOCK), 0);
	SAME(fcntl(file, F_SETFL, O_APPEND | O_NONBLOCK), 0);
	SAME(fcntl(file, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE), O_APPEND | O_NONBLOCK | O_RDWR);
	SAME(fcntl(two, F_SETFL, O_NOATIME | O_NONBLOCK), 0);
	SAME(fcntl(file, F_GETFL) & (O_APPEND | O_NOATIME | O_NONBLOCK), O_NOATIME | O_NONBLOCK);
	SAME(close(two), 0);
	SAME(close(file), 0);
}

static void high_numbers(void)
{
	struct rlimit limit;
	int high, on = 1;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 3000)
		return;
	limit.rlim_cur = limit.rlim_cur < 3000 ? 3000 : limit.rlim_cur;
	SAME(setrlimit(RLIMIT_NOFILE, &limit), 0);
	high = fcntl(pair[0], F_DUPFD, 2500);
	SAME(fcntl(high, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	SAME(ioctl(copy, FIONBIO, &on), 0);
	SAME(ioctl(pair[0], FIONBIO, &on), 0);
	EXPECT(nonblocking(high) && nonblocking(copy) && nonblocking(pair[0]));
	SAME(fcntl(high, F_SETFL, O_RDWR), 0);
	set_both(0);
	EXPECT(!nonblocking(high));
	SAME(close(high), 0);
}

/* FIONBIO reads an int, wherever that lies. */
static void pointers_of_fionbio(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end = two + page;
	int on = 1;

	SAME(munmap(end, (size_t)page), 0);
	memcpy(end - 4, &on, sizeof(on));
	memcpy(end - 9, &on, sizeof(on));
	SAME(ioctl(copy, FIONBIO, end - 4), 0);
	SAME(ioctl(pair[0], FIONBIO, end - 9), 0);
	SAME(mprotect(two, (size_t)page, PROT_READ), 0);
	SAME(ioctl(pair[0], FIONBIO, end - 4), 0);
	FAILS(ioctl(copy, FIONBIO, end - 3), EFAULT);
	FAILS(ioctl(copy, FIONBIO, end), EFAULT);
	FAILS(ioctl(copy, FIONBIO, nowhere()), EFAULT);
	SAME(munmap(two, (size_t)page), 0);
	set_both(0);
}

static void what_has_no_mode(void)
{
	int path = open("/", O_PATH | O_CLOEXEC), on = 1;

	FAILS(fcntl(path, F_SETFL, O_NONBLOCK), EBADF);
	FAILS(ioctl(path, FIONBIO, &on), EBADF);
	SAME(close(path), 0);
	FAILS(fcntl(path, F_SETFL, O_NONBLOCK), EBADF);
	FAILS(ioctl(path, FIONBIO, &on), EBADF);
	FAILS(fcntl(none(), F_SETFL, 0), EBADF);
	FAILS(fcntl(0x7fffffff, F_SETFL, 0), EBADF);
}

static void in_a_vfork_child(void)
{
	int on = 1;
	pid_t pid = vfork();

	if (pid == 0) {
		fcntl(copy, F_SETFL, O_RDWR | O_NONBLOCK);
		ioctl(pair[0], FIONBIO, &on);
		_exit(!nonblocking(copy));
	}
	SAME(wait_for(pid), 0);
	EXPECT(nonblocking(copy) && nonblocking(pair[0]));
	set_both(0);
}

static void change(int sig)
{
	(void)sig;
	fcntl(copy, F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(pair[0], F_SETFL, O_RDWR | O_NONBLOCK);
}

static void on_a_signal_stack(void)
{
	stack_t stack = { .ss_sp = malloc(8192), .ss_size = 8192 }, old;
	struct sigaction how = { .sa_handler = change, .sa_flags = SA_ONSTACK }, before;

	SAME(sigaltstack(&stack, &old), 0);
	SAME(sigaction(SIGUSR1, &how, &before), 0);
	SAME(raise(SIGUSR1), 0);
	EXPECT(nonblocking(copy) && nonblocking(pair[0]));
	SAME(sigaction(SIGUSR1, &before, NULL), 0);
	SAME(sigaltstack(&old, NULL), 0);
	free(stack.ss_sp);
	set_both(0);
}

static void success_leaves_errno_alone(void)
{
	int off = 0;

	KEEPS_ERRNO(fcntl(copy, F_SETFL, O_RDWR | O_NONBLOCK));
	KEEPS_ERRNO(ioctl(copy, FIONBIO, &off));
	KEEPS_ERRNO(fcntl(copy, F_GETFL));
	set_both(0);
}

void body(void)
{
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	copy = dup(pair[0]);
	RUN(asked_for_the_same);
	RUN(by_the_number_of_the_call);
	RUN(the_other_flags);
	RUN(high_numbers);
	RUN(pointers_of_fionbio);
	RUN(what_has_no_mode);
	RUN(in_a_vfork_child);
	RUN(on_a_signal_stack);
	RUN(success_leaves_errno_alone);
	SAME(close(copy), 0);
	SAME(close(pair[0]), 0);
	SAME(close(pair[1]), 0);
}
