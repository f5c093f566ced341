// SPDX-License-Identifier: MIT
/* Loops that are deaf for a while, whose waits the fix slows, and then go on: waited on from outside, changed by another thread, behind libc's back; and what a worker serves. */
#include <poll.h>
#include <sys/select.h>

#include "epoll_right.h"

/* A pipe with data that is told of for ever. */
static int hung_up(uint32_t events, uint64_t data)
{
	int p[2];

	must(pipe(p) == 0 && write(p[1], "data", 4) == 4 && close(p[1]) == 0, "pipe");
	add(loop, p[0], events, data);
	return p[0];
}

static void read_all(const char *who, int fd)
{
	char some[8] = "";

	must(read(fd, some, 7) >= 0, "read");
	printf("%s %s\n", who, *some ? some : "nothing");
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
	struct epoll_event e;
	int fd = hung_up(EPOLLIN, 1), in_vain = 0;

	if (wait_outside == by_outer) {
		outer = epoll_create1(EPOLL_CLOEXEC);
		add(outer, loop, EPOLLIN, 0);
	}
	for (int64_t end = now_ms() + 3300; now_ms() < end && !in_vain;) {
		in_vain = wait_outside() != 1;
		must(in_vain || wait_for(&e, 1, -1) == 1, "told");
	}
	if (in_vain)
		printf("%s in vain\n", who);
	else
		read_all(who, fd);
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
	struct epoll_event e[8];

	while (!stop)
		wait_for(e, 8, 100);
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
	struct epoll_event e = { .events = EPOLLIN | EPOLLPRI, .data.u64 = 1 };
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
		must(wait_for(&e, 1, 100) == 1, "told");
	printf("unseen %s\n", is_kept(fd, 1, EPOLLIN | EPOLLPRI) ? "as it was" : "changed");
}

/* ---- a worker that was executed serves it ---- */

static void serve(void)
{
	struct epoll_event e;
	int got = 0;

	loop = atoi(getenv("LOOP"));
	for (; got < 3 && wait_for(&e, 1, 1500) == 1; got++)
		close(accept(e.data.fd, NULL, NULL));
	printf("worker %d\n", got);
}

void worker(void)
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof a;
	char number[16];
	int listener;
	pid_t child;

	if (getenv("LOOP")) {
		serve();
		return;
	}
	loop = fcntl(loop, F_DUPFD, 3);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(listener, (struct sockaddr *)&a, len) == 0 && listen(listener, 8) == 0 && getsockname(listener, (struct sockaddr *)&a, &len) == 0, "listen");
	add(loop, listener, EPOLLIN, (uint64_t)(unsigned)listener);
	snprintf(number, sizeof number, "%d", loop);
	setenv("LOOP", number, 1);
	child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "epoll-right", "worker", (char *)NULL);
		_exit(98);
	}
	usleep(500000);
	close(listener);
	for (int i = 0; i < 3; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);

		must(connect(s, (struct sockaddr *)&a, len) == 0, "connect");
		close(s);
	}
	waitpid(child, NULL, 0);
}
