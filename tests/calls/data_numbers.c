// SPDX-License-Identifier: MIT
/* Calls that move data, by their numbers: all arguments arrive, -1 and errno come back. */
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "listed.h"

static void close_both(const int fds[2])
{
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void streams(void)
{
	char got[4] = "";
	struct iovec from[2] = { { "a", 1 }, { "bc", 2 } }, to = { got, 3 };
	int fds[2];

	SAME(pipe(fds), 0);
	listed(fds[0]);
	listed(fds[1]);
	KEEPS_ERRNO(syscall(SYS_write, fds[1], "xyz", 3L));
	KEEPS_ERRNO(syscall(SYS_read, fds[0], got, 3L));
	EXPECT(!strcmp(got, "xyz"));
	SAME(syscall(SYS_writev, fds[1], from, 2L), 3);
	SAME(syscall(SYS_readv, fds[0], &to, 1L), 3);
	EXPECT(!strcmp(got, "abc"));
	FAILS(syscall(SYS_preadv2, fds[0], &to, 1L, -1L, -1L, (long)RWF_NOWAIT), EAGAIN);
	FAILS(syscall(SYS_read, fds[1], got, 1L), EBADF);
	FAILS(syscall(SYS_read, none(), got, 1L), EBADF);
	FAILS(syscall(SYS_read, INT_MAX, got, 1L), EBADF);
	FAILS(syscall(SYS_write, fds[1], nowhere(), 1L), EFAULT);
	close_both(fds);
}

static void offsets(void)
{
	const long far = 5L << 32;
	char got[4] = "";
	struct iovec from[2] = { { "a", 1 }, { "bc", 2 } }, to = { got, 3 };
	int fd = listed(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));

	KEEPS_ERRNO(syscall(SYS_pwrite64, fd, "xyz", 3L, far));
	SAME(syscall(SYS_pread64, fd, got, 3L, far), 3);
	EXPECT(!strcmp(got, "xyz"));
	SAME(syscall(SYS_pwritev, fd, from, 2L, far, 0L), 3);
	SAME(syscall(SYS_preadv, fd, &to, 1L, far, 0L), 3);
	EXPECT(!strcmp(got, "abc"));
	SAME(syscall(SYS_pwritev2, fd, from, 2L, far + 1, 0L, 0L), 3);
	SAME(syscall(SYS_preadv2, fd, &to, 1L, far, 0L, 0L), 3);
	EXPECT(!strcmp(got, "aab"));
	FAILS(syscall(SYS_preadv2, fd, &to, 1L, 0L, 0L, 1L << 30), EOPNOTSUPP);
	FAILS(syscall(SYS_pread64, fd, got, 1L, -1L), EINVAL);
	SAME(close(fd), 0);
}

static void sockets(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, told = { 0 };
	int one = listed(socket(AF_INET, SOCK_DGRAM, 0)), other = listed(socket(AF_INET, SOCK_DGRAM, 0)), value = 0;
	socklen_t size = sizeof name, told_size = sizeof told, value_size = sizeof value;
	char got[4] = "";
	struct iovec part = { got, 3 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	SAME(bind(one, (struct sockaddr *)&name, sizeof name), 0);
	SAME(getsockname(one, (struct sockaddr *)&name, &size), 0);
	KEEPS_ERRNO(syscall(SYS_sendto, other, "abc", 3L, 0L, &name, (long)sizeof name));
	KEEPS_ERRNO(syscall(SYS_recvfrom, one, got, 3L, 0L, &told, &told_size));
	EXPECT(!strcmp(got, "abc") && told_size == sizeof told);
	SAME(syscall(SYS_connect, other, &name, (long)sizeof name), 0);
	SAME(syscall(SYS_sendmsg, other, &message.msg_hdr, 0L), 3);
	SAME(syscall(SYS_sendmmsg, other, &message, 1L, 0L), 1);
	SAME(syscall(SYS_recvmsg, one, &message.msg_hdr, 0L), 3);
	SAME(syscall(SYS_recvmmsg, one, &message, 1L, 0L, NULL), 1);
	SAME(message.msg_len, 3);
	FAILS(syscall(SYS_recvfrom, one, got, 3L, (long)MSG_DONTWAIT, NULL, NULL), EAGAIN);
	SAME(syscall(SYS_getsockopt, one, (long)SOL_SOCKET, (long)SO_TYPE, &value, &value_size), 0);
	SAME(value, SOCK_DGRAM);
	FAILS(syscall(SYS_shutdown, one, (long)SHUT_RD), ENOTCONN);
	SAME(close(one), 0);
	SAME(close(other), 0);
}

static void connections(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = listed(socket(AF_INET, SOCK_STREAM, 0)), peer, fd;
	socklen_t size = sizeof name;

	SAME(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
	SAME(listen(listener, 4), 0);
	SAME(getsockname(listener, (struct sockaddr *)&name, &size), 0);
	for (int i = 0; i < 2; i++) {
		peer = listed(socket(AF_INET, SOCK_STREAM, 0));
		SAME(syscall(SYS_connect, peer, &name, (long)sizeof name), 0);
		fd = (int)(i ? syscall(SYS_accept, listener, NULL, NULL)
			     : syscall(SYS_accept4, listener, NULL, NULL, 0L));
		EXPECT(fd >= 0);
		SAME(syscall(SYS_sendto, peer, "x", 1L, 0L, NULL, 0L), 1);
		SAME(syscall(SYS_shutdown, peer, (long)SHUT_WR), 0);
		SAME(syscall(SYS_recvfrom, fd, &(char[2]){ 0 }, 2L, (long)MSG_WAITALL, NULL, NULL), 1);
		SAME(close(fd), 0);
		SAME(close(peer), 0);
	}
	SAME(close(listener), 0);
}

static void inside_the_kernel(void)
{
	int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), fds[2];
	off_t at = 1;
	char got[8] = "";

	SAME(pipe(fds), 0);
	listed(fds[0]);
	listed(fds[1]);
	SAME(write(file, "0123456", 7), 7);
	SAME(syscall(SYS_sendfile, fds[1], file, &at, 3L), 3);
	SAME(at, 4);
	SAME(syscall(SYS_splice, file, &at, fds[1], NULL, 2L, 0L), 2);
	SAME(at, 6);
	SAME(read(fds[0], got, 8), 5);
	EXPECT(!strcmp(got, "12345"));
	FAILS(syscall(SYS_splice, fds[0], NULL, fds[1], NULL, 1L, (long)SPLICE_F_NONBLOCK), EINVAL); /* the same pipe */
	close_both(fds);
	SAME(close(file), 0);
}

/* A loop that is driven by numbers, and what it waits for. */
static void events(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 4711 };
	struct timespec none_left = { 0, 0 };
	int loop = (int)syscall(SYS_epoll_create1, 0L), fds[2];

	SAME(pipe(fds), 0);
	KEEPS_ERRNO(syscall(SYS_epoll_ctl, loop, (long)EPOLL_CTL_ADD, fds[0], &event));
	FAILS(syscall(SYS_epoll_ctl, loop, (long)EPOLL_CTL_ADD, fds[0], &event), EEXIST);
	SAME(syscall(SYS_epoll_pwait, loop, &event, 1L, 0L, NULL, 8L), 0);
	SAME(syscall(SYS_write, fds[1], "x", 1L), 1);
	event.data.u64 = 0;
	SAME(syscall(SYS_epoll_pwait2, loop, &event, 1L, &none_left, NULL, 8L), 1);
	SAME(event.data.u64, 4711);
#ifdef SYS_epoll_wait
	SAME(syscall(SYS_epoll_wait, loop, &event, 1L, 0L), 1);
	FAILS(syscall(SYS_epoll_wait, loop, &event, 0L, 0L), EINVAL);
#endif
	SAME(syscall(SYS_read, fds[0], &(char){ 0 }, 1L), 1);
	SAME(syscall(SYS_epoll_ctl, loop, (long)EPOLL_CTL_DEL, fds[0], NULL), 0);
	FAILS(syscall(SYS_epoll_pwait, none(), &event, 1L, 0L, NULL, 8L), EBADF);
	close_both(fds);
	SAME(close(loop), 0);
}

static void all(void)
{
	RUN(streams);
	RUN(offsets);
	RUN(sockets);
	RUN(connections);
	RUN(inside_the_kernel);
	RUN(events);
}

void body(void)
{
	plain_and_listed(all);
}
