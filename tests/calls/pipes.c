// SPDX-License-Identifier: MIT
/* pipe and pipe2: two lowest numbers, flags, errors that leave the array alone. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "expect.h"

int __pipe(int fds[2]);

static void works(const int fds[2], int first, int flags, bool close_on_exec)
{
	char c = 0;
	int ends = 0;

	SAME(fds[0], first);
	EXPECT(fds[1] > fds[0]);
	SAME(cloexec(fds[0]), close_on_exec);
	SAME(cloexec(fds[1]), close_on_exec);
	SAME(fcntl(fds[0], F_GETFL), O_RDONLY | (flags & O_NONBLOCK));
	SAME(fcntl(fds[1], F_GETFL), O_WRONLY | flags);
	SAME(write(fds[1], "x", 1), 1);
	SAME(read(fds[0], &c, 1), 1);
	SAME(c, 'x');
	if (flags & O_NONBLOCK)
		FAILS(read(fds[0], &c, 1), EAGAIN);
	ends += close(fds[1]) == 0;
	SAME(read(fds[0], &c, 1), 0); /* no second writer hides somewhere */
	ends += close(fds[0]) == 0;
	SAME(ends, 2);
}

static void flags_and_numbers(void)
{
	int fds[2], want = lowest();

	SAME(pipe(fds), 0);
	works(fds, want, 0, false);
	SAME(__pipe(fds), 0);
	works(fds, want, 0, false);
	SAME(pipe2(fds, 0), 0);
	works(fds, want, 0, false);
	SAME(pipe2(fds, O_CLOEXEC), 0);
	works(fds, want, 0, true);
	SAME(pipe2(fds, O_NONBLOCK), 0);
	works(fds, want, O_NONBLOCK, false);
	SAME(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	works(fds, want, O_NONBLOCK, true);
	SAME(pipe2(fds, O_DIRECT), 0);
	works(fds, want, O_DIRECT, false);
}

static void refused_and_nothing_left_behind(void)
{
	int fds[2] = { 4711, 4712 };
	struct rlimit old, low;

	FAILS(pipe(nowhere()), EFAULT);
	FAILS(pipe2(nowhere(), O_CLOEXEC), EFAULT);
	FAILS(pipe2(fds, O_CREAT), EINVAL);
	SAME(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = lowest() + 1; /* room for one end, not for two */
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
	FAILS(pipe(fds), EMFILE);
	FAILS(pipe2(fds, O_NONBLOCK), EMFILE);
	SAME(setrlimit(RLIMIT_NOFILE, &old), 0);
	SAME(fds[0], 4711);
	SAME(fds[1], 4712);
}

static void success_leaves_errno_alone(void)
{
	int fds[2];

	KEEPS_ERRNO(pipe(fds));
	KEEPS_ERRNO(close(fds[0]));
	KEEPS_ERRNO(close(fds[1]));
}

void body(void)
{
	RUN(flags_and_numbers);
	RUN(refused_and_nothing_left_behind);
	RUN(success_leaves_errno_alone);
}
