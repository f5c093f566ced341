// SPDX-License-Identifier: MIT
#include "event_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct incident incident = { .fd = -1, .peer = -1, .heard = "nothing" };

void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

/*
 * In the loop
 */

void watch(int fd, unsigned what, void (*call)(struct watch *w, unsigned what))
{
	socklen_t size = sizeof incident.address;

	if (getpeername(fd, (struct sockaddr *)&incident.address, &size) < 0)
		incident.address.sin_family = AF_UNSPEC;
	incident.watch = (struct watch){ fd, what, call };
	incident.fd = fd;
	must(watch_add(&incident.watch) == 0, "watch_add");
	journal_of(fd);
}

bool heard_nothing(void)
{
	return strcmp(incident.heard, "nothing") == 0;
}

void hear(const char *what)
{
	if (heard_nothing())
		incident.heard = what;
}

/* What is over is taken out of the loop. It is closed when the program ends, so that there is something to ask of. */
void over(struct watch *w, const char *what)
{
	hear(what);
	must(watch_del(w) == 0, "watch_del");
}

void on_stream(struct watch *w, unsigned what)
{
	char data[4096];
	ssize_t n = what & WATCH_READ ? read(w->fd, data, sizeof data) : write(w->fd, "log\n", 4);

	if (n < 0 && errno != EAGAIN)
		over(w, strerrorname_np(errno));
	else if (n == 0)
		over(w, "EOF");
	else if (n > 0)
		hear("data");
}

/* How many messages were in it. */
int read_error_queue(int fd)
{
	char data[256], control[512];
	int n = 0;
	struct iovec part = { data, sizeof data };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };

	for (; recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0; n++)
		m.msg_controllen = sizeof control;
	return n;
}

/* Who is not there now may be there later. */
void on_datagram(struct watch *w, unsigned what)
{
	char data[4096];

	if (recv(w->fd, data, sizeof data, 0) < 0 && errno != EAGAIN)
		hear(strerrorname_np(errno));
	if (what & WATCH_ERROR)
		incident.stamps += read_error_queue(w->fd);
}

/*
 * What there is
 */

static struct sockaddr_in loopback(int fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof a;

	must(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && getsockname(fd, (struct sockaddr *)&a, &size) == 0, "bind");
	return a;
}

/* Connected to a port of ours: to *ret_peer, or where nobody is. */
NAMED int open_udp(int *ret_peer)
{
	int there = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = loopback(there);

	must(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
	if (ret_peer)
		*ret_peer = there;
	else
		close(there);
	return fd;
}

NAMED void open_pipe(int fd[2])
{
	must(pipe2(fd, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2");
}

NAMED int open_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	must(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0, "posix_openpt");
	return fd;
}

NAMED static int accept_connection(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK);
}

void tcp_pair(int fd[2])
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = loopback(listener);

	fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(listen(listener, 1) == 0 && connect(fd[1], (struct sockaddr *)&a, sizeof a) == 0, "connect");
	fd[0] = accept_connection(listener);
	must(fd[0] >= 0 && fcntl(fd[1], F_SETFL, O_RDWR | O_NONBLOCK) == 0, "accept4");
	close(listener);
}

void reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "SO_LINGER");
	close(fd);
}

void begin_connection(void)
{
	int fd[2];

	tcp_pair(fd);
	incident.peer = fd[1];
	watch(fd[0], WATCH_READ, on_stream);
}

void begin_timestamps(void)
{
	int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, fd = open_udp(&incident.peer);

	must(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0, "SO_TIMESTAMPING");
	watch(fd, WATCH_READ, on_datagram);
	must(send(fd, "when?", 5, 0) == 5, "send");
}

/* Behind libc. */
static void close_raw(long fd)
{
#ifdef __x86_64__
	long r = SYS_close;

	__asm__ volatile("syscall" : "+a"(r) : "D"(fd) : "rcx", "r11", "memory");
#else
	register long call __asm__("x8") = SYS_close;
	register long arg __asm__("x0") = fd;

	__asm__ volatile("svc #0" : "+r"(arg) : "r"(call) : "memory");
#endif
}

/* It is closed before it is taken out of the loop, as who has no copies may do: the kernel takes it out. */
NAMED void close_connection(bool raw)
{
	if (loop.proper)
		watch_del(&incident.watch);
	if (raw)
		close_raw(incident.fd);
	else
		close(incident.fd);
	watch_del(&incident.watch);
}

/*
 * Later
 */

/* What happens in a loop's life to any descriptor: it asks for more, is taken out, is put in. */
void after_any(void)
{
	incident.watch.what = WATCH_READ | WATCH_WRITE;
	watch_add(&incident.watch);
	watch_del(&incident.watch);
	incident.watch.what = WATCH_READ;
	watch_add(&incident.watch);
	watch_del(&incident.watch);
}

static int socket_with_number(int number)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), lower = fd;

	must(fd >= 0 && fd <= number, "socket with the same number");
	if (fd < number) {
		fd = socket_with_number(number);
		close(lower);
	}
	return fd;
}

/* The number is another's now. */
void after_closed(void)
{
	int fd = socket_with_number(incident.fd);

	after_any();
	close(fd);
}

/* Or five seconds are over. */
void until_heard(void)
{
	time_t end = time(NULL) + 5;

	while (heard_nothing() && time(NULL) <= end)
		loop_turn(20);
}
