// SPDX-License-Identifier: MIT
/* What was a cancellation point stays one, waiting or not; what was none becomes none; nothing is lost on the way. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cancelled.h"

static int fd;   /* what the thread works on */
static int made; /* what a thread that was not cancelled made */

THREAD(accepts, made = accept(fd, NULL, NULL))
THREAD(accepts4, made = accept4(fd, NULL, NULL, SOCK_CLOEXEC))
THREAD(opens_fifo, made = open("fifo", O_RDONLY))
THREAD(opens_fifo_at, made = openat(AT_FDCWD, "fifo", O_WRONLY))
THREAD(creates, made = creat("created", 0600))
THREAD(closes, close(fd))
THREAD(runs_system, system("exec sleep 20"))
THREAD(locks, struct flock lock = { .l_type = F_WRLCK }; fcntl(fd, F_OFD_SETLKW, &lock))
THREAD(makes_socket, made = socket(AF_INET, SOCK_STREAM, 0))
THREAD(makes_copy, made = dup(fd))
THREAD(makes_epoll, made = epoll_create1(0))
THREAD(asks_flags, fcntl(fd, F_GETFD); fcntl(fd, F_SETFD, 0))
THREAD(closes_by_number, syscall(SYS_close, made))
THREAD(opens_by_number, made = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY))

static void *receives(void *go)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	pthread_cleanup_push(clean, NULL);
	hold(go);
	recvmsg(fd, &message, 0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *receives_many(void *go)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	pthread_cleanup_push(clean, NULL);
	hold(go);
	recvmmsg(fd, &message, 1, 0, NULL);
	pthread_cleanup_pop(0);
	return NULL;
}

static int listening(void)
{
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	SAME(listen(sock, 1), 0);
	return sock;
}

static void waiting_in_accept(void)
{
	fd = listening();
	EXPECT(cancelled(accepts, false));
	EXPECT(cancelled(accepts4, false));
	EXPECT(cancelled(accepts, true));
	EXPECT(cancelled(accepts4, true));
	SAME(close(fd), 0);
}

static void waiting_in_open(void)
{
	SAME(mkfifo("fifo", 0600), 0);
	EXPECT(cancelled(opens_fifo, false));
	EXPECT(cancelled(opens_fifo_at, false));
	EXPECT(cancelled(opens_fifo, true));
	EXPECT(cancelled(creates, true));
	EXPECT(access("created", F_OK) < 0);
}

static void waiting_in_recvmsg(void)
{
	int fds[2];

	SAME(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	fd = fds[0];
	EXPECT(cancelled(receives, false));
	EXPECT(cancelled(receives_many, false));
	SAME(write(fds[1], "k", 1), 1);
	EXPECT(cancelled(receives, true));
	EXPECT(cancelled(receives_many, true));
	SAME(recv(fds[0], &(char){ 0 }, 1, MSG_DONTWAIT), 1); /* was not taken by one that never returned */
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void waiting_for_a_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK };
	int other = open("lock", O_RDWR | O_CREAT, 0600);

	fd = open("lock", O_RDWR);
	SAME(fcntl(other, F_OFD_SETLK, &lock), 0);
	EXPECT(cancelled(locks, false));
	EXPECT(cancelled(locks, true));
	SAME(close(fd), 0);
	SAME(close(other), 0);
}

static void waiting_for_a_command(void)
{
	EXPECT(cancelled(runs_system, false)); /* glibc kills the command */
}

/* The cancellation comes before the call's work: the descriptor is still open, and still known for what it is. */
static void pending_when_close_is_called(void)
{
	fd = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(cancelled(closes, true));
	EXPECT(is_open(fd));
	SAME(fcntl(fd, F_GETFD), 0);
	SAME(close(fd), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EXPECT(cancelled(closes, true));
	SAME(fcntl(fd, F_GETFD), FD_CLOEXEC);
	SAME(close(fd), 0);
}

static void no_cancellation_points(void)
{
	void *(*const ones[])(void *) = { makes_socket, makes_copy, makes_epoll };

	fd = 0;
	for (unsigned i = 0; i < sizeof ones / sizeof *ones; i++) {
		made = -1;
		EXPECT(!cancelled(ones[i], true));
		EXPECT(made >= 0);
		SAME(close(made), 0);
	}
	EXPECT(!cancelled(asks_flags, true));
	/* Raw calls are none, whatever libc's function of that name is. */
	EXPECT(!cancelled(opens_by_number, true));
	EXPECT(is_open(made));
	EXPECT(!cancelled(closes_by_number, true));
	EXPECT(!is_open(made));
}

static void *refuses_to_be_cancelled(void *go)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	hold(go);
	made = accept(fd, NULL, NULL);
	if (made >= 0)
		close(made);
	return NULL;
}

static void disabled(void)
{
	struct sockaddr_in where = { .sin_family = AF_INET };
	socklen_t size = sizeof where;
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fd = listening();
	SAME(getsockname(fd, (struct sockaddr *)&where, &size), 0);
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SAME(connect(peer, (struct sockaddr *)&where, sizeof where), 0);
	made = -1;
	EXPECT(!cancelled(refuses_to_be_cancelled, true));
	EXPECT(made >= 0);
	SAME(close(peer), 0);
	SAME(close(fd), 0);
}

/* After all that the main thread is as it was. */
static void life_goes_on(void)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	SAME(fcntl(sock, F_GETFD), 0);
	SAME(close(sock), 0);
	EXPECT(child_has(0));
}

void body(void)
{
	RUN(waiting_in_accept);
	RUN(waiting_in_open);
	RUN(waiting_in_recvmsg);
	RUN(waiting_for_a_lock);
	RUN(waiting_for_a_command);
	RUN(pending_when_close_is_called);
	RUN(no_cancellation_points);
	RUN(disabled);
	RUN(life_goes_on);
}
