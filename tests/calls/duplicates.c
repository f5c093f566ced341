// SPDX-License-Identifier: MIT
/* dup, dup2, dup3: numbers, what happens to close-on-exec, dup2 onto itself, limits. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"

int __dup2(int from, int to);

static int null, sock;

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void dup_gives_the_lowest_number(void)
{
	int want = lowest(), fd = dup(sock);

	SAME(fd, want);
	EXPECT(same_file(fd, sock));
	EXPECT(!cloexec(fd));
	EXPECT(child_has(fd));
	SAME(close(fd), 0);
	FAILS(dup(none()), EBADF);
	FAILS(dup(fd), EBADF);
}

static void a_copy_is_never_close_on_exec(void)
{
	int original = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), copy = dup(original);

	EXPECT(cloexec(original));
	EXPECT(!cloexec(copy));
	EXPECT(child_has(copy));
	EXPECT(!child_has(original));
	SAME(dup2(original, copy), copy);
	EXPECT(!cloexec(copy));
	EXPECT(child_has(copy));
	SAME(close(copy), 0);
	SAME(close(original), 0);
}

static void dup2_replaces(void)
{
	int target = open("/dev/zero", O_RDONLY);

	SAME(dup2(sock, target), target);
	EXPECT(same_file(sock, target));
	SAME(__dup2(null, target), target);
	EXPECT(same_file(null, target));
	SAME(dup2(null, 200), 200);
	EXPECT(same_file(null, 200));
	EXPECT(!cloexec(200));
	SAME(close(200), 0);
	SAME(close(target), 0);
}

static void dup2_onto_itself_changes_nothing(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	SAME(dup2(fd, fd), fd);
	EXPECT(cloexec(fd));
	EXPECT(!child_has(fd));
	SAME(fcntl(fd, F_SETFD, 0), 0);
	SAME(dup2(fd, fd), fd);
	EXPECT(!cloexec(fd));
	EXPECT(child_has(fd));
	SAME(close(fd), 0);
	FAILS(dup2(fd, fd), EBADF);
}

static void a_failed_dup2_leaves_its_target(void)
{
	int target = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	FAILS(dup2(none(), target), EBADF);
	FAILS(dup2(4711, target), EBADF);
	FAILS(dup3(4711, target, 0), EBADF);
	FAILS(dup3(null, target, O_NONBLOCK), EINVAL);
	EXPECT(is_open(target));
	EXPECT(cloexec(target));
	EXPECT(!same_file(target, null));
	SAME(close(target), 0);
}

static void dup3_sets_the_flag(void)
{
	SAME(dup3(null, 100, 0), 100);
	EXPECT(!cloexec(100));
	SAME(dup3(null, 100, O_CLOEXEC), 100);
	EXPECT(cloexec(100));
	EXPECT(!child_has(100));
	SAME(dup2(null, 100), 100);
	EXPECT(!cloexec(100));
	EXPECT(child_has(100));
	SAME(close(100), 0);
	FAILS(dup3(null, null, 0), EINVAL);
	FAILS(dup3(null, null, O_CLOEXEC), EINVAL);
}

static void numbers_beyond_the_limit(void)
{
	struct rlimit old, low;

	SAME(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 150;
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
	SAME(dup2(null, 149), 149);
	SAME(close(149), 0);
	FAILS(dup2(null, 150), EBADF);
	FAILS(dup3(null, 150, 0), EBADF);
	FAILS(dup2(null, none()), EBADF);
	low.rlim_cur = lowest();
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
	FAILS(dup(null), EMFILE);
	SAME(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void a_copy_outlives_its_original(void)
{
	int fds[2], copy;
	char c = 0;

	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	copy = dup(fds[1]);
	SAME(close(fds[1]), 0);
	SAME(write(copy, "o", 1), 1);
	SAME(read(fds[0], &c, 1), 1);
	SAME(close(copy), 0);
	SAME(read(fds[0], &c, 1), 0);
	SAME(close(fds[0]), 0);
}

static void success_leaves_errno_alone(void)
{
	int fd = lowest();

	KEEPS_ERRNO(dup(null));
	KEEPS_ERRNO(dup2(sock, fd));
	KEEPS_ERRNO(dup2(fd, fd));
	KEEPS_ERRNO(dup3(null, fd, O_CLOEXEC));
	SAME(close(fd), 0);
}

void body(void)
{
	null = open("/dev/null", O_RDONLY);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	RUN(dup_gives_the_lowest_number);
	RUN(a_copy_is_never_close_on_exec);
	RUN(dup2_replaces);
	RUN(dup2_onto_itself_changes_nothing);
	RUN(a_failed_dup2_leaves_its_target);
	RUN(dup3_sets_the_flag);
	RUN(numbers_beyond_the_limit);
	RUN(a_copy_outlives_its_original);
	RUN(success_leaves_errno_alone);
	SAME(close(sock), 0);
	SAME(close(null), 0);
}
