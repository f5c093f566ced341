// SPDX-License-Identifier: MIT
/* What makes descriptors ready, and what takes it away. */
#include "model.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static char bytes[65536];

static size_t any_size(void)
{
	static const size_t sizes[] = { 1, 8, 700, 4096, sizeof(bytes) };

	return sizes[below(5)];
}

/* The ICMP error is there when the call returns, unless the machine is busy. */
static void settle(int n)
{
	struct pollfd p = { n, 0, 0 };

	poll(&p, 1, 1000);
}

static void write_some(int n)
{
	size_t size = any_size();
	enum kind kind = numbers[n].kind;
	long r;

	if (kind == EVENT)
		size = 8;
	if (kind & (UDP | DATAGRAM | PACKETS) && size > 700)
		size = 700;
	errno = 0;
	r = kind & SOCKETS ? send(n, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) : write(n, bytes, size);
	say("write(%d, %zu)", n, size);
	say_result(r);
	if (kind == UDP && r >= 0)
		settle(n);
}

static void read_some(int n)
{
	size_t size = any_size();
	long r;

	errno = 0;
	r = numbers[n].blocks ? recv(n, bytes, size, MSG_DONTWAIT) : read(n, bytes, size);
	say("read(%d, %zu)", n, size);
	say_result(r);
}

static void end_one_way(int n)
{
	errno = 0;
	say("shutdown(%d)", n);
	say_result(shutdown(n, (int)below(3)));
}

static void ask_error(int n)
{
	int error = -1;
	socklen_t size = sizeof(error);

	errno = 0;
	say("SO_ERROR(%d)", n);
	say_result(getsockopt(n, SOL_SOCKET, SO_ERROR, &error, &size));
	say("  %d\n", error);
}

static void read_errors(int n)
{
	struct iovec iov = { bytes, 700 };
	_Alignas(struct cmsghdr) char control[512];
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	errno = 0;
	say("errors(%d)", n);
	say_result(recvmsg(n, &m, MSG_ERRQUEUE | MSG_DONTWAIT));
}

/* 1 in 10 of nothing but errors: a descriptor that is full, or has no other end, stays so for a while. */
void step_traffic(void)
{
	int n = pick(ANY & ~(EPOLL | PLAIN)), socket = pick(SOCKETS);
	unsigned what = below(100);

	if (n < 0)
		return;
	if (what < 50 && numbers[n].kind == UDP && in(800)) /* the kernel sends so many ICMP errors a second */
		return read_some(n);
	if (what < 50)
		return numbers[n].kind == PIPE_OUT ? read_some(n) : write_some(n);
	if (what < 90 || socket < 0)
		return read_some(n);
	if (what < 94)
		return end_one_way(socket);
	if (what < 97)
		return ask_error(socket);
	read_errors(socket);
}
