// SPDX-License-Identifier: MIT
/*
 * When a change behind a descriptor's back is told of. nonblock-late WAY
 * Nobody is harmed:
 *   kept      the copy is only asked about, shut down and closed
 *   polled    the copy is polled before each read, and read with MSG_DONTWAIT
 *   exits     as libuv: a terminal is opened, used without blocking, and is made blocking in an exit handler
 *   copied    what accepted a connection without blocking makes it blocking; a copy of it is a FILE
 *   worker    the same in a forked child, and its parent keeps its own only to shut it down
 *   gone      the copy is closed behind our back, and a pipe has its number
 * Somebody is, after much that was none:
 *   many N    N healthy ones before the one that is not; stay N: whose copies stay open
 *   cut       a write that would have waited moves a part
 *   prints    dprintf into a full pipe
 *   daemon    the change is older than the fork, and the child uses the copy
 *   loop      a forked child makes it blocking, and its parent only waits in epoll_wait and reads
 *   in-poll   a copy makes it blocking, and all that comes after is a poll (HOW: ppoll, number): nobody reads, and it is killed
 *   module    a child changes it in a library that its parent does not have (the argument)
 *   wild      as module, and then the child overwrites all that looks like an address in what it shares with its parent
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "nonblock_twin.h"

static const char *argument;
static int terminal;

NAMED int dup_of(int fd)
{
	int copy = dup(fd);

	must(copy >= 0, "dup");
	return copy;
}

/* A call that busy programs make now and then. */
static void tick(void)
{
	close(dup_of(1));
}

NAMED void kept(void)
{
	struct ends e = ends_open("socket");
	int copy = dup_of(e.here), value;
	socklen_t length = sizeof(value);

	set_nonblocking("F_SETFL", e.here, 1);
	must(getsockopt(copy, SOL_SOCKET, SO_ERROR, &value, &length) == 0, "getsockopt");
	must(shutdown(copy, SHUT_RDWR) == 0, "shutdown");
	close(copy);
	puts("done");
}

static const char *poll_and_read(int copy, int flags)
{
	struct pollfd p = { copy, POLLIN, 0 };
	char c;

	if (!(flags & MSG_DONTWAIT))
		must(poll(&p, 1, 5000) == 1, "poll");
	return recv(copy, &c, 1, flags) == 1 ? "read" : errno == EAGAIN ? "EAGAIN" : "error";
}

NAMED void polled(void)
{
	struct ends e = ends_open("socket");
	int copy = dup_of(e.here);

	for (int on = 1; on >= 0; on--) {
		set_nonblocking("F_SETFL", copy, !on);
		set_nonblocking("F_SETFL", e.here, on);
		must(write(e.there, "ab", 2) == 2, "write");
		printf("%s ", poll_and_read(copy, 0));
		printf("%s ", poll_and_read(copy, 0));
		printf("%s ", poll_and_read(copy, MSG_DONTWAIT));
	}
	puts("done");
}

static void calm_terminal(void)
{
	set_nonblocking("F_SETFL", 0, 0);
}

NAMED void exits(void)
{
	struct ends e = ends_open("tty");
	char name[64];

	must(ttyname_r(e.there, name, sizeof(name)) == 0, "ttyname");
	terminal = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
	must(terminal >= 0 && dup2(terminal, 0) == 0 && atexit(calm_terminal) == 0, "open");
	set_nonblocking("FIONBIO", terminal, 1);
	puts(read_nothing(terminal));
}

NAMED int accepted(int *ret_peer)
{
	int fd[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) == 0, "socketpair");
	*ret_peer = fd[1];
	return fd[0];
}

NAMED void copied(void)
{
	int peer, fd = accepted(&peer);
	FILE *out = fdopen(dup_of(fd), "w");
	char c;

	set_nonblocking("F_SETFL", fd, 0);
	pause_ms(110);
	tick();
	fputs("x", out);
	fclose(out);
	must(read(peer, &c, 1) == 1, "read");
	puts("done");
}

NAMED void worker(void)
{
	int peer, fd = accepted(&peer);
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		set_nonblocking("F_SETFL", fd, 0);
		pause_ms(110);
		tick();
		exit(0);
	}
	pause_ms(110);
	tick();
	must(waitpid(pid, NULL, 0) == pid && shutdown(fd, SHUT_RDWR) == 0, "end");
	close(fd);
	puts("done");
}

/* By a system call of its own, which no preload sees. */
static long call_unseen(long nr, long a)
{
#ifdef __x86_64__
	__asm__ volatile("syscall" : "+a"(nr) : "D"(a) : "rcx", "r11", "memory");
	return nr;
#else
	register long number __asm__("x8") = nr;
	register long first __asm__("x0") = a;

	__asm__ volatile("svc 0" : "+r"(first) : "r"(number) : "memory");
	return first;
#endif
}

NAMED void gone(void)
{
	struct ends e = ends_open("socket"), other = ends_open("pipe");
	int copy = dup_of(e.here);

	set_nonblocking("F_SETFL", other.here, 1);
	set_nonblocking("F_SETFL", e.here, 1);
	must(call_unseen(SYS_close, copy) == 0 && call_unseen(SYS_dup, other.here) == copy, "the number");
	puts(read_nothing(copy));
}

NAMED void many(int stay)
{
	struct ends e;
	int copy;

	for (int i = 0; i < atoi(argument); i++) {
		e = ends_open("socket");
		copy = dup_of(e.here);
		set_nonblocking("F_SETFL", e.here, 1);
		if (stay)
			continue;
		close(copy);
		close(e.here);
		close(e.there);
	}
	e = ends_open("socket");
	copy = dup_of(e.here);
	set_nonblocking("F_SETFL", e.here, 1);
	puts(read_nothing(copy));
}

static void many_gone(void)
{
	many(0);
}

static void many_kept(void)
{
	many(1);
}

NAMED void cut(void)
{
	static char block[8 << 20];
	struct ends e = ends_open("socket");
	int copy = dup_of(e.there);
	ssize_t n;

	set_nonblocking("F_SETFL", e.there, 1);
	n = send(copy, block, sizeof(block), 0);
	puts(n > 0 && n < (ssize_t)sizeof(block) ? "part" : "other");
}

NAMED void prints(void)
{
	static char block[4096];
	struct ends e = ends_open("pipe");
	int copy = dup_of(e.there);

	set_nonblocking("F_SETFL", e.there, 1);
	while (write(e.there, block, sizeof(block)) > 0)
		continue;
	puts(dprintf(copy, "%s", "x") < 0 && errno == EAGAIN ? "EAGAIN" : "other");
}

NAMED void daemonize(void)
{
	struct ends e = ends_open("socket");
	int copy = dup_of(e.here);
	pid_t pid;

	set_nonblocking("F_SETFL", e.here, 1);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		puts(read_nothing(copy));
		exit(0);
	}
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void change_in_library(int fd)
{
	void *library = dlopen(argument, RTLD_NOW), *function = library ? dlsym(library, "make_it_block") : NULL;
	void (*change)(int);

	must(function != NULL, "dlopen");
	memcpy(&change, &function, sizeof(change));
	change(fd);
}

static void scribble(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t from, to;
	char line[512];

	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "rw-s") || sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) != 2)
			continue;
		for (uintptr_t *w = (uintptr_t *)from; w < (uintptr_t *)to; w++)
			if (*w >> 40 && msync((void *)(*w & ~4095ul), 4096, MS_ASYNC) == 0) /* something is there */
				*w = 0x4141414141;
	}
	fclose(maps);
}

static void with_library(int is_wild)
{
	int peer, fd = accepted(&peer), ready[2];
	pid_t pid;
	char c;

	must(pipe(ready) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		change_in_library(fd);
		if (is_wild)
			scribble();
		_exit(write(ready[1], "", 1) != 1);
	}
	must(read(ready[0], &c, 1) == 1 && waitpid(pid, NULL, 0) == pid, "ready");
	pause_ms(110);
	tick();
	puts(read_nothing(fd));
}

NAMED void in_loop(void)
{
	int peer, fd = accepted(&peer), ready[2], loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	pid_t pid;
	char c;

	must(pipe(ready) == 0 && epoll_ctl(loop, EPOLL_CTL_ADD, peer, &e) == 0, "epoll");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		set_nonblocking("F_SETFL", fd, 0);
		must(write(ready[1], "", 1) == 1, "write");
		for (;;)
			pause();
	}
	must(read(ready[0], &c, 1) == 1, "read");
	pause_ms(110);
	must(epoll_wait(loop, &e, 1, 0) == 0, "epoll_wait");
	puts(read_nothing(fd));
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid, "end");
}

static void poll_and_die(void)
{
	int peer, fd = accepted(&peer), copy;
	struct pollfd p = { peer, POLLIN, 0 };
	struct timespec none = { 0, 0 };

	set_nonblocking("F_SETFL", fd, 1);
	copy = dup(fd);
	set_nonblocking("F_SETFL", copy, 0);
	pause_ms(110);
	must((*argument == 'p' ? ppoll(&p, 1, &none, NULL) : *argument ? (int)syscall(SYS_ppoll, &p, 1L, &none, NULL, 8L) : poll(&p, 1, 0)) == 0, "poll");
	raise(SIGKILL);
}

NAMED void in_poll(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		poll_and_die();
	must(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "child");
	puts("polled");
}

static void module(void)
{
	with_library(0);
}

static void wild(void)
{
	with_library(1);
}

int main(int argc, char **argv)
{
	static const struct { const char *way; void (*act)(void); } ways[] = {
		{ "kept", kept }, { "polled", polled }, { "exits", exits }, { "copied", copied }, { "worker", worker }, { "gone", gone }, { "many", many_gone },
		{ "stay", many_kept }, { "cut", cut }, { "prints", prints }, { "daemon", daemonize }, { "loop", in_loop }, { "in-poll", in_poll }, { "module", module }, { "wild", wild },
	};

	argument = argc > 2 ? argv[2] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(argv[1], ways[i].way) == 0) {
			ways[i].act();
			return 0;
		}
	return 2;
}
