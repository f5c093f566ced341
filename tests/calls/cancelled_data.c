// SPDX-License-Identifier: MIT
/* The calls that move data, wait for events or connect: which of them are cancellation points, waiting or not; and the raw ones are none. */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "cancelled.h"
#include "listed.h"

ssize_t __read(int fd, void *to, size_t n);
ssize_t __write(int fd, const void *from, size_t n);
ssize_t __send(int fd, const void *from, size_t n, int flags);
int __connect(int fd, const struct sockaddr *to, socklen_t len);

static int fd, other; /* what the thread works on */
static long done;     /* what a thread that was not cancelled got */
static char buffer[1 << 20];
static struct iovec part = { buffer, sizeof buffer };
static struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
static struct mmsghdr messages = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
static struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };
static struct epoll_event event;

THREAD(reads, done = read(fd, buffer, 1))
THREAD(reads_by_twin, done = __read(fd, buffer, 1))
THREAD(reads_parts, done = readv(fd, &part, 1))
THREAD(reads_parts_here, done = preadv2(fd, &part, 1, -1, 0))
THREAD(receives, done = recv(fd, buffer, 1, 0))
THREAD(receives_from, done = recvfrom(fd, buffer, 1, 0, NULL, NULL))
THREAD(receives_message, done = recvmsg(fd, &message, 0))
THREAD(receives_messages, done = recvmmsg(fd, &messages, 1, 0, NULL))
THREAD(writes, done = write(fd, buffer, sizeof buffer))
THREAD(writes_by_twin, done = __write(fd, buffer, sizeof buffer))
THREAD(writes_parts, done = writev(fd, &part, 1))
THREAD(writes_parts_here, done = pwritev2(fd, &part, 1, -1, 0))
THREAD(sends, done = send(fd, buffer, sizeof buffer, 0))
THREAD(sends_by_twin, done = __send(fd, buffer, sizeof buffer, 0))
THREAD(sends_to, done = sendto(fd, buffer, sizeof buffer, 0, NULL, 0))
THREAD(sends_message, done = sendmsg(fd, &message, 0))
THREAD(sends_messages, done = sendmmsg(fd, &messages, 1, 0))
THREAD(splices, done = splice(fd, NULL, other, NULL, 1, 0))
THREAD(connects, done = connect(fd, (struct sockaddr *)&name, sizeof name))
THREAD(connects_by_twin, done = __connect(fd, (struct sockaddr *)&name, sizeof name))
THREAD(accepts, done = accept(fd, NULL, NULL))
THREAD(accepts4, done = accept4(fd, NULL, NULL, SOCK_CLOEXEC))
THREAD(waits, done = epoll_wait(fd, &event, 1, -1))
THREAD(waits_masked, done = epoll_pwait(fd, &event, 1, -1, NULL))
THREAD(waits_exactly, done = epoll_pwait2(fd, &event, 1, NULL, NULL))
THREAD(waits_for_count, done = eventfd_read(fd, &(eventfd_t){ 0 }))
THREAD(counts, done = eventfd_write(fd, UINT64_MAX - 1))
THREAD(reads_at, done = pread(fd, buffer, 1, 0))
THREAD(reads_at_64, done = pread64(fd, buffer, 1, 0))
THREAD(writes_at, done = pwrite(fd, "x", 1, 0))
THREAD(reads_parts_at, done = preadv(fd, &part, 1, 0))
THREAD(writes_parts_at, done = pwritev(fd, &(struct iovec){ "x", 1 }, 1, 0))

THREAD(shuts_down, done = shutdown(fd, SHUT_WR))
THREAD(asks_option, done = getsockopt(fd, SOL_SOCKET, SO_TYPE, buffer, &(socklen_t){ 4 }))
THREAD(changes_list, done = epoll_ctl(other, EPOLL_CTL_MOD, fd, &event))
THREAD(reads_by_number, done = syscall(SYS_read, fd, buffer, 1L))
THREAD(sends_by_number, done = syscall(SYS_sendto, fd, "x", 1L, 0L, NULL, 0L))
THREAD(receives_by_number, done = syscall(SYS_recvmsg, fd, &message, 0L))
THREAD(waits_by_number, done = syscall(SYS_epoll_pwait, other, &event, 1L, 0L, NULL, 8L))

typedef void *thread(void *);
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Each is cancelled while it waits, and when the cancellation is there before it. */
static void all_cancelled(thread *const *ones, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		done = -2;
		EXPECT(cancelled(ones[i], false));
		EXPECT(cancelled(ones[i], true));
		SAME(done, -2);
	}
}

static void close_both(const int fds[2])
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

static void waiting_for_something_to_read(void)
{
	static thread *const any[] = { reads, reads_by_twin, reads_parts, reads_parts_here };
	static thread *const sockets[] = { receives, receives_from, receives_message, receives_messages };
	int fds[2], pipes[2];

	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fd = listed(fds[0]);
	all_cancelled(any, COUNT(any));
	all_cancelled(sockets, COUNT(sockets));
	SAME(write(fds[1], "k", 1), 1);
	EXPECT(cancelled(reads, true));
	EXPECT(cancelled(receives, true));
	SAME(recv(fds[0], buffer, 1, MSG_DONTWAIT), 1); /* was not taken by one that never returned */
	SAME(pipe(pipes), 0);
	other = listed(pipes[1]);
	all_cancelled((thread *const[]){ splices }, 1);
	fd = pipes[0];
	all_cancelled(any, COUNT(any));
	close_both(fds);
	close_both(pipes);
}

static void waiting_for_room(void)
{
	static thread *const any[] = { writes, writes_by_twin, writes_parts, writes_parts_here };
	static thread *const sockets[] = { sends, sends_by_twin, sends_to, sends_message, sends_messages };
	int fds[2];

	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fill(fds[0]);
	fd = listed(fds[0]);
	all_cancelled(any, COUNT(any));
	all_cancelled(sockets, COUNT(sockets));
	close_both(fds);
	SAME(pipe(fds), 0);
	fill(fds[1]);
	fd = listed(fds[1]);
	all_cancelled(any, COUNT(any));
	close_both(fds);
	fd = listed(eventfd(0, 0));
	all_cancelled((thread *const[]){ waits_for_count }, 1);
	SAME(eventfd_write(fd, 1), 0);
	all_cancelled((thread *const[]){ counts }, 1);
	SAME(close(fd), 0);
}

static void waiting_for_a_connection(void)
{
	int listener = listed(socket(AF_UNIX, SOCK_STREAM, 0)), first = socket(AF_UNIX, SOCK_STREAM, 0);

	SAME(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
	SAME(listen(listener, 0), 0);
	fd = listener;
	all_cancelled((thread *const[]){ accepts, accepts4 }, 2);
	SAME(connect(first, (struct sockaddr *)&name, sizeof name), 0);
	fd = listed(socket(AF_UNIX, SOCK_STREAM, 0));
	all_cancelled((thread *const[]){ connects, connects_by_twin }, 2);
	SAME(close(fd), 0);
	SAME(close(first), 0);
	SAME(close(listener), 0);
	SAME(unlink("socket"), 0);
}

static void waiting_for_events(void)
{
	fd = epoll_create1(0);
	all_cancelled((thread *const[]){ waits, waits_masked, waits_exactly }, 3);
	SAME(close(fd), 0);
}

static void at_an_offset(void)
{
	static thread *const ones[] = { reads_at, reads_at_64, writes_at, reads_parts_at, writes_parts_at };

	fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (size_t i = 0; i < COUNT(ones); i++)
		EXPECT(cancelled(ones[i], true));
	SAME(lseek(fd, 0, SEEK_END), 0); /* nothing was written */
	SAME(close(fd), 0);
}

static void no_cancellation_points(void)
{
	static thread *const ones[] = { asks_option,     changes_list,    waits_by_number,    sends_by_number,
					reads_by_number, sends_by_number, receives_by_number, shuts_down };
	int fds[2];

	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fd = listed(fds[0]);
	other = epoll_create1(0);
	event = (struct epoll_event){ .events = 0 };
	SAME(epoll_ctl(other, EPOLL_CTL_ADD, fd, &event), 0);
	SAME(send(fds[1], "xy", 2, 0), 2);
	for (size_t i = 0; i < COUNT(ones); i++) {
		done = -2;
		EXPECT(!cancelled(ones[i], true));
		EXPECT(done >= 0);
	}
	close_both(fds);
	SAME(close(other), 0);
}

static void all(void)
{
	RUN(waiting_for_something_to_read);
	RUN(waiting_for_room);
	RUN(waiting_for_a_connection);
	RUN(waiting_for_events);
	RUN(at_an_offset);
	RUN(no_cancellation_points);
}

void body(void)
{
	plain_and_listed(all);
}
