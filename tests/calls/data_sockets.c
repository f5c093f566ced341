// SPDX-License-Identifier: MIT
/* connect, send, recv and their kin, by every name that libc has for them: what is moved, whose address is told, and what is refused. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "listed.h"

ssize_t __send(int fd, const void *from, size_t n, int flags);
int __connect(int fd, const struct sockaddr *to, socklen_t len);

static void pair_of(int type, int fds[2])
{
	SAME(socketpair(AF_UNIX, type, 0, fds), 0);
	listed(fds[0]);
	listed(fds[1]);
}

static void close_both(const int fds[2])
{
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

/* A socket of IPv4 on loopback, and its name. */
static int bound(int type, struct sockaddr_in *name)
{
	int fd = listed(socket(AF_INET, type, 0));
	socklen_t size = sizeof *name;

	*name = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	SAME(bind(fd, (struct sockaddr *)name, size), 0);
	SAME(getsockname(fd, (struct sockaddr *)name, &size), 0);
	return fd;
}

static void bytes_come_out_as_they_went_in(void)
{
	ssize_t (*const senders[])(int, const void *, size_t, int) = { send, __send };
	int fds[2];

	pair_of(SOCK_STREAM, fds);
	for (unsigned i = 0; i < 2; i++) {
		char got[8] = "";

		KEEPS_ERRNO(senders[i](fds[1], "hello", 5, 0));
		SAME(recv(fds[0], got, 2, MSG_PEEK), 2);
		SAME(recv(fds[0], got, 5, MSG_WAITALL), 5);
		EXPECT(!strcmp(got, "hello"));
		FAILS(recv(fds[0], got, 8, MSG_DONTWAIT), EAGAIN);
		SAME(sendto(fds[1], "xy", 2, MSG_NOSIGNAL, NULL, 0), 2);
		KEEPS_ERRNO(recvfrom(fds[0], got, 8, 0, NULL, NULL));
		EXPECT(!memcmp(got, "xyllo", 5));
	}
	SAME(shutdown(fds[1], SHUT_WR), 0);
	SAME(recv(fds[0], &(char){ 0 }, 1, 0), 0);
	FAILS(send(fds[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	SAME(shutdown(fds[1], SHUT_RD), 0);
	FAILS(shutdown(fds[1], 3), EINVAL);
	close_both(fds);
}

static void messages_keep_their_bounds_and_names(void)
{
	struct sockaddr_in one_name, other_name, told;
	int one = bound(SOCK_DGRAM, &one_name), other = bound(SOCK_DGRAM, &other_name);
	socklen_t size = sizeof told;
	char got[8] = "";

	KEEPS_ERRNO(sendto(one, "abc", 3, 0, (struct sockaddr *)&other_name, sizeof other_name));
	SAME(recvfrom(other, got, 2, MSG_TRUNC, (struct sockaddr *)&told, &size), 3);
	SAME(size, sizeof told);
	SAME(told.sin_port, one_name.sin_port);
	SAME(got[2], 0);
	KEEPS_ERRNO(connect(one, (struct sockaddr *)&other_name, sizeof other_name));
	SAME(__connect(other, (struct sockaddr *)&one_name, sizeof one_name), 0);
	SAME(send(one, "", 0, 0), 0);
	SAME(send(one, "de", 2, 0), 2);
	SAME(recv(other, got, 8, 0), 0);
	size = 4; /* truncated, and the true size is told */
	memset(&told, 0x5a, sizeof told);
	SAME(recvfrom(other, got, 8, 0, (struct sockaddr *)&told, &size), 2);
	SAME(size, sizeof told);
	SAME(((unsigned char *)&told)[4], 0x5a);
	FAILS(sendto(one, "x", 1, 0, (struct sockaddr *)&other_name, 3), EINVAL);
	FAILS(connect(one, (struct sockaddr *)&other_name, 3), EINVAL);
	SAME(close(one), 0);
	SAME(close(other), 0);
}

static void messages_of_parts(void)
{
	char first[2], second[4] = "";
	struct iovec from[2] = { { "a", 1 }, { "bcd", 3 } }, to[2] = { { first, 2 }, { second, 3 } };
	struct msghdr out = { .msg_iov = from, .msg_iovlen = 2 }, in = { .msg_iov = to, .msg_iovlen = 2 };
	int fds[2];

	pair_of(SOCK_SEQPACKET, fds);
	KEEPS_ERRNO(sendmsg(fds[1], &out, 0));
	KEEPS_ERRNO(recvmsg(fds[0], &in, 0));
	EXPECT(!memcmp(first, "ab", 2) && !strcmp(second, "cd"));
	SAME(sendmsg(fds[1], &out, MSG_EOR), 4);
	in.msg_iovlen = 1;
	SAME(recvmsg(fds[0], &in, 0), 2);
	SAME(in.msg_flags & MSG_TRUNC, MSG_TRUNC);
	out.msg_iovlen = 1025;
	FAILS(sendmsg(fds[1], &out, 0), EMSGSIZE);
	FAILS(sendmsg(fds[1], nowhere(), 0), EFAULT);
	FAILS(recvmsg(fds[0], nowhere(), 0), EFAULT);
	FAILS(recvmsg(fds[0], &in, MSG_DONTWAIT), EAGAIN);
	close_both(fds);
}

static void many_messages(void)
{
	char got[3][4] = { "", "", "" };
	struct iovec from[3] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 } },
		     to[3] = { { got[0], 3 }, { got[1], 3 }, { got[2], 3 } };
	struct mmsghdr out[3], in[3];
	struct timespec soon = { 0, 1000000 };
	int fds[2];

	for (int i = 0; i < 3; i++) {
		out[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &from[i], .msg_iovlen = 1 } };
		in[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &to[i], .msg_iovlen = 1 } };
	}
	pair_of(SOCK_DGRAM, fds);
	KEEPS_ERRNO(sendmmsg(fds[1], out, 3, 0));
	SAME(out[2].msg_len, 3);
	SAME(recvmmsg(fds[0], in, 2, 0, NULL), 2);
	SAME(in[1].msg_len, 2);
	EXPECT(!strcmp(got[0], "a") && !strcmp(got[1], "bb"));
	SAME(recvmmsg(fds[0], in, 3, MSG_WAITFORONE, &soon), 1);
	EXPECT(!strcmp(got[0], "ccc"));
	SAME(sendmmsg(fds[1], out, 0, 0), 0);
	FAILS(sendmmsg(fds[1], nowhere(), 1, 0), EFAULT);
	FAILS(recvmmsg(fds[0], in, 3, MSG_DONTWAIT, NULL), EAGAIN);
	soon.tv_nsec = -1;
	FAILS(recvmmsg(fds[0], in, 3, MSG_DONTWAIT, &soon), EINVAL);
	close_both(fds);
}

/* The listener is asked for the next peer, who must be fd. */
static void accepted(int listener, int fd, bool four)
{
	struct sockaddr_in name, told = { 0 };
	socklen_t size = sizeof name, told_size = sizeof told;
	int got;

	got = four ? accept4(listener, (struct sockaddr *)&told, &told_size, SOCK_NONBLOCK)
		   : accept(listener, (struct sockaddr *)&told, &told_size);
	SAME(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	SAME(told_size, sizeof told);
	SAME(told.sin_port, name.sin_port);
	SAME(fcntl(got, F_GETFL) & O_NONBLOCK, four ? O_NONBLOCK : 0);
	SAME(close(got), 0);
}

static void connections_are_made(void)
{
	struct sockaddr_in name;
	int listener = bound(SOCK_STREAM, &name), fd, second, value = -1;
	socklen_t size = sizeof value;

	SAME(listen(listener, 4), 0);
	fd = listed(socket(AF_INET, SOCK_STREAM, 0));
	KEEPS_ERRNO(connect(fd, (struct sockaddr *)&name, sizeof name));
	FAILS(connect(fd, (struct sockaddr *)&name, sizeof name), EISCONN);
	KEEPS_ERRNO(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size));
	SAME(value, 0);
	FAILS(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, nowhere()), EFAULT);
	FAILS(getsockopt(fd, SOL_SOCKET, 4711, &value, &size), ENOPROTOOPT);
	accepted(listener, fd, false);
	second = listed(socket(AF_INET, SOCK_STREAM, 0));
	SAME(connect(second, (struct sockaddr *)&name, sizeof name), 0);
	accepted(listener, second, true);
	SAME(close(second), 0);
	SAME(close(fd), 0);
	SAME(close(listener), 0);
	fd = listed(socket(AF_INET, SOCK_STREAM, 0));
	FAILS(__connect(fd, (struct sockaddr *)&name, sizeof name), ECONNREFUSED);
	FAILS(shutdown(fd, SHUT_RDWR), ENOTCONN);
	SAME(close(fd), 0);
	fd = listed(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	errno = 0;
	SAME(connect(fd, (struct sockaddr *)&name, sizeof name), -1);
	EXPECT(errno == EINPROGRESS || errno == ECONNREFUSED);
	SAME(close(fd), 0);
}

/* A Unix socket that nobody accepts from; and what comes to one that somebody does. */
static void connections_by_path(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int listener = listed(socket(AF_UNIX, SOCK_STREAM, 0)), peers[4], fd;

	SAME(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
	SAME(listen(listener, 0), 0);
	for (int i = 0; i < 4; i++)
		peers[i] = listed(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	SAME(connect(peers[0], (struct sockaddr *)&name, sizeof name), 0);
	FAILS(connect(peers[1], (struct sockaddr *)&name, sizeof name), EAGAIN);
	fd = accept(listener, NULL, NULL);
	SAME(connect(peers[1], (struct sockaddr *)&name, sizeof name), 0);
	SAME(send(peers[0], "x", 1, 0), 1);
	SAME(recv(fd, &(char){ 0 }, 1, MSG_WAITALL), 1);
	SAME(close(fd), 0);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	FAILS(recv(fd, &(char){ 0 }, 1, 0), EAGAIN);
	SAME(close(fd), 0);
	SAME(unlink("socket"), 0);
	FAILS(connect(peers[2], (struct sockaddr *)&name, sizeof name), ENOENT);
	for (int i = 0; i < 4; i++)
		SAME(close(peers[i]), 0);
	SAME(close(listener), 0);
}

static void refused_as_the_kernel_refuses(void)
{
	const int closed[] = { none(), INT_MIN, 4711, (1 << 20) - 1, 1 << 20, INT_MAX };
	struct sockaddr_in name = { .sin_family = AF_INET };
	struct msghdr message = { 0 };
	struct mmsghdr messages = { 0 };
	int value, null = open("/dev/null", O_RDWR), fds[2];
	socklen_t size = sizeof value;
	char byte = 0;

	for (unsigned i = 0; i <= sizeof closed / sizeof *closed; i++) {
		int fd = i ? closed[i - 1] : null, error = i ? EBADF : ENOTSOCK;

		FAILS(recv(fd, &byte, 1, 0), error);
		FAILS(recvfrom(fd, &byte, 1, 0, NULL, NULL), error);
		FAILS(recvmsg(fd, &message, 0), error);
		FAILS(recvmmsg(fd, &messages, 1, 0, NULL), error);
		FAILS(send(fd, &byte, 1, 0), error);
		FAILS(__send(fd, &byte, 1, 0), error);
		FAILS(sendto(fd, &byte, 1, 0, NULL, 0), error);
		FAILS(sendmsg(fd, &message, 0), error);
		FAILS(sendmmsg(fd, &messages, 1, 0), error);
		FAILS(connect(fd, (struct sockaddr *)&name, sizeof name), error);
		FAILS(__connect(fd, (struct sockaddr *)&name, sizeof name), error);
		FAILS(shutdown(fd, SHUT_RD), error);
		FAILS(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), error);
	}
	SAME(close(null), 0);
	pair_of(SOCK_DGRAM, fds);
	FAILS(send(fds[1], nowhere(), 1, 0), EFAULT);
	SAME(send(fds[1], "x", 1, 0), 1);
	FAILS(recv(fds[0], nowhere(), 1, 0), EFAULT);
	close_both(fds);
}

static void all(void)
{
	RUN(bytes_come_out_as_they_went_in);
	RUN(messages_keep_their_bounds_and_names);
	RUN(messages_of_parts);
	RUN(many_messages);
	RUN(connections_are_made);
	RUN(connections_by_path);
	RUN(refused_as_the_kernel_refuses);
}

void body(void)
{
	plain_and_listed(all);
}
