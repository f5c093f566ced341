// SPDX-License-Identifier: MIT
/*
 * epoll-stale KEEPER CLOSE [MS [reuse | fin]]: a connection that is registered in an epoll is closed, and its peer resets it ("fin": hangs up). KEEPER says who else has it: nobody, dup (a duplicate),
 * fork (a child that is a copy), exec (a child that is another program), closed (a duplicate that is closed as well), right (a duplicate, and it was taken out before).
 * CLOSE is how: see close_by. With "reuse" another connection has its number by then, registered with the same data. Prints "rests" where the loop comes to rest within MS,
 * "spins" where not, and "EVENTS" where events came that were not of the other connection; then what the program's own calls on the other one give.
 *
 * epoll-stale keep WHAT: nothing may be taken out: see the functions. Prints "served" where the event comes.
 */
#include "epoll_twin.h"

#include <linux/close_range.h>

#define DATA(fd) (UINT64_C(0x7f1200000000) | (unsigned)(fd))

static int loop;
static int gate[2]; /* children live until it is closed */
static int pair[2];
static pid_t child;

NAMED static void registers(int fd)
{
	add(loop, fd, EPOLLIN, DATA(fd));
}

/* ---- who else has it ---- */

static void wait_at_gate(void)
{
	char c;

	close(gate[1]);
	if (read(gate[0], &c, 1) < 0)
		_exit(97);
}

static void let_it_end(void)
{
	int status;

	close(gate[1]);
	if (child > 0)
		must(waitpid(child, &status, 0) == child && status == 0, "child");
}

static void start_copy(void)
{
	child = fork();
	if (child == 0) {
		close(pair[1]);
		wait_at_gate();
		_exit(0);
	}
	close(gate[0]);
}

/* sh, which waits for a line from the gate. */
static void start_program(int fd)
{
	child = fork();
	if (child == 0) {
		fcntl(fd, F_SETFD, 0);
		dup2(gate[0], 0);
		close(gate[1]);
		close(pair[1]);
		execl("/bin/sh", "sh", "-c", "echo; read line; exit 0", (char *)NULL);
		_exit(96);
	}
	close(gate[0]);
}

NAMED static int keep(const char *keeper, int fd)
{
	char c;
	int said[2], out;

	if (!strcmp(keeper, "dup") || !strcmp(keeper, "right") || !strcmp(keeper, "closed"))
		return dup(fd);
	if (!strcmp(keeper, "fork"))
		start_copy();
	if (!strcmp(keeper, "exec")) { /* it is another program when it says so */
		must(pipe(said) == 0, "pipe");
		out = fcntl(1, F_DUPFD_CLOEXEC, 50);
		fcntl(said[0], F_SETFD, FD_CLOEXEC);
		dup2(said[1], 1);
		start_program(fd);
		dup2(out, 1);
		close(out);
		close(said[1]);
		must(read(said[0], &c, 1) == 1, "said");
		close(said[0]);
	}
	return -1;
}

/* ---- how it is closed ---- */

static long by_instruction(long nr, long a, long b, long c)
{
	long r;
#if defined(__x86_64__)
	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#else
	register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	r = x0;
#endif
	return r;
}

static FILE *stream;

NAMED static void close_by(const char *how, int fd)
{
	int other = -1;

	if (strstr(how, "dup"))
		other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!strcmp(how, "close"))
		close(fd);
	else if (!strcmp(how, "dup2"))
		must(dup2(other, fd) == fd, how);
	else if (!strcmp(how, "dup3"))
		must(dup3(other, fd, O_CLOEXEC) == fd, how);
	else if (!strcmp(how, "range"))
		must(close_range((unsigned)fd, (unsigned)fd, 0) == 0, how);
	else if (!strcmp(how, "from"))
		closefrom(fd);
	else if (!strcmp(how, "fclose"))
		must(fclose(stream) == 0, how);
	else if (!strcmp(how, "freopen"))
		must(freopen("/dev/null", "r", stream) != NULL, how);
	else if (!strcmp(how, "number"))
		must(syscall(SYS_close, fd) == 0, how);
	else if (!strcmp(how, "number-dup3"))
		must(syscall(SYS_dup3, other, fd, O_CLOEXEC) == fd, how);
	else if (!strcmp(how, "number-range"))
		must(syscall(SYS_close_range, fd, fd, 0) == 0, how);
	else if (!strcmp(how, "raw"))
		must(by_instruction(SYS_close, fd, 0, 0) == 0, how);
	else if (!strcmp(how, "raw-dup3"))
		must(by_instruction(SYS_dup3, other, fd, O_CLOEXEC) == fd, how);
	else
		must(0, "no such way");
	if (other >= 0)
		close(other);
}

/* ---- the loop ---- */

static int strange, quiet;

static void turn(int live)
{
	struct epoll_event e[4];
	int n = epoll_wait(loop, e, 4, 20);

	must(n >= 0, "epoll_wait");
	for (int i = 0; i < n; i++)
		strange += e[i].data.u64 != DATA(live);
	quiet = n == 0 ? quiet + 1 : 0;
}

static void play(const char *keeper, const char *how, int ms, const char *more)
{
	int live[2] = { -1, -1 }, fd = 30, copy, reuse = !strcmp(more, "reuse");
	int64_t until;

	tcp_pair(pair);
	must(dup3(pair[0], fd, O_CLOEXEC) == fd && close(pair[0]) == 0, "dup3");
	if (strstr(how, "open"))
		stream = fdopen(fd, "r");
	if (!strcmp(how, "fclose"))
		stream = fdopen(fd, "r");
	registers(fd);
	copy = keep(keeper, fd);
	if (!strcmp(keeper, "right"))
		must(epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL) == 0, "EPOLL_CTL_DEL");
	close_by(how, fd);
	if (!strcmp(keeper, "closed"))
		close(copy);
	if (reuse) {
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, live) == 0, "socketpair");
		must(dup3(live[0], fd, O_CLOEXEC) == fd, "dup3");
		registers(fd);
	}
	if (!strcmp(more, "fin"))
		close(pair[1]);
	else
		reset(pair[1]);
	until = now_ms() + ms;
	while (quiet < 3 && now_ms() < until)
		turn(-1);
	printf("%s%s", quiet < 3 ? "spins" : "rests", strange ? " EVENTS" : "");
	if (reuse) {
		struct epoll_event e = { .events = EPOLLIN, .data.u64 = DATA(fd) };

		must(write(live[1], "x", 1) == 1, "write");
		printf(" %d", epoll_wait(loop, &e, 1, 5000));
		printf(" %d", epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e));
		printf(" %d", epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL));
	}
	printf("\n");
	let_it_end();
}

/* ---- where nothing may be taken out ---- */

static const char *event_comes(void)
{
	struct epoll_event e;

	return epoll_wait(loop, &e, 1, 3000) == 1 && e.data.u64 == DATA(pair[0]) ? "served" : "lost";
}

/* A server sets up what its children wait on, and closes its own. */
static const char *prefork(void)
{
	int status;

	for (int i = 0; i < 3; i++) {
		child = fork();
		if (child == 0 && i < 2) {
			wait_at_gate();
			_exit(0);
		}
		if (child == 0)
			_exit(strcmp(event_comes(), "served") != 0);
	}
	close(pair[0]);
	must(write(pair[1], "x", 1) == 1, "write");
	must(waitpid(child, &status, 0) == child, "waitpid");
	close(gate[1]);
	while (wait(NULL) > 0)
		;
	return status == 0 ? "served" : "lost";
}

/* The same, and the parent waits on the set, too. */
static const char *prefork_waits(void)
{
	struct epoll_event e;
	int status;
	char c;

	child = fork();
	if (child == 0) {
		close(gate[1]);
		close(pair[1]);
		while (epoll_wait(loop, &e, 1, 50) != 1 ||
		       read(gate[0], &c, 1) != 0) /* it has its event, and waits for the parent */
			;
		_exit(strcmp(event_comes(), "served") != 0);
	}
	close(gate[0]);
	close(pair[0]);
	close(pair[1]);
	for (int64_t until = now_ms() + 800; now_ms() < until;)
		epoll_wait(loop, &e, 1, 20);
	close(gate[1]);
	must(waitpid(child, &status, 0) == child, "waitpid");
	return status == 0 ? "served" : "lost";
}

static const char *in_child(const char *how)
{
	int status;

	must(dup(pair[0]) >= 0, "dup");
	if (!strcmp(how, "raw-fork"))
		child = (pid_t)by_instruction(SYS_clone, SIGCHLD, 0, 0);
	else
		child = !strcmp(how, "vfork") ? vfork() : fork();
	if (child == 0) {
		if (!strcmp(how, "fork-range"))
			close_range(3, ~0u, 0);
		else if (!strcmp(how, "fork-dup"))
			dup2(gate[0], pair[0]);
		else
			close(pair[0]);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "child");
	must(write(pair[1], "x", 1) == 1, "write");
	return event_comes();
}

/* A child that looks for an event of its own in a list that it shares, and closes what its parent has there. */
static const char *in_adding_child(void)
{
	int status, more[2];

	child = fork();
	if (child == 0) {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, more) == 0, "socketpair");
		registers(more[0]);
		close(pair[0]);
		close(more[0]);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "child");
	must(write(pair[1], "x", 1) == 1, "write");
	return event_comes();
}

/* Calls that fail, and one that puts there what was there. */
static const char *refused(void)
{
	int copy = dup(pair[0]), none = 900;
	struct rlimit l = { 900, 1000 };

	must(dup2(none, pair[0]) < 0 && errno == EBADF, "dup2");
	must(dup3(none, pair[0], 0) < 0 && errno == EBADF, "dup3");
	must(dup3(gate[0], pair[0], O_NONBLOCK) < 0 && errno == EINVAL, "dup3");
	must(dup3(pair[0], pair[0], 0) < 0 && errno == EINVAL, "dup3");
	must(syscall(SYS_dup3, gate[0], pair[0], O_NONBLOCK) < 0 && errno == EINVAL, "SYS_dup3");
	must(dup2(pair[0], pair[0]) == pair[0], "dup2");
	must(dup2(copy, pair[0]) == pair[0], "dup2");
	must(close_range((unsigned)pair[0], (unsigned)pair[0], CLOSE_RANGE_CLOEXEC) == 0, "close_range");
	must(close_range(9, 5, 0) < 0, "close_range");
	must(dup2(pair[0], 950) == 950, "dup2");
	add(loop, 950, EPOLLIN, DATA(pair[0]));
	must(setrlimit(RLIMIT_NOFILE, &l) == 0, "setrlimit");
	must(dup2(gate[0], 950) < 0 && errno == EBADF, "dup2");
	must(write(pair[1], "x", 1) == 1, "write");
	return epoll_wait(loop, (struct epoll_event[2]){ 0 }, 2, 3000) == 2 ? "served" : "lost";
}

static void *unshares(void *p)
{
	must(close_range(3, ~0u, CLOSE_RANGE_UNSHARE) == 0, "close_range");
	return p;
}

/* A thread that has a descriptor table of its own closes it there alone. */
static const char *unshared(void)
{
	pthread_t t;

	must(dup(pair[0]) >= 0, "dup");
	must(pthread_create(&t, NULL, unshares, NULL) == 0 && pthread_join(t, NULL) == 0, "thread");
	must(write(pair[1], "x", 1) == 1, "write");
	return event_comes();
}

/* A connection that has another number by now, and is known by its data. */
static const char *moved(void)
{
	int to = fcntl(pair[0], F_DUPFD_CLOEXEC, 100), got = 0;
	struct epoll_event e;
	char c;

	close(pair[0]);
	for (int64_t until = now_ms() + 1200; now_ms() < until; got++) {
		must(write(pair[1], "x", 1) == 1, "write");
		if (strcmp(event_comes(), "served") != 0 || read(to, &c, 1) != 1)
			return "lost";
		if (got % 100 == 99)
			must(epoll_wait(loop, &e, 1, 10) == 0, "epoll_wait");
	}
	return "served";
}

/* A number that is another file's for a moment. */
static const char *saved(void)
{
	int copy = dup(pair[0]), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = DATA(pair[0]) };

	must(dup2(null, pair[0]) == pair[0] && dup2(copy, pair[0]) == pair[0] && close(copy) == 0, "dup2");
	must(epoll_ctl(loop, EPOLL_CTL_MOD, pair[0], &e) == 0, "EPOLL_CTL_MOD");
	must(write(pair[1], "x", 1) == 1, "write");
	return event_comes();
}

/* … for so long, and with events that come meanwhile, that it is taken out. */
static const char *cured(void)
{
	int copy = dup(pair[0]), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct epoll_event e;

	must(dup2(null, pair[0]) == pair[0], "dup2");
	close(pair[1]);
	for (int64_t until = now_ms() + 1000; now_ms() < until;)
		epoll_wait(loop, &e, 1, 20);
	must(dup2(copy, pair[0]) == pair[0] && close(copy) == 0, "dup2");
	return event_comes();
}

static const char *keep_it(const char *what)
{
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	registers(pair[0]);
	if (!strcmp(what, "prefork"))
		return prefork();
	if (!strcmp(what, "prefork-waits"))
		return prefork_waits();
	if (!strcmp(what, "adding-child"))
		return in_adding_child();
	if (!strcmp(what, "refused"))
		return refused();
	if (!strcmp(what, "unshared"))
		return unshared();
	if (!strcmp(what, "moved"))
		return moved();
	if (!strcmp(what, "saved"))
		return saved();
	if (!strcmp(what, "cured"))
		return cured();
	return in_child(what);
}

int main(int argc, char **argv)
{
	must(argc >= 3, "usage");
	setvbuf(stdout, NULL, _IOLBF, 0);
	loop = epoll_create1(EPOLL_CLOEXEC);
	must(loop >= 0 && pipe2(gate, O_CLOEXEC) == 0, "epoll");
	if (!strcmp(argv[1], "keep"))
		puts(keep_it(argv[2]));
	else
		play(argv[1], argv[2], argc > 3 ? atoi(argv[3]) : 5000, argc > 4 ? argv[4] : "");
	return 0;
}
