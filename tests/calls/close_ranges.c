// SPDX-License-Identifier: MIT
/* close_range with all its flags, and closefrom. */
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { FROM = 50, TO = 59 };

static void fill(void)
{
	int null = open("/dev/null", O_RDONLY);

	for (int fd = FROM; fd <= TO; fd++)
		SAME(dup2(null, fd), fd);
	SAME(close(null), 0);
}

static int count(void)
{
	int n = 0;

	for (int fd = FROM; fd <= TO; fd++)
		n += is_open(fd);
	return n;
}

static void closes_the_range_and_no_more(void)
{
	fill();
	SAME(close_range(52, 55, 0), 0);
	SAME(count(), 6);
	EXPECT(is_open(51) && !is_open(52) && !is_open(55) && is_open(56));
	FAILS(close(53), EBADF);
	SAME(close_range(52, 55, 0), 0); /* nothing there: no error */
	SAME(close_range(FROM, FROM, 0), 0);
	SAME(count(), 5);
	SAME(close_range(FROM, TO, 0), 0);
	SAME(count(), 0);
}

static void marks_the_range(void)
{
	fill();
	SAME(close_range(52, 55, CLOSE_RANGE_CLOEXEC), 0);
	SAME(count(), 10);
	EXPECT(!cloexec(51) && cloexec(52) && cloexec(55) && !cloexec(56));
	EXPECT(!child_has(52));
	EXPECT(child_has(56));
	SAME(fcntl(52, F_SETFD, 0), 0);
	EXPECT(!cloexec(52));
	EXPECT(child_has(52));
	SAME(close_range(FROM, TO, 0), 0);
}

/* What the program marks stays marked, also on a descriptor that somebody else may have marked before. */
static void marks_sockets_like_anything(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	EXPECT(!cloexec(fd));
	SAME(close_range(fd, fd, CLOSE_RANGE_CLOEXEC), 0);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
}

static void refused_as_the_kernel_refuses(void)
{
	FAILS(close_range(10, 9, 0), EINVAL);
	FAILS(close_range(FROM, TO, 0x40), EINVAL);
	FAILS(close_range(FROM, TO, 1), EINVAL);
}

static void up_to_the_end(void)
{
	fill();
	SAME(close_range(FROM, UINT_MAX, 0), 0);
	SAME(count(), 0);
	EXPECT(is_open(2));
}

static int close_them_unshared(void *unused)
{
	(void)unused;
	return close_range(FROM, TO, CLOSE_RANGE_UNSHARE) != 0 || count() != 0;
}

/* A child that shares our table gets one of its own and closes there. */
static void unsharing_leaves_the_others_table(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid;

	fill();
	pid = clone(close_them_unshared, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL);
	EXPECT(pid > 0);
	SAME(wait_for(pid), 0);
	SAME(count(), 10);
	SAME(close_range(FROM, TO, CLOSE_RANGE_UNSHARE), 0);
	SAME(count(), 0);
	SAME(close_range(FROM, TO, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC), 0);
}

static void closefrom_closes_all_above(void)
{
	fill();
	closefrom(55);
	SAME(count(), 5);
	closefrom(3);
	SAME(count(), 0);
	EXPECT(is_open(0) && is_open(1) && is_open(2) && lowest() == 3);
	closefrom(1000000);
	EXPECT(is_open(2));
}

static void closefrom_of_a_negative_number_closes_everything(void)
{
	int status = 0;

	fill();
	closefrom(none());
	for (int fd = 0; fd < 100; fd++)
		status |= is_open(fd);
	SAME(lowest(), 0);
	_exit(status || expect_failures());
}

static void range_from_zero(void)
{
	SAME(close_range(0, UINT_MAX, 0), 0);
	SAME(open("/dev/null", O_RDWR), 0);
	SAME(open("/dev/null", O_RDWR), 1);
}

static void success_leaves_errno_alone(void)
{
	KEEPS_ERRNO(close_range(FROM, TO, 0));
	errno = 4711;
	closefrom(FROM);
	SAME(errno, 4711);
}

void body(void)
{
	RUN(closes_the_range_and_no_more);
	RUN(marks_the_range);
	RUN(marks_sockets_like_anything);
	RUN(refused_as_the_kernel_refuses);
	RUN(up_to_the_end);
	RUN(unsharing_leaves_the_others_table);
	RUN_IN_CHILD(closefrom_closes_all_above);
	RUN_IN_CHILD(closefrom_of_a_negative_number_closes_everything);
	RUN_IN_CHILD(range_from_zero);
	RUN(success_leaves_errno_alone);
}
