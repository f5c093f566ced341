// SPDX-License-Identifier: MIT
/* Loops that are deaf for a while, whose waits the fix slows, and then go on: waited on from outside, changed by another thread, behind libc's back; and what a worker serves. */
#include <poll.h>
#include <sys/select.h>

#include "epoll_right.h"

/* A pipe that is told of for ever. */
static int hung_up(uint32_t events, uint64_t data)
{
	int p[2];

	must(pipe(p) == 0 && close(p[1]) == 0, "pipe");
	add(loop, p[0], events, data);
	return p[0];
}

/* ---- from outside ---- */

static int outer;

static int by_poll(void)
{
	struct pollfd p = { loop, POLLIN, 0 };

	return poll(&p, 1, 1500);
}

static int by_select(void)
{
	struct timeval t = { 1, 500000 };
	fd_set f;

	FD_ZERO(&f);
	FD_SET(loop, &f);
	return select(loop + 1, &f, NULL, NULL, &t);
}

static int by_outer(void)
{
	struct epoll_event e;

	return epoll_wait(outer, &e, 1, 1500);
}

static void from_outside(const char *who, int (*wait_outside)(void))
{
	struct epoll_event e[ROOM];
	int in_vain = 0;

	hung_up(EPOLLIN, 1);
	if (wait_outside == by_outer) {
		outer = epoll_create1(EPOLL_CLOEXEC);
		add(outer, loop, EPOLLIN, 0);
	}
	for (int64_t end = now_ms() + 2600; now_ms() < end && !in_vain;) {
		in_vain = wait_outside() != 1;
		must(in_vain || wait_for(e, ROOM, -1) == 1, "told");
	}
	printf("%s %s\n", who, in_vain ? "in vain" : "told");
}

void polled(void)
{
	from_outside("polled", by_poll);
}

void selected(void)
{
	from_outside("selected", by_select);
}

void enclosed(void)
{
	from_outside("enclosed", by_outer);
}

/* ---- changed meanwhile ---- */

static volatile int stop;

static void *turn(void *nothing)
{
	struct epoll_event e[ROOM];

	while (!stop)
		wait_for(e, ROOM, 100);
	return nothing;
}

static int is_kept(int fd, uint64_t data, uint32_t events)
{
	char path[64], text[4096], line[128];
	int file;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", loop);
	file = open(path, O_RDONLY);
	n = read(file, text, sizeof text - 1);
	close(file);
	text[n > 0 ? n : 0] = 0;
	snprintf(line, sizeof line, "tfd: %8d events: %8x data: %16llx", fd, events | EPOLLERR | EPOLLHUP, (unsigned long long)data);
	return strstr(text, line) != NULL;
}

/* Each change counts, though another thread may be told of the old one at that moment; and the kernel has the program's own mask and data at any time. */
void raced(void)
{
	enum { MANY = 8 };
	pthread_t t[2];
	uint64_t data[MANY];
	int fd[MANY], wrong = 0;
	struct epoll_event e = { .events = 0 };

	for (int i = 0; i < MANY; i++)
		fd[i] = hung_up(0, data[i] = (uint64_t)i << 32);
	for (int i = 0; i < 2; i++)
		must(pthread_create(&t[i], NULL, turn, NULL) == 0, "pthread_create");
	usleep(2500000);
	for (int64_t end = now_ms() + 2500; now_ms() < end; usleep((unsigned)(data[0] * 7 % 300)))
		for (int i = 0; i < MANY; i++) {
			e.data.u64 = ++data[i];
			must(epoll_ctl(loop, EPOLL_CTL_MOD, fd[i], &e) == 0, "EPOLL_CTL_MOD");
			if (data[i] % 16 == 0)
				for (int k = 0; k < MANY; k++)
					wrong += !is_kept(fd[k], data[k], 0);
		}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("raced %d wrong\n", wrong);
}

/* What is changed behind libc is left alone. */
void unseen(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLPRI, .data.u64 = 1 }, told[ROOM];
	int fd = hung_up(EPOLLIN, 1);
	long ret = -1;

#if defined(__x86_64__)
	register struct epoll_event *r10 __asm__("r10") = &e;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_epoll_ctl), "D"((long)loop), "S"((long)EPOLL_CTL_MOD), "d"((long)fd), "r"(r10) : "rcx", "r11", "memory");
#else
	ret = epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e);
#endif
	must(ret == 0, "MOD");
	for (int64_t end = now_ms() + 2600; now_ms() < end;)
		must(wait_for(told, ROOM, 100) == 1, "told");
	printf("unseen %s\n", is_kept(fd, 1, EPOLLIN | EPOLLPRI) ? "as it was" : "changed");
}

/* ---- those who serve what the one that registered it has closed ---- */

static int listens(struct sockaddr_in *ret)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof *ret;

	*ret = loopback();
	must(bind(s, (struct sockaddr *)ret, len) == 0 && listen(s, 8) == 0 && getsockname(s, (struct sockaddr *)ret, &len) == 0, "listen");
	add(loop, s, EPOLLIN, (uint64_t)(unsigned)s);
	return s;
}

static void visit(const struct sockaddr_in *a)
{
	for (int i = 0; i < 3; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);

		must(connect(s, (const struct sockaddr *)a, sizeof *a) == 0, "connect");
		close(s);
	}
}

static void serve(const char *who)
{
	struct epoll_event e;
	int got = 0;

	for (; got < 3 && wait_for(&e, 1, 1500) == 1; got++)
		close(accept(e.data.fd, NULL, NULL));
	printf("%s %d\n", who, got);
	fflush(stdout);
}

/* Its child is gone; a child of that one begins to serve after a while. */
static void of_two_forks(const char *who, int waits)
{
	struct sockaddr_in a;
	int listener = listens(&a), over[2];
	struct epoll_event e[ROOM];
	pid_t child;
	char c;

	must(pipe(over) == 0, "pipe");
	child = fork();
	if (child == 0) {
		if (fork() != 0)
			_exit(0);
		usleep(1200000);
		serve(who);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	close(over[1]);
	close(listener);
	visit(&a);
	for (int64_t end = now_ms() + 1000; waits && now_ms() < end;)
		wait_for(e, ROOM, 100);
	must(read(over[0], &c, 1) == 0, "read");
}

void descendant(void)
{
	of_two_forks("descendant", 0);
}

void descendant_of_a_waiter(void)
{
	of_two_forks("descendant-of-a-waiter", 1);
}

static void of_an_image(const char *who, int waits)
{
	struct epoll_event e[ROOM];
	struct sockaddr_in a;
	char number[16];
	int listener;
	pid_t child;

	if (getenv("LOOP")) {
		loop = atoi(getenv("LOOP"));
		if (waits)
			usleep(1500000);
		serve(who);
		return;
	}
	loop = fcntl(loop, F_DUPFD, 3);
	listener = listens(&a);
	snprintf(number, sizeof number, "%d", loop);
	setenv("LOOP", number, 1);
	child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "epoll-right", who, (char *)NULL);
		_exit(98);
	}
	usleep(500000);
	close(listener);
	visit(&a);
	for (int64_t end = now_ms() + 800; waits && now_ms() < end;)
		wait_for(e, ROOM, 100);
	waitpid(child, NULL, 0);
}

/* It is started by a shell that ends. */
void shells_worker(void)
{
	struct sockaddr_in a;
	char number[16], c;
	int listener, over[2];

	if (getenv("LOOP")) {
		loop = atoi(getenv("LOOP"));
		usleep(1000000);
		serve("shells-worker");
		return;
	}
	must(pipe(over) == 0, "pipe");
	listener = listens(&a);
	snprintf(number, sizeof number, "%d", loop);
	setenv("LOOP", number, 1);
	if (fork() == 0) {
		execl("/bin/sh", "sh", "-c", "epoll-right shells-worker &", (char *)NULL);
		_exit(98);
	}
	must(wait(NULL) > 0, "wait");
	usleep(200000);
	close(over[1]);
	close(listener);
	visit(&a);
	must(read(over[0], &c, 1) == 0, "read");
}

void worker(void)
{
	of_an_image("worker", 0);
}

void worker_of_a_waiter(void)
{
	of_an_image("worker-of-a-waiter", 1);
}
