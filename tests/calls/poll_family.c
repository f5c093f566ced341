// SPDX-License-Identifier: MIT
/* poll, ppoll, their twins and their numbers. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

int __poll(struct pollfd *fds, nfds_t n, int timeout);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room);

enum way { WAY_POLL, WAY_UNDER_POLL, WAY_POLL_CHK, WAY_PPOLL, WAY_PPOLL_CHK, WAY_NUMBER_PPOLL, WAY_NUMBER_POLL, WAYS };

static int ends[2], full[2];      /* a pipe with nothing in it, and one that takes no more */
static struct timespec last_left; /* what the call left of its timeout */

static bool is_raw(enum way way)
{
	return way == WAY_NUMBER_PPOLL || way == WAY_NUMBER_POLL;
}

static bool takes_mask(enum way way)
{
	return way == WAY_PPOLL || way == WAY_PPOLL_CHK || way == WAY_NUMBER_PPOLL;
}

/* By each of its names. milliseconds < 0: no timeout. */
static long by(enum way way, struct pollfd *fds, nfds_t n, int milliseconds, const sigset_t *mask)
{
	struct timespec ts = { milliseconds / 1000, milliseconds % 1000 * 1000000L }, *time = milliseconds < 0 ? NULL : &ts;
	long ret;

	switch (way) {
	case WAY_POLL:
		ret = poll(fds, n, milliseconds);
		break;
	case WAY_UNDER_POLL:
		ret = __poll(fds, n, milliseconds);
		break;
	case WAY_POLL_CHK:
		ret = __poll_chk(fds, n, milliseconds, (size_t)-1);
		break;
	case WAY_PPOLL:
		ret = ppoll(fds, n, time, mask);
		break;
	case WAY_PPOLL_CHK:
		ret = __ppoll_chk(fds, n, time, mask, (size_t)-1);
		break;
#ifdef SYS_poll
	case WAY_NUMBER_POLL:
		ret = syscall(SYS_poll, fds, n, milliseconds);
		break;
#endif
	default:
		ret = syscall(SYS_ppoll, fds, n, time, mask, 8L);
	}
	last_left = ts;
	return ret;
}

static void the_ready_ones_come_back(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		struct pollfd p[] = { { ends[0], POLLIN, 0x7fff }, { ends[1], POLLOUT | POLLIN, 0 }, { -1, POLLIN, 0x7fff }, { full[1], POLLOUT, 0x7fff } };

		KEEPS_ERRNO(SAME(by(way, p, 4, 1000, NULL), 1));
		SAME(p[0].revents, 0);
		SAME(p[1].revents, POLLOUT);
		SAME(p[2].revents, 0);
		SAME(p[3].revents, 0);
		SAME(write(ends[1], "x", 1), 1);
		KEEPS_ERRNO(SAME(by(way, p, 4, -1, NULL), 2));
		SAME(p[0].revents, POLLIN);
		SAME(p[0].fd, ends[0]);
		SAME(p[0].events, POLLIN);
		SAME(p[2].fd, -1);
		SAME(read(ends[0], &(char){ 0 }, 1), 1);
		SAME(by(way, p, 1, 0, NULL), 0);
		SAME(p[0].revents, 0);
	}
}

/* What is asked for by nobody: NVAL of a closed number, HUP and ERR of a pipe whose other end is gone; again and again, whatever the timeout. */
static void the_unasked_come_back(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		int reader[2], writer[2];
		struct pollfd p[4];

		SAME(pipe(reader), 0);
		SAME(pipe(writer), 0);
		SAME(close(reader[1]), 0);
		SAME(close(writer[0]), 0);
		for (int i = 0; i < 40; i++) {
			p[0] = (struct pollfd){ reader[0], 0, 0 };
			p[1] = (struct pollfd){ writer[1], 0, 0 };
			p[2] = (struct pollfd){ lowest(), POLLIN, 0 };
			p[3] = (struct pollfd){ ends[0], POLLIN, 1 };
			SAME(by(way, p, 4, i % 2 ? -1 : 60000, NULL), 3);
			SAME(p[0].revents, POLLHUP);
			SAME(p[1].revents, POLLERR);
			SAME(p[2].revents, POLLNVAL);
			SAME(p[3].revents, 0);
		}
		SAME(close(reader[0]), 0);
		SAME(close(writer[1]), 0);
	}
}

/* The call alone changes its timeout, and only by number. */
static void the_timeout_is_kept(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		struct pollfd p = { ends[0], POLLIN, 0 }, ready = { ends[1], POLLOUT, 0 };

		KEEPS_ERRNO(SAME(by(way, &p, 1, 5, NULL), 0));
		SAME(last_left.tv_sec, 0);
		SAME(last_left.tv_nsec, way == WAY_NUMBER_PPOLL ? 0 : 5000000);
		SAME(by(way, &ready, 1, 1000000, NULL), 1);
		EXPECT(way == WAY_NUMBER_PPOLL ? last_left.tv_sec < 1000 && last_left.tv_sec >= 0 : last_left.tv_sec == 1000);
		SAME(by(way, &ready, 1, 0, NULL), 1);
		SAME(last_left.tv_sec, 0);
		SAME(last_left.tv_nsec, 0);
	}
	SAME(poll(&(struct pollfd){ ends[1], POLLOUT, 0 }, 1, INT_MIN), 1); /* any negative one is none */
}

static void without_descriptors_it_sleeps(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		KEEPS_ERRNO(SAME(by(way, NULL, 0, 2, NULL), 0));
		SAME(by(way, nowhere(), 0, 0, NULL), 0);
		SAME(by(way, (struct pollfd *)16, 0, 1, NULL), 0);
		SAME(by(way, &(struct pollfd){ -1, POLLIN, 0 }, 1, 1, NULL), 0);
		SAME(by(way, &(struct pollfd){ INT_MIN, POLLIN, 0 }, 1, 1, NULL), 0);
	}
}

static void errors_come_back(void)
{
	struct pollfd p = { ends[1], POLLOUT, 0 };
	struct timespec bad[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 } };
	struct rlimit limit;

	SAME(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (enum way way = 0; way < WAYS; way++) {
		FAILS(by(way, nowhere(), 1, 1000, NULL), EFAULT);
		FAILS(by(way, (struct pollfd *)16, 1, 0, NULL), EFAULT);
		FAILS(by(way, &p, limit.rlim_cur + 1, 1000, NULL), EINVAL);
		FAILS(by(way, &p, (nfds_t)UINT_MAX, 0, NULL), EINVAL);
		SAME(by(way, &p, (nfds_t)1 << 32 | 1, -1, NULL), 1); /* the kernel takes half of it */
	}
	for (int i = 0; i < 3; i++) {
		FAILS(ppoll(&p, 1, &bad[i], NULL), EINVAL);
		FAILS(__ppoll_chk(&p, 1, &bad[i], NULL, sizeof p), EINVAL);
		FAILS(syscall(SYS_ppoll, &p, 1L, &bad[i], NULL, 8L), EINVAL);
	}
	FAILS(syscall(SYS_ppoll, &p, 1L, 16L, NULL, 8L), EFAULT);
	FAILS(syscall(SYS_ppoll, &p, 1L, NULL, 16L, 8L), EFAULT);
	FAILS(syscall(SYS_ppoll, &p, 1L, NULL, &(sigset_t){ { 0 } }, 7L), EINVAL);
}

/* An array that ends with its page, and one that cannot be written to. */
static void nothing_behind_is_touched(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pollfd *p = (struct pollfd *)(pages + 4096) - 2;

	EXPECT(pages != MAP_FAILED);
	SAME(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	for (enum way way = 0; way < WAYS; way++) {
		p[0] = (struct pollfd){ lowest(), 0, 0 };
		p[1] = (struct pollfd){ ends[1], POLLOUT, 0 };
		SAME(by(way, p, 2, -1, NULL), 2);
		SAME(p[0].revents, POLLNVAL);
		SAME(p[1].revents, POLLOUT);
		FAILS(by(way, p, 3, -1, NULL), EFAULT);
		SAME(mprotect(pages, 4096, PROT_READ), 0);
		FAILS(by(way, p, 2, -1, NULL), EFAULT);
		SAME(mprotect(pages, 4096, PROT_READ | PROT_WRITE), 0);
	}
	SAME(munmap(pages, 8192), 0);
}

/* More than fit anywhere but where the program has them. */
static void many_are_asked(void)
{
	enum { MANY = 1000 };
	struct pollfd *p = calloc(MANY, sizeof *p);

	for (enum way way = 0; way < WAYS; way++) {
		for (int i = 0; i < MANY; i++)
			p[i] = (struct pollfd){ i % 3 ? ends[0] : ends[1], POLLIN | POLLOUT, 0x55 };
		p[500].fd = lowest();
		SAME(by(way, p, MANY, 60000, NULL), MANY / 3 + 2);
		SAME(p[0].revents, POLLOUT);
		SAME(p[1].revents, 0);
		SAME(p[500].revents, POLLNVAL);
		SAME(p[MANY - 1].revents, POLLOUT);
	}
	free(p);
}

static volatile int rings;
static volatile enum way handler_way;
static volatile long handler_got;

static void ring(int number)
{
	struct pollfd p = { ends[1], POLLOUT, 0 };

	(void)number;
	rings++;
	handler_got = by(handler_way, &p, 1, -1, NULL);
}

/* Each by a timer that rings until it has ended the wait; its handler polls too. */
static void signals_end_it(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 5000000 }, { 0, 5000000 } };
	timer_t timer = NULL;

	SAME(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	for (enum way way = 0; way < WAYS; way++)
		for (int restarts = 0; restarts < 2; restarts++) {
			struct sigaction action = { .sa_handler = ring, .sa_flags = restarts ? SA_RESTART : 0 };
			struct pollfd p = { ends[0], POLLIN, 0x55 };

			rings = 0;
			handler_got = 0;
			handler_way = way;
			SAME(sigaction(SIGUSR1, &action, NULL), 0);
			SAME(timer_settime(timer, 0, &often, NULL), 0);
			FAILS(by(way, &p, 1, restarts ? -1 : 60000, NULL), EINTR);
			EXPECT(rings > 0);
			SAME(handler_got, 1);
			SAME(timer_settime(timer, 0, &(struct itimerspec){ { 0, 0 }, { 0, 0 } }, NULL), 0);
			EXPECT(restarts || way != WAY_NUMBER_PPOLL || last_left.tv_sec < 60);
		}
	signal(SIGUSR1, SIG_DFL);
	SAME(timer_delete(timer), 0);
}

static void the_mask_is_exchanged(void)
{
	struct sigaction action = { .sa_handler = ring };
	struct pollfd p = { ends[0], POLLIN, 0 };
	sigset_t blocked, open, now;

	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	SAME(sigaction(SIGUSR1, &action, NULL), 0);
	SAME(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	for (enum way way = 0; way < WAYS; way++) {
		if (!takes_mask(way))
			continue;
		rings = 0;
		raise(SIGUSR1);
		SAME(by(way, &p, 1, 1, NULL), 0); /* no mask: it stays blocked */
		SAME(by(way, &p, 1, 1, &blocked), 0);
		SAME(rings, 0);
		FAILS(by(way, &p, 1, -1, &open), EINTR);
		SAME(rings, 1);
		SAME(sigprocmask(SIG_BLOCK, NULL, &now), 0);
		EXPECT(sigismember(&now, SIGUSR1));
		/* What is ready comes first, and the signal stays. */
		raise(SIGUSR1);
		SAME(by(way, &(struct pollfd){ ends[1], POLLOUT, 0 }, 1, -1, &blocked), 1);
		SAME(rings, 1);
		FAILS(by(way, &p, 1, -1, &open), EINTR);
	}
	SAME(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	signal(SIGUSR1, SIG_DFL);
}

static volatile bool waiting, cleaned;

static void clean(void *unused)
{
	(void)unused;
	cleaned = true;
}

/* Waits for what never comes; late: the cancellation is there first. */
static void *waits(void *what)
{
	struct pollfd p = { ends[0], POLLIN, 0 };
	enum way way = (enum way)((long)what % WAYS);
	bool late = (long)what >= WAYS;

	pthread_cleanup_push(clean, NULL);
	if (late)
		pthread_cancel(pthread_self());
	waiting = true;
	by(way, &p, 1, is_raw(way) ? 10 : -1, NULL);
	pthread_cleanup_pop(0);
	return NULL;
}

static bool is_cancelled(enum way way, bool late)
{
	struct timespec moment = { 0, 2000000 };
	pthread_t thread;
	void *result;

	waiting = cleaned = false;
	SAME(pthread_create(&thread, NULL, waits, (void *)((long)way + (late ? WAYS : 0))), 0);
	while (!late && !waiting)
		nanosleep(&moment, NULL);
	if (!late) {
		nanosleep(&moment, NULL);
		pthread_cancel(thread);
	}
	SAME(pthread_join(thread, &result), 0);
	return result == PTHREAD_CANCELED && cleaned;
}

static void it_is_a_cancellation_point(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		SAME(is_cancelled(way, true), !is_raw(way)); /* raw calls are none */
		if (!is_raw(way))
			EXPECT(is_cancelled(way, false));
	}
}

/* A thread with little stack, that waits for many. */
static void *on_little_stack(void *unused)
{
	static struct pollfd p[500];

	(void)unused;
	for (enum way way = 0; way < WAYS; way++) {
		for (int i = 0; i < 500; i++)
			p[i] = (struct pollfd){ ends[0], POLLIN, 0 };
		p[7] = (struct pollfd){ ends[1], POLLOUT, 0 };
		p[8].fd = 9999999;
		for (int i = 0; i < 20; i++)
			SAME(by(way, p, 500, -1, NULL), 2);
		SAME(p[7].revents, POLLOUT);
		SAME(p[8].revents, POLLNVAL);
	}
	return NULL;
}

static void little_stack_is_enough(void)
{
	pthread_attr_t little;
	pthread_t thread;

	SAME(pthread_attr_init(&little), 0);
	SAME(pthread_attr_setstacksize(&little, PTHREAD_STACK_MIN), 0);
	SAME(pthread_create(&thread, &little, on_little_stack, NULL), 0);
	SAME(pthread_join(thread, NULL), 0);
	SAME(pthread_attr_destroy(&little), 0);
}

/* In a child that shares our memory, and in one that does not. */
static void in_children(void)
{
	struct pollfd p[2] = { { ends[1], POLLOUT, 0 }, { none(), POLLIN, 0 } };
	pid_t pid;

	for (enum way way = 0; way < WAYS; way++) {
		pid = vfork();
		if (pid == 0)
			_exit(by(way, p, 2, -1, NULL) != 1);
		SAME(wait_for(pid), 0);
		pid = fork();
		if (pid == 0)
			_exit(by(way, p, 2, -1, NULL) != 1 || p[0].revents != POLLOUT);
		SAME(wait_for(pid), 0);
	}
}

void body(void)
{
	SAME(pipe(ends), 0);
	SAME(pipe2(full, O_NONBLOCK), 0);
	while (write(full[1], "full", 4) > 0)
		;
	RUN(the_ready_ones_come_back);
	RUN(the_unasked_come_back);
	RUN(the_timeout_is_kept);
	RUN(without_descriptors_it_sleeps);
	RUN(errors_come_back);
	RUN(nothing_behind_is_touched);
	RUN(many_are_asked);
	RUN(signals_end_it);
	RUN(the_mask_is_exchanged);
	RUN(it_is_a_cancellation_point);
	RUN(little_stack_is_enough);
	RUN(in_children);
	SAME(close(ends[0]), 0);
	SAME(close(ends[1]), 0);
	SAME(close(full[0]), 0);
	SAME(close(full[1]), 0);
}
