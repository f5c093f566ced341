// SPDX-License-Identifier: MIT
/* close closes exactly what it is told, says EBADF exactly when nothing is there, and lets go of what the descriptor held. */
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

int __close(int fd);

static void once_and_not_twice(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SAME(close(fd), 0);
	EXPECT(!is_open(fd));
	FAILS(close(fd), EBADF);
	fd = open("/dev/null", O_RDONLY);
	SAME(__close(fd), 0);
	FAILS(__close(fd), EBADF);
	FAILS(close(none()), EBADF);
	FAILS(close(INT_MAX), EBADF);
	FAILS(close(INT_MIN), EBADF);
	FAILS(close(1 << 24), EBADF);
}

/* Descriptors also come by roads that no library sees. */
static void what_it_never_heard_of(void)
{
	int fd = bare(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);

	EXPECT(fd >= 0);
	EXPECT(!cloexec(fd));
	SAME(close(fd), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	bare(SYS_close, fd, 0, 0, 0, 0, 0);
	FAILS(close(fd), EBADF);
	/* The same number, another thing: what is known of the old one goes with the next call that makes or closes it. */
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	bare(SYS_close, fd, 0, 0, 0, 0, 0);
	SAME(bare(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY | O_CLOEXEC, 0, 0, 0), fd);
	SAME(close(fd), 0);
	SAME(open("/dev/null", O_RDONLY | O_CLOEXEC), fd);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
}

/* The same after a close that everybody saw: what comes next by an unseen road is nobody's. */
static void what_comes_after(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	SAME(close(fd), 0);
	SAME(bare(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0), fd);
	EXPECT(cloexec(fd));
	SAME(__close(fd), 0);
	SAME(socket(AF_INET, SOCK_DGRAM, 0), fd);
	SAME(dup2(0, fd), fd);
	SAME(close(fd), 0);
	SAME(bare(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0), fd);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
}

static void the_peer_sees_it_at_once(void)
{
	int fds[2];
	char c;

	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	SAME(close(fds[1]), 0);
	SAME(recv(fds[0], &c, 1, MSG_DONTWAIT), 0);
	SAME(close(fds[0]), 0);
}

static void can_lock(void *file)
{
	EXPECT(flock(*(int *)file, LOCK_EX | LOCK_NB) == 0);
}

static void locks_are_let_go(void)
{
	int a = open("lock", O_RDWR | O_CREAT, 0600), b = open("lock", O_RDWR);

	SAME(flock(a, LOCK_EX), 0);
	FAILS(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	SAME(close(a), 0);
	SAME(in_child(can_lock, &b), 0);
	SAME(close(b), 0);
}

static void success_leaves_errno_alone(void)
{
	int fd = open("/dev/null", O_RDONLY);

	KEEPS_ERRNO(close(fd));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	KEEPS_ERRNO(__close(fd));
}

void body(void)
{
	RUN(once_and_not_twice);
	RUN(what_it_never_heard_of);
	RUN(what_comes_after);
	RUN(the_peer_sees_it_at_once);
	RUN(locks_are_let_go);
	RUN(success_leaves_errno_alone);
}
