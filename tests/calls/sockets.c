// SPDX-License-Identifier: MIT
/* socket and socketpair: the type's flag bits, errors, and close-on-exec as the program asked for it. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

static int option(int fd, int name)
{
	int value = -1;
	socklen_t size = sizeof value;

	SAME(getsockopt(fd, SOL_SOCKET, name, &value, &size), 0);
	return value;
}

static void is_socket(int fd, int want, int domain, int type, bool non_blocking, bool close_on_exec)
{
	SAME(fd, want);
	SAME(option(fd, SO_DOMAIN), domain);
	SAME(option(fd, SO_TYPE), type);
	SAME(fcntl(fd, F_GETFL) & O_NONBLOCK, non_blocking ? O_NONBLOCK : 0);
	SAME(cloexec(fd), close_on_exec);
	SAME(close(fd), 0);
}

static void flag_bits_of_the_type(void)
{
	int want = lowest();

	is_socket(socket(AF_INET, SOCK_STREAM, 0), want, AF_INET, SOCK_STREAM, false, false);
	is_socket(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), want, AF_INET, SOCK_DGRAM, false, false);
	is_socket(socket(AF_UNIX, SOCK_SEQPACKET, 0), want, AF_UNIX, SOCK_SEQPACKET, false, false);
	is_socket(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), want, AF_INET, SOCK_STREAM, true, false);
	is_socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), want, AF_INET, SOCK_STREAM, false, true);
	is_socket(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), want, AF_UNIX, SOCK_DGRAM, true, true);
	is_socket(socket(AF_NETLINK, SOCK_RAW, 0), want, AF_NETLINK, SOCK_RAW, false, false);
}

static void refused_as_the_kernel_refuses(void)
{
	FAILS(socket(4711, SOCK_STREAM, 0), EAFNOSUPPORT);
	FAILS(socket(none(), SOCK_STREAM, 0), EAFNOSUPPORT);
	FAILS(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	FAILS(socket(AF_INET, 12, 0), EINVAL);
	FAILS(socket(AF_INET, SOCK_STREAM | 0x100000, 0), EINVAL);
	FAILS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | 0x40, 0), EINVAL);
	FAILS(socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
}

static void options_are_what_was_set(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = open("/dev/null", O_RDONLY), one = 1;

	SAME(option(fd, SO_KEEPALIVE), 0);
	SAME(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), 0);
	SAME(option(fd, SO_KEEPALIVE), 1);
	one = 0;
	SAME(syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), 0);
	SAME(option(fd, SO_KEEPALIVE), 0);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, 1), EINVAL);
	FAILS(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, NULL, sizeof one), EFAULT);
	FAILS(setsockopt(fd, SOL_SOCKET, 4711, &one, sizeof one), ENOPROTOOPT);
	FAILS(setsockopt(other, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), ENOTSOCK);
	FAILS(setsockopt(-1, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), EBADF);
	SAME(close(other), 0);
	SAME(close(fd), 0);
}

static void pairs_are_connected(void)
{
	int fds[2] = { -1, -1 }, want = lowest();
	char c = 0;

	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	SAME(fds[0], want);
	SAME(write(fds[1], "p", 1), 1);
	SAME(read(fds[0], &c, 1), 1);
	SAME(c, 'p');
	EXPECT(!cloexec(fds[1]));
	SAME(close(fds[1]), 0);
	SAME(read(fds[0], &c, 1), 0);
	is_socket(fds[0], want, AF_UNIX, SOCK_STREAM, false, false);
	SAME(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	is_socket(fds[0], want, AF_UNIX, SOCK_DGRAM, true, true);
	is_socket(fds[1], want + 1, AF_UNIX, SOCK_DGRAM, true, true);
}

static void refused_pairs_leave_nothing(void)
{
	int fds[2];

	FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, nowhere()), EFAULT);
	FAILS(socketpair(AF_INET, SOCK_STREAM, 0, fds), EOPNOTSUPP);
	FAILS(socketpair(AF_UNIX, SOCK_STREAM | 0x100000, 0, fds), EINVAL);
}

static void a_full_table_is_emfile(void)
{
	struct rlimit old, low;
	int fds[2];

	SAME(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = lowest();
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
	FAILS(socket(AF_INET, SOCK_STREAM, 0), EMFILE);
	FAILS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), EMFILE);
	SAME(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void success_leaves_errno_alone(void)
{
	int fds[2], fd = lowest();

	KEEPS_ERRNO(socket(AF_INET, SOCK_DGRAM, 0));
	KEEPS_ERRNO(close(fd));
	KEEPS_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	KEEPS_ERRNO(close(fds[0]));
	KEEPS_ERRNO(close(fds[1]));
}

void body(void)
{
	RUN(flag_bits_of_the_type);
	RUN(refused_as_the_kernel_refuses);
	RUN(options_are_what_was_set);
	RUN(pairs_are_connected);
	RUN(refused_pairs_leave_nothing);
	RUN(a_full_table_is_emfile);
	RUN(success_leaves_errno_alone);
}
