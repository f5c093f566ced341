// SPDX-License-Identifier: MIT
/* accept and accept4: what the new socket inherits and what it does not, addresses, errors. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "expect.h"

static struct sockaddr_in where;

static int listening(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
	socklen_t size = sizeof where;

	where = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	SAME(bind(fd, (struct sockaddr *)&where, sizeof where), 0);
	SAME(listen(fd, 8), 0);
	SAME(getsockname(fd, (struct sockaddr *)&where, &size), 0);
	return fd;
}

static int connected(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	SAME(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
	return fd;
}

static void accepted(int fd, int want, int peer, bool non_blocking, bool close_on_exec)
{
	char c = 0;

	SAME(fd, want);
	SAME(fcntl(fd, F_GETFL) & O_NONBLOCK, non_blocking ? O_NONBLOCK : 0);
	SAME(cloexec(fd), close_on_exec);
	SAME(write(peer, "a", 1), 1);
	if (!non_blocking) {
		SAME(read(fd, &c, 1), 1);
		SAME(c, 'a');
	}
	SAME(close(fd), 0);
	SAME(close(peer), 0);
}

static void flags_are_asked_for_not_inherited(void)
{
	int listener = listening(SOCK_CLOEXEC), peer, want;

	peer = connected();
	want = lowest();
	accepted(accept(listener, NULL, NULL), want, peer, false, false);
	peer = connected();
	accepted(accept4(listener, NULL, NULL, 0), want, peer, false, false);
	peer = connected();
	accepted(accept4(listener, NULL, NULL, SOCK_CLOEXEC), want, peer, false, true);
	peer = connected();
	accepted(accept4(listener, NULL, NULL, SOCK_NONBLOCK), want, peer, true, false);
	peer = connected();
	accepted(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), want, peer, true, true);
	SAME(close(listener), 0);
}

static void the_address_is_told(void)
{
	int listener = listening(0), peer = connected(), fd;
	struct sockaddr_in name, told;
	socklen_t size = sizeof name, told_size = sizeof told;

	SAME(getsockname(peer, (struct sockaddr *)&name, &size), 0);
	memset(&told, 0, sizeof told);
	fd = accept(listener, (struct sockaddr *)&told, &told_size);
	SAME(told_size, sizeof told);
	SAME(told.sin_port, name.sin_port);
	SAME(told.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	SAME(close(fd), 0);
	SAME(close(peer), 0);
	peer = connected();
	memset(&told, 0x5a, sizeof told);
	told_size = 4; /* truncated, and the true size is told */
	fd = accept4(listener, (struct sockaddr *)&told, &told_size, 0);
	SAME(told_size, sizeof told);
	SAME(((unsigned char *)&told)[4], 0x5a);
	SAME(close(fd), 0);
	SAME(close(peer), 0);
	SAME(close(listener), 0);
}

static void refused_as_the_kernel_refuses(void)
{
	int listener = listening(SOCK_NONBLOCK), plain = socket(AF_INET, SOCK_STREAM, 0),
	    null = open("/dev/null", O_RDONLY), peer;
	struct sockaddr_in told;
	socklen_t negative = -1;

	FAILS(accept(listener, NULL, NULL), EAGAIN);
	FAILS(accept4(listener, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	FAILS(accept4(listener, NULL, NULL, 0x40), EINVAL);
	FAILS(accept(plain, NULL, NULL), EINVAL);
	FAILS(accept(null, NULL, NULL), ENOTSOCK);
	FAILS(accept4(null, NULL, NULL, 0), ENOTSOCK);
	FAILS(accept(none(), NULL, NULL), EBADF);
	FAILS(accept4(4711, NULL, NULL, 0), EBADF);
	peer = connected();
	FAILS(accept(listener, (struct sockaddr *)&told, nowhere()), EFAULT);
	SAME(close(peer), 0);
	peer = connected();
	FAILS(accept(listener, (struct sockaddr *)&told, &negative), EINVAL);
	SAME(close(peer), 0);
	SAME(close(listener), 0);
	SAME(close(plain), 0);
	SAME(close(null), 0);
}

static void a_receive_timeout_ends_the_wait(void)
{
	int listener = listening(0);
	struct timeval soon = { 0, 20000 };

	SAME(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon), 0);
	FAILS(accept(listener, NULL, NULL), EAGAIN);
	FAILS(accept4(listener, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	SAME(close(listener), 0);
}

static void unix_sockets_too(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), peer = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	socklen_t size = sizeof name;

	SAME(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
	SAME(listen(listener, 1), 0);
	SAME(connect(peer, (struct sockaddr *)&name, sizeof name), 0);
	fd = accept(listener, (struct sockaddr *)&name, &size);
	SAME(size, sizeof(sa_family_t)); /* the peer has no name */
	EXPECT(!cloexec(fd));
	SAME(close(fd), 0);
	SAME(close(peer), 0);
	SAME(close(listener), 0);
}

static void success_leaves_errno_alone(void)
{
	int listener = listening(0), peer = connected(), fd = lowest();

	KEEPS_ERRNO(accept(listener, NULL, NULL));
	SAME(close(fd), 0);
	SAME(close(peer), 0);
	peer = connected();
	KEEPS_ERRNO(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	SAME(close(fd), 0);
	SAME(close(peer), 0);
	SAME(close(listener), 0);
}

void body(void)
{
	RUN(flags_are_asked_for_not_inherited);
	RUN(the_address_is_told);
	RUN(refused_as_the_kernel_refuses);
	RUN(a_receive_timeout_ends_the_wait);
	RUN(unix_sockets_too);
	RUN(success_leaves_errno_alone);
}
