/* SPDX-License-Identifier: MIT */
/*
 * closewait-cure WAY: connections whose peer has closed, which this program does not use for over a second. It goes on making calls, so that the sockets are looked at, and then says
 * what it has.
 */
#include "tcp_twin.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MANY = 20, TURNS = 150, TURN_MS = 10 };

static int close_wait(int at)
{
	int fd = dial(at), there = accept(at, NULL, NULL);
	struct pollfd end = { fd, POLLRDHUP, 0 };

	must(there >= 0 && close(there) == 0 && poll(&end, 1, 5000) == 1, "peer");
	return fd;
}

/* The program goes on, and does nothing about them. */
static void go_on(void)
{
	for (int i = 0; i < TURNS; i++)
		poll(NULL, 0, TURN_MS);
}

static const char *outcome(long r)
{
	return r >= 0 ? "done" : errno == EPIPE ? "EPIPE" : errno == ECONNRESET ? "ECONNRESET" : strerror(errno);
}

static volatile sig_atomic_t pipes;

static void broken(int number)
{
	(void)number;
	pipes++;
}

static void use(int fd)
{
	char c;

	signal(SIGPIPE, broken);
	printf("recv %zd\n", recv(fd, &c, 1, 0));
	printf("send %s\n", outcome(send(fd, "x", 1, 0)));
	poll(NULL, 0, 100);
	printf("send %s\n", outcome(send(fd, "x", 1, 0)));
	printf("SIGPIPE %d\n", (int)pipes);
	printf("close %d\n", close(fd));
	printf("close again %s\n", close(fd) < 0 && errno == EBADF ? "EBADF" : "?");
}

static void ended(void)
{
	int at = listener(), fd[MANY], still = 0;

	for (int i = 0; i < MANY; i++)
		fd[i] = close_wait(at);
	go_on();
	for (int i = 0; i < MANY; i++)
		still += tcp_state(fd[i]) == TCP_CLOSE_WAIT;
	printf("CLOSE_WAIT %d\n", still);
	printf("keepalive %d\n", option(fd[0], SOL_SOCKET, SO_KEEPALIVE));
	printf("next number %s\n", dup(0) == fd[MANY - 1] + 1 ? "is the next" : "is another");
	use(fd[0]);
}

/* A kept connection in the set of an event loop, disarmed, as pools of threads have it. */
static void watched(void)
{
	int at = listener(), fd = close_wait(at), loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event nothing = { .events = EPOLLONESHOT, .data.fd = fd };

	must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &nothing) == 0, "epoll_ctl");
	go_on();
	use(fd);
}

/* Both by the program's own word, the one by a number that no function has. */
static void refused(void)
{
	int at = listener(), fd = close_wait(at), other = close_wait(at), none = 0;

	set(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
	must(syscall(SYS_setsockopt, other, SOL_SOCKET, SO_KEEPALIVE, &none, sizeof(none)) == 0, "setsockopt by number");
	go_on();
	printf("keepalive %d %d\n", option(fd, SOL_SOCKET, SO_KEEPALIVE), option(other, SOL_SOCKET, SO_KEEPALIVE));
}

/* An end that was closed is no reason: the answer is sent in pieces, all of which arrive. */
static void half_closed(void)
{
	int at = listener(), fd = dial(at), there = accept(at, NULL, NULL), got = 0;
	char c;

	shutdown(there, SHUT_WR);
	for (int i = 0; i < TURNS; i++) {
		must(send(fd, "x", 1, 0) == 1, "send");
		poll(NULL, 0, TURN_MS);
	}
	close(fd);
	while (recv(there, &c, 1, 0) == 1)
		got++;
	printf("got %s\n", got == TURNS ? "all" : "some");
}

/* What was not read, and nobody reads for a while, is there when somebody does. */
static void unread(void)
{
	int at = listener(), fd = dial(at), there = accept(at, NULL, NULL);
	char text[16];

	must(send(there, "unread", 6, 0) == 6 && close(there) == 0, "send");
	go_on();
	printf("read %zd\n", recv(fd, text, sizeof(text), 0));
	printf("read %zd\n", recv(fd, text, sizeof(text), 0));
}

/* The peer's kernel keeps the end that its process has closed for a second, and answers ours by a reset then. */
static void forgotten(void)
{
	int at = listener(), fd = dial(at), there = accept(at, NULL, NULL);
	struct pollfd end = { fd, POLLRDHUP, 0 };

	set(there, IPPROTO_TCP, TCP_LINGER2, 1);
	must(close(there) == 0 && poll(&end, 1, 5000) == 1, "peer");
	go_on();
	go_on();
	use(fd);
}

static void forked(void)
{
	int at = listener(), fd = close_wait(at), leash[2];
	pid_t child;
	char c;

	must(pipe(leash) == 0, "pipe");
	child = fork();
	if (child == 0) {
		close(leash[1]);
		must(read(leash[0], &c, 1) == 0, "read");
		_exit(0);
	}
	go_on();
	printf("CLOSE_WAIT %d\n", tcp_state(fd) == TCP_CLOSE_WAIT);
	close(leash[1]);
	waitpid(child, NULL, 0);
}

/*
 * The client has said all, and waits; who answers after a while is a process that got the connection, by ways that nobody can follow. The server forgot it.
 */

/* Answers on descriptor 7. */
#define LATER "sleep 1.2; echo answer >&7"

static void by_popen(void)
{
	FILE *f = popen(LATER, "r");

	must(f != NULL, "popen");
	/* pclose would wait for it */
}

static void by_exec(void)
{
	if (fork() == 0) {
		execl("/bin/sh", "sh", "-c", LATER, (char *)NULL);
		_exit(1);
	}
}

/* By a child of the child, whose parent is gone. */
static void by_heir(void)
{
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "{ " LATER "; } & exit 0", (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static void by_daemon(void)
{
	pid_t child = fork();

	if (child == 0) {
		must(daemon(1, 1) == 0, "daemon");
		usleep(1200000);
		must(write(7, "answer\n", 7) == 7, "write");
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void by_spawn(void)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)LATER, NULL };
	pid_t pid;

	must(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0, "posix_spawn");
}

static void given(void (*give)(void))
{
	int at = listener(), client = dial(at), fd = accept(at, NULL, NULL);
	char text[16] = "";
	ssize_t n;

	must(fd >= 0 && fd != 7 && client != 7 && at != 7 && dup2(fd, 7) == 7 && close(fd) == 0, "dup2");
	fcntl(client, F_SETFD, FD_CLOEXEC);
	shutdown(client, SHUT_WR);
	give();
	go_on();
	n = recv(client, text, sizeof(text) - 1, 0);
	printf("%s", n > 0 ? text : n == 0 ? "cut\n" : "error\n");
	printf("CLOSE_WAIT %d\n", tcp_state(7) == TCP_CLOSE_WAIT);
}

static void popened(void) { given(by_popen); }
static void execed(void) { given(by_exec); }
static void inherited(void) { given(by_heir); }
static void daemonized(void) { given(by_daemon); }
static void spawned(void) { given(by_spawn); }

/* All numbers are in use. */
static void crowded(void)
{
	struct rlimit limit = { 256, 256 };
	int at = listener(), fd = close_wait(at);

	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
	while (dup(0) >= 0)
		continue;
	go_on();
	printf("CLOSE_WAIT %d\n", tcp_state(fd) == TCP_CLOSE_WAIT);
}

/* Connections grow old, and are closed, at the moment at which they are cured; the numbers are used again at once for one that lives. */
enum { THREADS = 2, AGED = 8 };
static _Atomic int over, lost, rounds;

static void *churn(void *nothing)
{
	int mine = listener(), fd[AGED], alive[AGED], there[AGED];
	char c;

	(void)nothing;
	while (!atomic_load(&over)) {
		for (int i = 0; i < AGED; i++)
			fd[i] = close_wait(mine);
		usleep(60000 + (unsigned)(rounds * 7919) % 80000);
		for (int i = 0; i < AGED; i++) {
			close(fd[i]);
			alive[i] = dial(mine);
			there[i] = accept(mine, NULL, NULL);
		}
		usleep(2000);
		for (int i = 0; i < AGED; i++) {
			lost += send(alive[i], "x", 1, MSG_NOSIGNAL) != 1 || recv(there[i], &c, 1, 0) != 1 || send(there[i], "y", 1, MSG_NOSIGNAL) != 1 ||
				recv(alive[i], &c, 1, 0) != 1;
			close(alive[i]);
			close(there[i]);
		}
		rounds++;
	}
	return NULL;
}

static void race(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, churn, NULL) == 0, "thread");
	for (int i = 0; i < 2000; i++)
		poll(NULL, 0, 1);
	over = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("lost %d of %s\n", (int)lost, rounds > 5 ? "many" : "few");
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } ways[] = {
		{ "ended", ended }, { "watched", watched }, { "refused", refused }, { "half-closed", half_closed }, { "unread", unread }, { "forked", forked }, { "crowded", crowded },
		{ "race", race }, { "forgotten", forgotten }, { "popened", popened }, { "execed", execed }, { "inherited", inherited }, { "daemonized", daemonized }, { "spawned", spawned },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(ways[i].name, argv[1]) == 0) {
			ways[i].run();
			return 0;
		}
	must(0, "unknown way");
}
