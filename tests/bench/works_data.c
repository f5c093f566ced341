// SPDX-License-Identifier: MIT
/* Calls that move data. */
#include "timed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t read_one(uint64_t n)
{
	char c;
	int fd = must(open("/dev/zero", O_RDONLY));
	int64_t ns = TIMED(n, read(fd, &c, 1));
	close(fd);
	return ns;
}

int64_t write_one(uint64_t n)
{
	int fd = must(open("/dev/null", O_WRONLY));
	int64_t ns = TIMED(n, write(fd, "x", 1));
	close(fd);
	return ns;
}

/* A program that has relatives. */
int64_t read_forked(uint64_t n)
{
	pid_t pid = must(fork());
	if (pid == 0)
		_exit(0);
	must(waitpid(pid, NULL, 0));
	return read_one(n);
}

int64_t send_one(uint64_t n)
{
	int pair[2];
	char drain[BATCH];
	int64_t ns = 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (uint64_t done = 0; done < n; done += BATCH) {
		ns += TIMED(BATCH, send(pair[0], "x", 1, 0));
		must((int)recv(pair[1], drain, sizeof drain, MSG_WAITALL));
	}
	close_pair(pair);
	return ns;
}

int64_t recv_one(uint64_t n)
{
	int pair[2];
	char c, fill[BATCH] = "";
	int64_t ns = 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (uint64_t done = 0; done < n; done += BATCH) {
		must((int)send(pair[0], fill, sizeof fill, 0));
		ns += TIMED(BATCH, recv(pair[1], &c, 1, 0));
	}
	close_pair(pair);
	return ns;
}

/* A guard keeps an eye on each TCP connection. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = must(socket(AF_INET, SOCK_STREAM, 0)), one = 1;
	must(bind(listener, (struct sockaddr *)&at, sizeof at));
	must(listen(listener, 1));
	must(getsockname(listener, (struct sockaddr *)&at, &len));
	pair[0] = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(pair[0], (struct sockaddr *)&at, sizeof at));
	pair[1] = must(accept(listener, NULL, NULL));
	must(setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
	close(listener);
}

int64_t send_tcp(uint64_t n)
{
	int pair[2];
	char drain[BATCH];
	int64_t ns = 0;
	tcp_pair(pair);
	for (uint64_t done = 0; done < n; done += BATCH) {
		ns += TIMED(BATCH, send(pair[0], "x", 1, 0));
		must((int)recv(pair[1], drain, sizeof drain, MSG_WAITALL));
	}
	close_pair(pair);
	return ns;
}

int64_t recv_tcp(uint64_t n)
{
	int pair[2];
	char c, fill[BATCH] = "";
	int64_t ns = 0;
	tcp_pair(pair);
	for (uint64_t done = 0; done < n; done += BATCH) {
		must((int)send(pair[0], fill, sizeof fill, 0));
		ns += TIMED(BATCH, recv(pair[1], &c, 1, MSG_WAITALL));
	}
	close_pair(pair);
	return ns;
}

int64_t readv_one(uint64_t n)
{
	char c;
	struct iovec part = { &c, 1 };
	int fd = must(open("/dev/zero", O_RDONLY));
	int64_t ns = TIMED(n, readv(fd, &part, 1));
	close(fd);
	return ns;
}

int64_t recvmsg_one(uint64_t n)
{
	int pair[2];
	char c, fill[BATCH] = "";
	struct iovec part = { &c, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int64_t ns = 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (uint64_t done = 0; done < n; done += BATCH) {
		must((int)send(pair[0], fill, sizeof fill, 0));
		ns += TIMED(BATCH, recvmsg(pair[1], &message, 0));
	}
	close_pair(pair);
	return ns;
}

int64_t sendmsg_one(uint64_t n)
{
	int pair[2];
	char drain[BATCH];
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int64_t ns = 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (uint64_t done = 0; done < n; done += BATCH) {
		ns += TIMED(BATCH, sendmsg(pair[0], &message, 0));
		must((int)recv(pair[1], drain, sizeof drain, MSG_WAITALL));
	}
	close_pair(pair);
	return ns;
}

int64_t read_by_number(uint64_t n)
{
	char c;
	int fd = must(open("/dev/zero", O_RDONLY));
	int64_t ns = TIMED(n, syscall(SYS_read, fd, &c, 1L));
	close(fd);
	return ns;
}

/* What a guard has an eye on: this thread has an event loop, and reads from a descriptor of its list that would block. */
int64_t read_listed(uint64_t n)
{
	int pair[2], loop = must(epoll_create1(0));
	char c, fill[BATCH] = "";
	struct epoll_event e = { .events = EPOLLIN };
	int64_t ns = 0;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must(epoll_ctl(loop, EPOLL_CTL_ADD, pair[1], &e));
	must(epoll_wait(loop, &e, 1, 0));
	for (uint64_t done = 0; done < n; done += BATCH) {
		must((int)send(pair[0], fill, sizeof fill, 0));
		ns += TIMED(BATCH, read(pair[1], &c, 1));
	}
	close(loop);
	close_pair(pair);
	return ns;
}
