// SPDX-License-Identifier: MIT
/* bind, listen and shutdown: errors, errno, and numbers, of sockets alone and in a SO_REUSEPORT group. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

static struct sockaddr_in address;

static void new_port(void)
{
	address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int bound(int type, int shares)
{
	int fd = socket(AF_INET, type, 0);
	socklen_t n = sizeof address;

	SAME(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shares, sizeof shares), 0);
	KEEPS_ERRNO(bind(fd, (struct sockaddr *)&address, sizeof address));
	SAME(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	return fd;
}

static int accepts(int fd)
{
	int value = -1;
	socklen_t n = sizeof value;

	SAME(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &n), 0);
	return value;
}

static void one_alone(void)
{
	int want = lowest(), fd, other;

	new_port();
	fd = bound(SOCK_STREAM, 0);
	SAME(fd, want);
	KEEPS_ERRNO(listen(fd, 5));
	SAME(accepts(fd), 1);
	other = socket(AF_INET, SOCK_STREAM, 0);
	FAILS(bind(other, (struct sockaddr *)&address, sizeof address), EADDRINUSE);
	FAILS(syscall(SYS_bind, other, &address, sizeof address), EADDRINUSE);
	FAILS(bind(fd, (struct sockaddr *)&address, sizeof address), EINVAL);
	KEEPS_ERRNO(shutdown(fd, SHUT_RD));
	SAME(accepts(fd), 0);
	KEEPS_ERRNO(syscall(SYS_listen, fd, 5));
	SAME(accepts(fd), 1);
	SAME(close(other), 0);
	KEEPS_ERRNO(close(fd));
}

static void refused(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), packets = socket(AF_INET, SOCK_DGRAM, 0), file = open("/dev/null", O_RDONLY);

	FAILS(bind(-1, (struct sockaddr *)&address, sizeof address), EBADF);
	FAILS(listen(-1, 5), EBADF);
	FAILS(shutdown(-1, SHUT_RD), EBADF);
	FAILS(bind(file, (struct sockaddr *)&address, sizeof address), ENOTSOCK);
	FAILS(listen(file, 5), ENOTSOCK);
	FAILS(listen(packets, 5), EOPNOTSUPP);
	FAILS(syscall(SYS_listen, packets, 5), EOPNOTSUPP);
	FAILS(bind(fd, (struct sockaddr *)&address, 2), EINVAL);
	FAILS(bind(fd, NULL, sizeof address), EFAULT);
	FAILS(shutdown(fd, SHUT_RD), ENOTCONN);
	SAME(close(file), 0);
	SAME(close(packets), 0);
	SAME(close(fd), 0);
}

static void in_a_group(void)
{
	int fd[3], free = lowest();

	new_port();
	for (int i = 0; i < 3; i++) {
		fd[i] = bound(SOCK_STREAM | SOCK_NONBLOCK, 1);
		KEEPS_ERRNO(listen(fd[i], 5));
		SAME(fd[i], free + i);
	}
	KEEPS_ERRNO(listen(fd[0], 6));
	FAILS(accept(fd[0], NULL, NULL), EAGAIN);
	KEEPS_ERRNO(shutdown(fd[0], SHUT_WR));
	KEEPS_ERRNO(shutdown(fd[0], SHUT_RDWR));
	FAILS(accept(fd[0], NULL, NULL), EINVAL);
	FAILS(dup2(-1, fd[1]), EBADF);
	SAME(accepts(fd[1]), 1);
	KEEPS_ERRNO(close(fd[0]));
	FAILS(close(fd[0]), EBADF);
	KEEPS_ERRNO(dup2(fd[2], fd[1]));
	SAME(accepts(fd[1]), 1);
	SAME(close(fd[1]), 0);
	SAME(accepts(fd[2]), 1);
	SAME(close(fd[2]), 0);
	SAME(lowest(), free);
}

static void packets_in_a_group(void)
{
	int a, b;

	new_port();
	a = bound(SOCK_DGRAM, 1);
	b = bound(SOCK_DGRAM, 1);
	KEEPS_ERRNO(close(a));
	SAME(close(b), 0);
}

void body(void)
{
	RUN(one_alone);
	RUN(refused);
	RUN(in_a_group);
	RUN(packets_in_a_group);
}
