// SPDX-License-Identifier: MIT
/* Loops of which nobody can say that they do nothing: others do it, or there is nothing to be done. */
#include "epoll_right.h"

#define WORKERS 4

/* ---- others do it ---- */

static int listener;

static void visits(int n)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;

	must(getsockname(listener, (struct sockaddr *)&a, &len) == 0, "getsockname");
	for (int i = 0; i < n; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);
		char c;

		must(connect(s, (struct sockaddr *)&a, len) == 0 && read(s, &c, 1) == 1, "a visit");
		close(s);
	}
}

static void serve(int own)
{
	struct epoll_event e;
	int s;

	if (own) {
		loop = epoll_create1(0);
		add(loop, listener, EPOLLIN, 0);
	}
	while (wait_for(&e, 1, 3000) == 1)
		while ((s = accept(listener, NULL, NULL)) >= 0) {
			must(write(s, "x", 1) == 1, "write");
			close(s);
		}
	_exit(1);
}

/* Each has an epoll of its own, or all have one; all have one listener. */
static void herd_of(int own)
{
	pid_t child[WORKERS];
	struct sockaddr_in a = loopback();

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(bind(listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(listener, 64) == 0, "listen");
	if (!own)
		add(loop, listener, EPOLLIN, 0);
	for (int i = 0; i < WORKERS; i++) {
		child[i] = fork();
		if (child[i] == 0)
			serve(own);
	}
	visits(3000);
	for (int i = 0; i < WORKERS; i++) {
		kill(child[i], SIGTERM);
		waitpid(child[i], NULL, 0);
	}
	printf("visited\n");
}

void herd(void)
{
	herd_of(1);
}

void herd_of_one(void)
{
	herd_of(0);
}

/* The loop hands over what hung up to a worker, which takes its time; meanwhile it is told again and again. */
static _Atomic int handed[64];

static void *work(void *nothing)
{
	for (int left = 20; left;)
		for (int i = 0; i < 64; i++)
			if (handed[i]) {
				usleep(30000);
				close(handed[i]);
				handed[i] = 0;
				left--;
			}
	return nothing;
}

void pool(void)
{
	pthread_t t;
	struct epoll_event e;
	int p[2];

	must(pthread_create(&t, NULL, work, NULL) == 0, "pthread_create");
	for (int i = 0; i < 20; i++) {
		must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
		close(p[1]);
		add(loop, p[0], EPOLLIN, (uint64_t)(unsigned)p[0]);
		must(wait_for(&e, 1, 1000) == 1, "told");
		handed[i] = p[0];
		while (handed[i])
			epoll_wait(loop, &e, 1, 10);
	}
	pthread_join(t, NULL);
	printf("pool\n");
}

/* A child has the pipe, too, and takes what comes. */
void shared(void)
{
	struct epoll_event e;
	int p[2], n = 0;
	pid_t child;

	must(pipe(p) == 0 && write(p[1], "x", 1) == 1, "pipe");
	child = fork();
	if (child == 0) {
		char c;

		for (int i = 0; i < 14; i++) {
			usleep(100000);
			must(write(p[1], "x", 1) == 1 && read(p[0], &c, 1) == 1, "child");
		}
		_exit(0);
	}
	add(loop, p[0], EPOLLIN, 1);
	for (int64_t end = now_ms() + 1300; now_ms() < end;)
		n += wait_for(&e, 1, 10);
	waitpid(child, NULL, 0);
	printf("shared %s\n", n > 1000 ? "often" : "seldom");
}

/* ---- somebody else goes on ---- */

/* Has no time for what is there, for long. */
static void be_deaf(void)
{
	struct epoll_event e[ROOM];

	for (int64_t end = now_ms() + 2600; now_ms() < end;)
		wait_for(e, ROOM, 100);
}

static int hung_up(void)
{
	int p[2];

	must(pipe(p) == 0 && close(p[1]) == 0, "pipe");
	add(loop, p[0], EPOLLIN, (uint64_t)(unsigned)p[0]);
	return p[0];
}

/* Reads what it is told of: the end. */
static void take_over(const char *who)
{
	struct epoll_event e[ROOM];
	char c;
	int told = wait_for(e, ROOM, 1000) == 1 && e[0].events & EPOLLHUP;

	if (told)
		must(read(e[0].data.fd, &c, 1) == 0, "read");
	printf("%s %s\n", who, told ? "told" : "not told");
	fflush(stdout);
}

/* The program goes on as a child of itself. */
void heir(void)
{
	pid_t child;

	hung_up();
	be_deaf();
	child = fork();
	if (child == 0) {
		take_over("heir");
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* Its number is needed for a moment, and put back. */
void saved(void)
{
	struct epoll_event e;
	int fd = hung_up(), kept;

	be_deaf();
	kept = dup(fd);
	must(dup2(loop, fd) == fd && dup2(kept, fd) == fd && close(kept) == 0, "dup2");
	wait_for(&e, 1, 0);
	take_over("saved");
}

/* As another image. */
void executed(void)
{
	char number[16];
	const char *begun = getenv("LOOP");

	if (begun) {
		loop = atoi(begun);
		take_over("executed");
		return;
	}
	loop = fcntl(loop, F_DUPFD, 3);
	hung_up();
	be_deaf();
	snprintf(number, sizeof number, "%d", loop);
	setenv("LOOP", number, 1);
	execl("/proc/self/exe", "epoll-right", "executed", (char *)NULL);
}

/* ---- what only looks like it ---- */

/* Edge-triggered: each write is told of, and nobody has to read. */
void edges(void)
{
	int p[2], n = 0;
	struct epoll_event e;

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	add(loop, p[0], EPOLLIN | EPOLLET, 1);
	for (int64_t end = now_ms() + 2600; now_ms() < end; n++) {
		must(write(p[1], "x", 1) == 1, "write");
		must(wait_for(&e, 1, 1000) == 1, "an edge");
		if (n % 16 == 0)
			usleep(1000);
	}
	printf("edges %s\n", n > 100 ? "many" : "few");
}

/* Who asks with a timeout of 0 has other things to do. */
void busy(void)
{
	int p[2], n = 0;
	struct epoll_event e;

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	add(loop, p[1], EPOLLOUT, 1);
	close(p[0]);
	for (int64_t end = now_ms() + 1300; now_ms() < end;)
		n += wait_for(&e, 1, 0);
	printf("busy %s\n", n > 1000 ? "often" : "seldom");
}

/* libc reads, where nobody sees it. */
void stream(void)
{
	int p[2], n = 0;
	struct epoll_event e;
	char line[64];
	FILE *f;

	must(pipe(p) == 0, "pipe");
	f = fdopen(p[0], "r");
	add(loop, p[0], EPOLLIN, 1);
	for (int64_t end = now_ms() + 1300; now_ms() < end; n++) {
		must(write(p[1], "line\n", 5) == 5 && wait_for(&e, 1, 1000) == 1, "a line");
		must(fgets(line, sizeof line, f) != NULL, "fgets");
	}
	printf("stream %s\n", n > 1000 ? "often" : "seldom");
}

/* Both hung up, and neither is taken care of; which it is, their data does not say. */
void same(void)
{
	int p[2], q[2], n = 0;
	struct epoll_event e;

	must(pipe(p) == 0 && pipe(q) == 0, "pipe");
	add(loop, p[0], EPOLLIN, 1);
	add(loop, q[0], EPOLLIN, 1);
	close(q[1]);
	close(p[1]);
	for (int64_t end = now_ms() + 1300; now_ms() < end;)
		n += wait_for(&e, 1, 100);
	printf("same %s\n", n > 1000 ? "often" : "seldom");
}

/* A hot connection: told of a hundred thousand times, and read each time. */
void hot(void)
{
	int p[2], n = 0;
	struct epoll_event e;
	char c;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0, "socketpair");
	add(loop, p[0], EPOLLIN, (uint64_t)(uintptr_t)&loop);
	for (int64_t end = now_ms() + 1300; now_ms() < end; n++) {
		must(write(p[1], "x", 1) == 1 && wait_for(&e, 1, 1000) == 1, "told");
		must(recv(p[0], &c, 1, 0) == 1, "recv");
	}
	printf("hot %s\n", n > 1000 ? "often" : "seldom");
}

/* The inner one's events are taken by waiting on it. */
void inner(void)
{
	int set = epoll_create1(0), event = eventfd(1, EFD_NONBLOCK | EFD_SEMAPHORE), n = 0;
	struct epoll_event e;
	eventfd_t v;

	add(set, event, EPOLLIN, 2);
	add(loop, set, EPOLLIN, 1);
	for (int64_t end = now_ms() + 1300; now_ms() < end; n++) {
		must(wait_for(&e, 1, 1000) == 1 && epoll_wait(set, &e, 1, 0) == 1, "told");
		must(eventfd_read(event, &v) == 0 && eventfd_write(event, 1) == 0, "eventfd");
	}
	printf("inner %s\n", n > 1000 ? "often" : "seldom");
}
