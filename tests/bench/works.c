// SPDX-License-Identifier: MIT
/* What is measured. Names are those of the design's table of budgets. */
#include "timed.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
enum work_time work_time;

static int64_t ns_of(int64_t seconds, int64_t ns)
{
	return seconds * INT64_C(1000000000) + ns;
}

static int64_t used(int who)
{
	struct rusage u;
	getrusage(who, &u);
	return ns_of(u.ru_utime.tv_sec + u.ru_stime.tv_sec, (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * INT64_C(1000));
}

int64_t now(void)
{
	struct timespec t;
	if (work_time == CHILDREN_CPU)
		return used(RUSAGE_SELF) + used(RUSAGE_CHILDREN);
	clock_gettime(work_time == WALL ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
	return ns_of(t.tv_sec, t.tv_nsec);
}

int must(int result)
{
	if (result < 0)
		err(1, "worker");
	return result;
}

static int tcp(void)
{
	return must(socket(AF_INET, SOCK_STREAM, 0));
}

/* Flags. */

static int64_t getfl(uint64_t n)
{
	int fd = tcp();
	int64_t ns = TIMED(n, fcntl(fd, F_GETFL));
	close(fd);
	return ns;
}

static int64_t getfd(uint64_t n)
{
	int fd = tcp();
	int64_t ns = TIMED(n, fcntl(fd, F_GETFD));
	close(fd);
	return ns;
}

static int64_t setfl(uint64_t n)
{
	int fd = tcp();
	int64_t ns = TIMED(n, fcntl(fd, F_SETFL, timed_i & 1 ? O_RDWR : O_RDWR | O_NONBLOCK));
	close(fd);
	return ns;
}

static int64_t set_option(uint64_t n)
{
	int fd = tcp(), one = 1;
	int64_t ns = TIMED(n, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
	close(fd);
	return ns;
}

/* Making and closing. */

static int64_t socket_close(uint64_t n)
{
	return TIMED(n, close(tcp()));
}

static int64_t open_close(uint64_t n)
{
	return TIMED(n, close(must(open("/etc/passwd", O_RDONLY))));
}

static int64_t dup_close(uint64_t n)
{
	int fd = tcp();
	int64_t ns = TIMED(n, close(must(dup(fd))));
	close(fd);
	return ns;
}

static int listener_new(struct sockaddr_in *at)
{
	socklen_t length = sizeof *at;
	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = tcp();
	must(bind(fd, (struct sockaddr *)at, length));
	must(listen(fd, 2 * BATCH));
	must(getsockname(fd, (struct sockaddr *)at, &length));
	return fd;
}

/* With a reset, so that no port is left in TIME_WAIT. */
static void drop(int fd)
{
	struct linger reset = { 1, 0 };
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
	close(fd);
}

static int64_t accept_close(uint64_t n)
{
	struct sockaddr_in at;
	int listener = listener_new(&at), client[BATCH];
	int64_t ns = 0;
	for (uint64_t done = 0; done < n; done += BATCH) {
		for (int i = 0; i < BATCH; i++)
			must(connect(client[i] = tcp(), (struct sockaddr *)&at, sizeof at));
		ns += TIMED(BATCH, close(must(accept(listener, NULL, NULL))));
		for (int i = 0; i < BATCH; i++)
			drop(client[i]);
	}
	close(listener);
	return ns;
}

static int64_t connect_loopback(uint64_t n)
{
	struct sockaddr_in at;
	int listener = listener_new(&at), client[BATCH];
	int64_t ns = 0;
	for (uint64_t done = 0; done < n; done += BATCH) {
		for (int i = 0; i < BATCH; i++)
			client[i] = tcp();
		ns += TIMED(BATCH, connect(client[timed_i], (struct sockaddr *)&at, sizeof at));
		for (int i = 0; i < BATCH; i++) {
			drop(must(accept(listener, NULL, NULL)));
			close(client[i]);
		}
	}
	close(listener);
	return ns;
}

/* Waiting, always with one descriptor ready. */

static int ready_socket(int pair[2])
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must((int)send(pair[1], "x", 1, 0));
	return pair[0];
}

void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static int64_t epoll_control(uint64_t n)
{
	int pair[2], fd = ready_socket(pair), loop = must(epoll_create1(0));
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e));
	int64_t ns = TIMED(n, (e.events ^= EPOLLOUT, epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e)));
	close(loop);
	close_pair(pair);
	return ns;
}

static int64_t add_del(uint64_t n, int mode)
{
	int pair[2], fd = ready_socket(pair), loop = must(epoll_create1(0));
	must(fcntl(fd, F_SETFL, O_RDWR | mode));
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	int64_t ns = TIMED(n, (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e), epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL)));
	close(loop);
	close_pair(pair);
	return ns;
}

static int64_t epoll_add_del(uint64_t n)
{
	return add_del(n, O_NONBLOCK);
}

static int64_t epoll_add_del_blocking(uint64_t n)
{
	return add_del(n, 0);
}

/* As a server does with a connection; the close takes it out of the list. */
static int64_t epoll_add_close(uint64_t n)
{
	int pair[2], fd = ready_socket(pair), loop = must(epoll_create1(0)), made = -1;
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	int64_t ns = TIMED(n, (made = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll_ctl(loop, EPOLL_CTL_ADD, made, &e), close(made)));
	close(loop);
	close_pair(pair);
	return ns;
}

static int64_t epoll_ready(uint64_t n)
{
	int pair[2], fd = ready_socket(pair), loop = must(epoll_create1(0));
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd }, got[4];
	must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e));
	int64_t ns = TIMED(n, epoll_wait(loop, got, 4, 0));
	close(loop);
	close_pair(pair);
	return ns;
}

/* What is told of is acted upon, as healthy loops do. */
static int64_t epoll_turn(uint64_t n)
{
	int loop = must(epoll_create1(0)), fd = must(eventfd(1, EFD_SEMAPHORE | EFD_NONBLOCK));
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd }, got[4];
	uint64_t one = 1;
	must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e));
	int64_t ns = TIMED(n, (epoll_wait(loop, got, 4, 1000), must((int)read(fd, &one, 8)), must((int)write(fd, &one, 8))));
	close(loop);
	close(fd);
	return ns;
}

static int64_t epoll_many(uint64_t n, unsigned fds)
{
	static struct epoll_event got[1024];
	int loop = must(epoll_create1(0)), fd[1024];
	struct rlimit room;
	must(getrlimit(RLIMIT_NOFILE, &room));
	room.rlim_cur = room.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &room));
	for (unsigned i = 0; i < fds; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.fd = fd[i] = must(eventfd(1, 0)) };
		must(epoll_ctl(loop, EPOLL_CTL_ADD, fd[i], &e));
	}
	int64_t ns = TIMED(n, epoll_wait(loop, got, 1024, 0));
	for (unsigned i = 0; i < fds; i++)
		close(fd[i]);
	close(loop);
	return ns;
}

static int64_t epoll_64(uint64_t n) { return epoll_many(n, 64); }
static int64_t epoll_1024(uint64_t n) { return epoll_many(n, 1024); }

static int64_t select_ready(uint64_t n)
{
	int pair[2], fd = ready_socket(pair);
	fd_set set;
	struct timeval none = { 0, 0 };
	FD_ZERO(&set);
	FD_SET(fd, &set);
	int64_t ns = TIMED(n, select(fd + 1, &set, NULL, NULL, &none));
	close_pair(pair);
	return ns;
}

/* A pipe, with so many numbers in a row that the last is `last`. Returns the end to write to: nobody else has. */
static int numbers_until(int last)
{
	int pair[2];
	struct rlimit limit;
	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	must(pipe(pair));
	for (int fd = pair[1] + 1; fd <= last; fd++)
		must(dup2(pair[0], fd));
	return pair[1];
}

enum memory { HEAP, STACK };

/* Sets that are large enough, filled up, and nothing is ready. `most` may be beyond what this machine lets us open. */
static int64_t select_large(uint64_t n, int most, enum memory memory)
{
	struct rlimit limit;
	struct timeval none = { 0, 0 };
	must(getrlimit(RLIMIT_NOFILE, &limit));
	int fds = limit.rlim_max < (rlim_t)most ? (int)limit.rlim_max : most;
	size_t size = ((size_t)fds + 63) / 64 * 8;
	unsigned char wanted[4096] = { 0 }, on_stack[4096], *on_heap = malloc(size), *set = memory == STACK ? on_stack : on_heap;
	numbers_until(fds - 1);
	for (int fd = 16; fd < fds; fd++)
		wanted[fd / 8] |= (unsigned char)(1 << fd % 8);
	int64_t ns = TIMED(n, (memcpy(set, wanted, size), select(fds, (fd_set *)set, NULL, NULL, &none)));
	for (int fd = 16; fd < fds; fd++)
		close(fd);
	free(on_heap);
	return ns;
}

static int64_t select_1000(uint64_t n) { return select_large(n, 1000, STACK); }
static int64_t select_1100(uint64_t n) { return select_large(n, 1100, HEAP); }
static int64_t select_1100_stack(uint64_t n) { return select_large(n, 1100, STACK); }
static int64_t select_5000(uint64_t n) { return select_large(n, 5000, HEAP); }
static int64_t select_20000(uint64_t n) { return select_large(n, 20000, HEAP); }
static int64_t select_20000_stack(uint64_t n) { return select_large(n, 20000, STACK); }

static int64_t select_10(uint64_t n)
{
	return select_large(n, 26, STACK);
}

/* nfds for any table, and sets for a small one: right while no number is above 1,023. */
static int64_t select_table_size(uint64_t n)
{
	int pair[2], fd = ready_socket(pair);
	fd_set set[2];
	struct timeval none = { 0, 0 };
	FD_ZERO(&set[0]);
	FD_ZERO(&set[1]);
	FD_SET(fd, &set[0]);
	int64_t ns = TIMED(n, select(20000, &set[0], &set[1], NULL, &none));
	close_pair(pair);
	return ns;
}

/* Case 1: the bit of 1045, which is ready, lies in the timeout. */
static int64_t select_overrun(uint64_t n)
{
	struct timeval memory[128 / sizeof(struct timeval) + 1]; /* a set, and the timeout behind it */
	unsigned char *set = (unsigned char *)memory;
	must((int)write(numbers_until(1045), "x", 1));
	int64_t ns = TIMED(n, (memset(memory, 0, sizeof memory), set[1045 / 8] |= 1 << 1045 % 8, select(1046, (fd_set *)set, NULL, NULL, &memory[128 / sizeof *memory])));
	closefrom(16);
	return ns;
}

static int64_t poll_ready(uint64_t n)
{
	int pair[2];
	struct pollfd p = { .fd = ready_socket(pair), .events = POLLIN };
	int64_t ns = TIMED(n, poll(&p, 1, 0));
	close_pair(pair);
	return ns;
}

/* So many, that may wait, and one is ready. It has a copy, so that nobody takes this for a loop that turns for nothing. */
static int64_t poll_many(uint64_t n, unsigned fds)
{
	int pair[2], quiet[2], copy = must(dup(ready_socket(pair)));
	struct pollfd p[1000];
	must(pipe(quiet));
	for (unsigned i = 0; i < fds; i++)
		p[i] = (struct pollfd){ .fd = quiet[0], .events = POLLIN };
	p[fds / 2].fd = pair[0];
	int64_t ns = TIMED(n, poll(p, fds, 1000));
	close(copy);
	close_pair(pair);
	close_pair(quiet);
	return ns;
}

static int64_t poll_waiting(uint64_t n) { return poll_many(n, 1); }
static int64_t poll_1000(uint64_t n) { return poll_many(n, 1000); }

/* Children. */

static char *const true_argv[] = { "true", NULL };

static int ended(pid_t pid)
{
	int status;
	must(waitpid(must(pid), &status, 0));
	if (status)
		errx(1, "worker: a child ended with status %x", (unsigned)status);
	return 0;
}

static int by_fork(const char *path)
{
	pid_t pid = fork();
	if (!pid) {
		execve(path, true_argv, environ);
		_exit(127);
	}
	return ended(pid);
}

static int by_vfork(const char *path)
{
	pid_t pid = vfork();
	if (!pid) {
		execve(path, true_argv, environ);
		_exit(127);
	}
	return ended(pid);
}

static int by_spawn(const char *path, char *const envp[])
{
	pid_t pid;
	if (posix_spawn(&pid, path, NULL, NULL, true_argv, envp))
		errx(1, "worker: posix_spawn");
	return ended(pid);
}

static int64_t fork_exec(uint64_t n) { return TIMED(n, by_fork("/bin/true")); }
static int64_t vfork_exec(uint64_t n) { return TIMED(n, by_vfork("/bin/true")); }
static int64_t spawn(uint64_t n) { return TIMED(n, by_spawn("/bin/true", environ)); }
static int64_t fork_exec_static(uint64_t n) { return TIMED(n, by_fork(BENCH_TRUE_STATIC)); }
static int64_t vfork_exec_static(uint64_t n) { return TIMED(n, by_vfork(BENCH_TRUE_STATIC)); }
static int64_t spawn_static(uint64_t n) { return TIMED(n, by_spawn(BENCH_TRUE_STATIC, environ)); }

static int64_t start(uint64_t n)
{
	char entry[4096];
	const char *preload = getenv("BENCH_PRELOAD");
	char *with[] = { "PATH=/usr/bin:/bin", entry, NULL }, *without[] = { "PATH=/usr/bin:/bin", NULL };
	bool any = preload && *preload;
	if (any)
		snprintf(entry, sizeof entry, "LD_PRELOAD=%s", preload);
	return TIMED(n, by_spawn("/bin/true", any ? with : without));
}

const struct work works[] = {
	{ "read", CALLS, 1.02, 0, read_one },
	{ "read after a fork", CALLS, 1.02, 0, read_forked },
	{ "write", CALLS, 1.02, 0, write_one },
	{ "send", CALLS, 1.02, 0, send_one },
	{ "recv", CALLS, 1.02, 0, recv_one },
	{ "send on TCP", CALLS, 1.02, 0, send_tcp },
	{ "recv on TCP", CALLS, 1.02, 0, recv_tcp },
	{ "readv", CALLS, 1.02, 0, readv_one },
	{ "recvmsg", CALLS, 1.05, 0, recvmsg_one },
	{ "sendmsg", CALLS, 1.05, 0, sendmsg_one },
	{ "syscall(SYS_read)", CALLS, 1.05, 0, read_by_number },
	{ "read in a list, blocking", CALLS, 0, 0, read_listed },
	{ "epoll_wait", CALLS, 1.05, 0, epoll_ready },
	{ "epoll_wait, 64 events", CALLS, 1.05, 0, epoll_64 },
	{ "epoll_wait, 1024 events", CALLS, 1.05, 0, epoll_1024 },
	{ "epoll_wait, waiting, and an act", CALLS, 1.05, 0, epoll_turn },
	{ "select below FD_SETSIZE", CALLS, 1.05, 0, select_ready },
	{ "select on 10", CALLS, 1.05, 0, select_10 },
	{ "select on 1,000", CALLS, 1.05, 0, select_1000 },
	{ "select on 1,100, heap", CALLS, 1.05, 0, select_1100 },
	{ "select on 1,100, stack", CALLS, 1.05, 0, select_1100_stack },
	{ "select on 5,000, heap", CALLS, 1.05, 0, select_5000 },
	{ "select on 20,000, heap", CALLS, 1.02, 0, select_20000 },
	{ "select on 20,000, stack", CALLS, 1.02, 0, select_20000_stack },
	{ "select(getdtablesize()) on 1", CALLS, 0, 0, select_table_size },
	{ "select on a set that overran", CALLS, 0, 0, select_overrun },
	{ "poll", CALLS, 1.05, 0, poll_ready },
	{ "poll that may wait", CALLS, 1.05, 0, poll_waiting },
	{ "poll on 1,000", CALLS, 1.05, 0, poll_1000 },
	{ "fcntl F_GETFL", CALLS, 1.05, 0, getfl },
	{ "fcntl F_GETFD", CALLS, 1.05, 0, getfd },
	{ "fcntl F_SETFL", CALLS, 1.05, 0, setfl },
	{ "socket+close", CALLS, 1.05, 0, socket_close },
	{ "accept+close", CALLS, 1.05, 0, accept_close },
	{ "connect", CALLS, 1.05, 0, connect_loopback },
	{ "open+close", CALLS, 1.05, 0, open_close },
	{ "setsockopt", CALLS, 1.05, 0, set_option },
	{ "dup+close", CALLS, 1.10, 0, dup_close },
	{ "epoll_ctl", CALLS, 1.10, 0, epoll_control },
	{ "epoll_ctl ADD+DEL", CALLS, 1.10, 0, epoll_add_del },
	{ "epoll_ctl ADD+DEL, blocking", CALLS, 0, 0, epoll_add_del_blocking },
	{ "socket+epoll_ctl ADD+close", CALLS, 1.10, 0, epoll_add_close },
	{ "getaddrinfo, A", CALLS, 0.50, 0, getaddrinfo_a_only },
	{ "getaddrinfo, A and AAAA", CALLS, 0.50, 0, getaddrinfo_both },
	{ "getaddrinfo of /etc/hosts", CALLS, 1.00, 0, getaddrinfo_hosts },
	{ "getaddrinfo of a number", CALLS, 0, 0, getaddrinfo_number },
	{ "fork+exec of /bin/true", CHILDREN, 1.10, 0, fork_exec },
	{ "vfork+exec of /bin/true", CHILDREN, 1.10, 0, vfork_exec },
	{ "posix_spawn of /bin/true", CHILDREN, 1.10, 0, spawn },
	{ "fork+exec of a static program", CHILDREN, 0, 0, fork_exec_static },
	{ "vfork+exec of a static program", CHILDREN, 0, 0, vfork_exec_static },
	{ "posix_spawn of a static program", CHILDREN, 0, 0, spawn_static },
	{ "start of /bin/true", START, 0, 60, start },
};
const unsigned works_count = sizeof works / sizeof works[0];
