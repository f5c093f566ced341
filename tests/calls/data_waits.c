// SPDX-License-Identifier: MIT
/* Calls that wait for data or for room: a timeout of the socket ends them, a signal does or does not, and what was moved by then is told. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "listed.h"
#include "ringing.h"

static char buffer[1 << 20];
static struct iovec part = { buffer, sizeof buffer };
static struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
static struct mmsghdr messages = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
static int fds[2];

static void open_pair(int type)
{
	SAME(socketpair(AF_UNIX, type, 0, fds), 0);
	listed(fds[0]);
}

static void close_pair(void)
{
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void fill(int to)
{
	SAME(fcntl(to, F_SETFL, O_NONBLOCK), 0);
	while (write(to, buffer, 4096) > 0)
		;
	SAME(fcntl(to, F_SETFL, 0), 0);
}

static void timeouts_end_waits(void)
{
	struct timeval soon = { 0, 5000 };
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int listener = listed(socket(AF_UNIX, SOCK_STREAM, 0));

	open_pair(SOCK_STREAM);
	SAME(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon), 0);
	FAILS(read(fds[0], buffer, 1), EAGAIN);
	FAILS(readv(fds[0], &part, 1), EAGAIN);
	FAILS(recv(fds[0], buffer, 1, 0), EAGAIN);
	FAILS(recvfrom(fds[0], buffer, 1, 0, NULL, NULL), EAGAIN);
	FAILS(recvmsg(fds[0], &message, 0), EAGAIN);
	FAILS(recvmmsg(fds[0], &messages, 1, 0, NULL), EAGAIN);
	SAME(write(fds[1], "abc", 3), 3);
	SAME(recv(fds[0], buffer, 8, MSG_WAITALL), 3); /* what there was when the time was over */
	SAME(setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), 0);
	EXPECT(send(fds[0], buffer, sizeof buffer, 0) < (ssize_t)sizeof buffer);
	fill(fds[0]);
	FAILS(write(fds[0], buffer, 1), EAGAIN);
	FAILS(writev(fds[0], &part, 1), EAGAIN);
	FAILS(send(fds[0], buffer, 1, 0), EAGAIN);
	FAILS(sendto(fds[0], buffer, 1, 0, NULL, 0), EAGAIN);
	FAILS(sendmsg(fds[0], &message, 0), EAGAIN);
	FAILS(sendmmsg(fds[0], &messages, 1, 0), EAGAIN);
	close_pair();
	SAME(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
	SAME(listen(listener, 0), 0);
	SAME(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon), 0);
	FAILS(accept(listener, NULL, NULL), EAGAIN);
	FAILS(accept4(listener, NULL, NULL, SOCK_NONBLOCK), EAGAIN);
	SAME(close(listener), 0);
	SAME(unlink("socket"), 0);
}

static void signals_end_waits(void)
{
	int pipes[2];

	open_pair(SOCK_STREAM);
	SAME(pipe(pipes), 0);
	listed(pipes[0]);
	listed(pipes[1]);
	start(0);
	FAILS(read(fds[0], buffer, 1), EINTR);
	FAILS(readv(fds[0], &part, 1), EINTR);
	FAILS(preadv2(fds[0], &part, 1, -1, 0), EINTR);
	FAILS(recv(fds[0], buffer, 1, 0), EINTR);
	FAILS(recvfrom(fds[0], buffer, 1, MSG_PEEK, NULL, NULL), EINTR);
	FAILS(recvmsg(fds[0], &message, 0), EINTR);
	FAILS(recvmmsg(fds[0], &messages, 1, 0, NULL), EINTR);
	FAILS(splice(pipes[0], NULL, fds[0], NULL, 1, 0), EINTR);
	FAILS(splice(fds[0], NULL, pipes[1], NULL, 1, 0), EINTR);
	stop();
	fill(fds[0]);
	fill(pipes[1]);
	start(0);
	FAILS(write(fds[0], buffer, 1), EINTR);
	FAILS(writev(fds[0], &part, 1), EINTR);
	FAILS(send(fds[0], buffer, 1, 0), EINTR);
	FAILS(sendto(fds[0], buffer, 1, 0, NULL, 0), EINTR);
	FAILS(sendmsg(fds[0], &message, 0), EINTR);
	FAILS(sendmmsg(fds[0], &messages, 1, 0), EINTR);
	FAILS(write(pipes[1], buffer, 1), EINTR);
	stop();
	EXPECT(rings >= 7);
	close_pair();
	SAME(close(pipes[0]), 0);
	SAME(close(pipes[1]), 0);
}

/* A signal in the midst: the part that was moved counts. */
static void signals_leave_parts(void)
{
	ssize_t sent;
	int pipes[2];

	open_pair(SOCK_STREAM);
	SAME(pipe(pipes), 0);
	listed(pipes[1]);
	SAME(write(fds[1], "abc", 3), 3);
	start(0);
	SAME(recv(fds[0], buffer, 8, MSG_WAITALL), 3);
	sent = send(fds[0], buffer, sizeof buffer, 0);
	EXPECT(sent > 0 && sent < (ssize_t)sizeof buffer);
	sent = write(pipes[1], buffer, sizeof buffer);
	EXPECT(sent > 0 && sent < (ssize_t)sizeof buffer);
	stop();
	close_pair();
	SAME(close(pipes[0]), 0);
	SAME(close(pipes[1]), 0);
}

static void waits_are_taken_up_again(void)
{
	open_pair(SOCK_STREAM);
	helper = fds[1];
	start(SA_RESTART);
	SAME(read(fds[0], buffer, 1), 1);
	rings = 0;
	SAME(recv(fds[0], buffer, 1, 0), 1);
	rings = 0;
	SAME(recvfrom(fds[0], buffer, 1, 0, NULL, NULL), 1);
	rings = 0;
	SAME(recvmsg(fds[0], &message, 0), 1);
	EXPECT(rings >= 3);
	stop();
	helper = -1;
	close_pair();
}

static void all(void)
{
	RUN(timeouts_end_waits);
	RUN(signals_end_waits);
	RUN(signals_leave_parts);
	RUN(waits_are_taken_up_again);
}

void body(void)
{
	plain_and_listed(all);
}
