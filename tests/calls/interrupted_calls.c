// SPDX-License-Identifier: MIT
/* A signal ends a waiting call with EINTR, or not at all with SA_RESTART. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "ringing.h"

static void waits_end_with_eintr(void)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), file = open("lock", O_RDWR | O_CREAT, 0600),
	    other = open("lock", O_RDWR), fds[2];
	struct flock lock = { .l_type = F_WRLCK };
	char byte;
	struct iovec part = { &byte, 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	SAME(listen(listener, 1), 0);
	SAME(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	SAME(mkfifo("fifo", 0600), 0);
	SAME(fcntl(file, F_OFD_SETLK, &lock), 0);
	start(0);
	FAILS(accept(listener, NULL, NULL), EINTR);
	FAILS(accept4(listener, NULL, NULL, SOCK_CLOEXEC), EINTR);
	FAILS(open("fifo", O_RDONLY), EINTR);
	FAILS(openat(AT_FDCWD, "fifo", O_WRONLY), EINTR);
	FAILS(recvmsg(fds[0], &message.msg_hdr, 0), EINTR);
	FAILS(recvmmsg(fds[0], &message, 1, 0, NULL), EINTR);
	FAILS(fcntl(other, F_OFD_SETLKW, &lock), EINTR);
	stop();
	EXPECT(rings >= 7);
	SAME(close(listener), 0);
	SAME(close(file), 0);
	SAME(close(other), 0);
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void waits_are_taken_up_again(void)
{
	int fds[2];
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	SAME(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	helper = fds[1];
	start(SA_RESTART);
	SAME(recvmsg(fds[0], &message, 0), 1);
	stop();
	SAME(byte, 'x');
	EXPECT(rings >= 3);
	helper = -1;
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static int listener;
static struct sockaddr_in where;

static void connect_from_handler(int number)
{
	int error = errno;

	(void)number;
	if (++rings == 3) {
		int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(peer, (struct sockaddr *)&where, sizeof where) < 0 || close(peer) < 0)
			rings = -100;
	}
	errno = error;
}

static void an_accept_is_taken_up_again(void)
{
	socklen_t size = sizeof where;
	int fd;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	SAME(listen(listener, 4), 0);
	SAME(getsockname(listener, (struct sockaddr *)&where, &size), 0);
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	start_with(connect_from_handler, SA_RESTART);
	fd = accept(listener, NULL, NULL);
	stop();
	EXPECT(fd >= 0);
	EXPECT(rings >= 3);
	SAME(close(fd), 0);
	SAME(close(listener), 0);
}

void body(void)
{
	RUN(waits_end_with_eintr);
	RUN(waits_are_taken_up_again);
	RUN(an_accept_is_taken_up_again);
}
