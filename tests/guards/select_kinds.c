// SPDX-License-Identifier: MIT
#include "select_kinds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "select_kernel.h"

enum { SMALL_END = 250, DENSE_END = 2301, SPARSE = 400, CROWD = 2200 };

struct fd_list table_open, table_idle[3];
int table_limit;
uint64_t dice_seed;

/* xorshift64*, George Marsaglia and Sebastiano Vigna */
uint64_t dice(void)
{
	dice_seed ^= dice_seed >> 12;
	dice_seed ^= dice_seed << 25;
	dice_seed ^= dice_seed >> 27;
	return dice_seed * 2685821657736338717ULL;
}

int dice_below(int n)
{
	return (int)((dice() >> 33) % (uint64_t)n);
}

int dice_in(int per_thousand)
{
	return dice_below(1000) < per_thousand;
}

#define MUST(condition) \
	do { \
		if (!(condition)) \
			must(#condition, __LINE__); \
	} while (0)

static void must(const char *what, int line)
{
	fprintf(stderr, "select_kinds.c:%d: %s: %s\n", line, what, strerror(errno));
	exit(99);
}

static void set_nonblocking(int fd)
{
	MUST(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

/* Writes until nothing more goes in. */
static void fill(int fd)
{
	static char bytes[65536];

	set_nonblocking(fd);
	for (size_t size = sizeof bytes; size > 0; size /= 2)
		while (write(fd, bytes, size) > 0)
			;
}

static void give(int fd)
{
	MUST(write(fd, "give", 4) == 4);
}

/* Waits until the kernel has delivered what is under way on loopback. */
static void settle(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	MUST(poll(&p, 1, 10000) == 1);
}

static void open_pipes(void)
{
	int p[2];

	MUST(pipe(p) == 0); /* idle */
	MUST(pipe(p) == 0);
	give(p[1]);
	MUST(pipe(p) == 0);
	fill(p[1]);
	MUST(pipe(p) == 0); /* HUP */
	close(p[1]);
	MUST(pipe(p) == 0); /* HUP, and something to read */
	give(p[1]);
	close(p[1]);
	MUST(pipe(p) == 0); /* ERR */
	close(p[0]);
	MUST(pipe(p) == 0); /* ERR, and full */
	fill(p[1]);
	close(p[0]);
}

static void open_unix(int type)
{
	int p[2];

	MUST(socketpair(AF_UNIX, type, 0, p) == 0);
	MUST(socketpair(AF_UNIX, type, 0, p) == 0);
	give(p[0]);
	MUST(socketpair(AF_UNIX, type, 0, p) == 0);
	fill(p[0]);
	for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
		MUST(socketpair(AF_UNIX, type, 0, p) == 0);
		MUST(shutdown(p[0], how) == 0);
	}
	MUST(socketpair(AF_UNIX, type, 0, p) == 0);
	close(p[0]);
	MUST(socketpair(AF_UNIX, type, 0, p) == 0);
	give(p[0]);
	close(p[0]);
}

static struct sockaddr_in bound(int fd)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof name;

	MUST(bind(fd, (struct sockaddr *)&name, size) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&name, &size) == 0);
	return name;
}

static int tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0);
	return fd;
}

/* p[0] connected to p[1] */
static void tcp_pair(int listener, const struct sockaddr_in *name, int p[2])
{
	p[0] = tcp();
	MUST(connect(p[0], (const struct sockaddr *)name, sizeof *name) == 0);
	p[1] = accept(listener, NULL, NULL);
	MUST(p[1] >= 0);
}

static void reset(int fd)
{
	struct linger at_once = { 1, 0 };

	MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
	close(fd);
}

static void open_tcp(void)
{
	int listener = tcp(), p[2];
	struct sockaddr_in name = bound(listener);

	MUST(listen(listener, 16) == 0); /* nobody in its queue */
	tcp();                           /* unconnected: HUP */
	tcp_pair(listener, &name, p);
	tcp_pair(listener, &name, p);
	give(p[1]);
	settle(p[0], POLLIN);
	tcp_pair(listener, &name, p);
	MUST(send(p[1], "!", 1, MSG_OOB) == 1);
	settle(p[0], POLLPRI);
	tcp_pair(listener, &name, p);
	give(p[1]);
	MUST(send(p[1], "!", 1, MSG_OOB) == 1);
	settle(p[0], POLLPRI);
	tcp_pair(listener, &name, p);
	fill(p[0]);
	tcp_pair(listener, &name, p);
	close(p[1]);
	settle(p[0], POLLRDHUP);
	tcp_pair(listener, &name, p);
	MUST(shutdown(p[0], SHUT_WR) == 0);
	settle(p[1], POLLRDHUP);
	tcp_pair(listener, &name, p);
	MUST(shutdown(p[0], SHUT_RDWR) == 0);
	settle(p[1], POLLRDHUP);
	tcp_pair(listener, &name, p);
	reset(p[1]);
	settle(p[0], POLLERR);
}

/* A connection that waits in a listener's queue, and those that find it full: they go on trying for minutes. */
static void open_tcp_queue(void)
{
	int listener = tcp(), client;
	struct sockaddr_in name = bound(listener);

	MUST(listen(listener, 0) == 0);
	for (int i = 0; i < 4; i++) {
		client = tcp();
		set_nonblocking(client);
		MUST(connect(client, (struct sockaddr *)&name, sizeof name) == 0 || errno == EINPROGRESS);
	}
	settle(listener, POLLIN);
}

static void open_udp(void)
{
	int quiet = socket(AF_INET, SOCK_DGRAM, 0), addressed = socket(AF_INET, SOCK_DGRAM, 0),
	    refused = socket(AF_INET, SOCK_DGRAM, 0), gone = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in name = bound(addressed);

	MUST(sendto(quiet, "give", 4, 0, (struct sockaddr *)&name, sizeof name) == 4);
	settle(addressed, POLLIN);
	name = bound(gone);
	close(gone);
	MUST(connect(refused, (struct sockaddr *)&name, sizeof name) == 0);
	MUST(send(refused, "give", 4, 0) == 4);
	settle(refused, POLLERR); /* ICMP's answer; nobody reads it */
}

static void open_terminals(void)
{
	for (int i = 0; i < 3; i++) {
		int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

		MUST(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
		slave = open(ptsname(master), O_RDWR | O_NOCTTY);
		MUST(slave >= 0);
		if (i > 0)
			give(slave);
		if (i > 1)
			close(slave);
	}
}

static void open_events(void)
{
	struct itimerspec soon = { .it_value = { 0, 1 } }, late = { .it_value = { 100000, 0 } };
	struct epoll_event wanted = { .events = EPOLLIN };
	sigset_t none;
	int fd, watched;

	sigemptyset(&none);
	MUST(eventfd(0, 0) >= 0);
	watched = eventfd(1, 0);
	MUST(watched >= 0);
	fd = eventfd(0, 0);
	MUST(write(fd, &(uint64_t){ UINT64_MAX - 1 }, 8) == 8); /* not writable */
	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	MUST(timerfd_settime(fd, 0, &soon, NULL) == 0);
	settle(fd, POLLIN);
	fd = timerfd_create(CLOCK_MONOTONIC, 0);
	MUST(timerfd_settime(fd, 0, &late, NULL) == 0);
	MUST(signalfd(-1, &none, 0) >= 0);
	MUST(inotify_init() >= 0);
	MUST(epoll_create1(0) >= 0);
	fd = epoll_create1(0);
	MUST(epoll_ctl(fd, EPOLL_CTL_ADD, watched, &wanted) == 0);
}

static void open_files(void)
{
	MUST(open("/dev/null", O_RDWR) >= 0);
	MUST(open("/dev/zero", O_RDONLY) >= 0);
	MUST(open("/dev/null", O_WRONLY) >= 0);
	MUST(open("/etc/passwd", O_RDONLY) >= 0);
	MUST(open("/", O_RDONLY | O_DIRECTORY) >= 0);
	MUST(open("/etc/passwd", O_PATH) >= 0); /* open, and yet none that select knows */
	MUST(open("/proc/self/status", O_RDONLY) >= 0);
	MUST(memfd_create("x", 0) >= 0);
}

static void open_processes(void)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	MUST(pid > 0);
	MUST(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	MUST(syscall(SYS_pidfd_open, pid, 0) >= 0);
	MUST(syscall(SYS_pidfd_open, getpid(), 0) >= 0);
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void find_limit(void)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max < TABLE_MOST ? limit.rlim_max : TABLE_MOST;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	table_limit = (int)limit.rlim_cur;
	errno = EMFILE;
	MUST(table_limit >= 4096);
}

static int objects; /* they stay at 3 to objects - 1, and give what is put elsewhere */

void kinds_open(void)
{
	find_limit();
	signal(SIGPIPE, SIG_IGN);
	open_pipes();
	open_unix(SOCK_STREAM);
	open_unix(SOCK_DGRAM);
	open_unix(SOCK_SEQPACKET);
	open_tcp();
	open_tcp_queue();
	open_udp();
	open_terminals();
	open_events();
	open_files();
	open_processes();
	objects = dup(0);
	MUST(objects > 100 && objects < SMALL_END - 20);
	close(objects);
}

static void survey(int end)
{
	table_open.count = 0;
	for (int i = 0; i < 3; i++)
		table_idle[i].count = 0;
	for (int fd = 0; fd < end; fd++) {
		int ready;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		ready = kernel_ready(fd);
		MUST(ready >= 0);
		table_open.fds[table_open.count++] = fd;
		for (int i = 0; i < 3; i++)
			if (!(ready & 1 << i))
				table_idle[i].fds[table_idle[i].count++] = fd;
	}
}

/* One of the objects, at this number. */
static void put(int fd)
{
	int from = dice_below(objects);

	if (fcntl(from, F_GETFD) >= 0)
		MUST(dup2(from, fd) == fd);
}

static int shape_end(enum table_shape shape)
{
	switch (shape) {
	case TABLE_SMALL:
		return SMALL_END;
	case TABLE_DENSE:
		return DENSE_END;
	default:
		return table_limit;
	}
}

static int anywhere(enum table_shape shape)
{
	return objects + dice_below(shape_end(shape) - objects);
}

void table_shape(enum table_shape shape)
{
	int end = shape_end(shape);

	closefrom(objects);
	for (int fd = objects; shape <= TABLE_DENSE && fd < end; fd++)
		put(fd);
	for (int i = 0; shape > TABLE_DENSE && i < (shape == TABLE_SPARSE ? SPARSE : CROWD); i++)
		put(anywhere(shape));
	if (shape > TABLE_DENSE)
		put(end - 1);
	survey(end);
}

void table_stir(enum table_shape shape)
{
	for (int i = 0; i < 20; i++)
		close(anywhere(shape));
	for (int i = 0; i < 20; i++)
		put(anywhere(shape));
	survey(shape_end(shape));
}

int table_capacity(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	int size = 0;

	MUST(f);
	while (size == 0 && fgets(line, sizeof line, f))
		if (sscanf(line, "FDSize: %d", &size) != 1)
			size = 0;
	fclose(f);
	MUST(size > 0);
	return size;
}
