// SPDX-License-Identifier: MIT
/*
 * A signal every 200 microseconds interrupts wrapped calls in two threads, and its handler makes the same calls. Both must see right
 * results and their own errno.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

enum { SECONDS = 2 };

static volatile long handled, wrong, worked;

#define MUST(condition) \
	do { \
		if (!(condition)) \
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED), last_wrong = __LINE__; \
	} while (0)
static volatile int last_wrong;

/* Every call here is async-signal-safe. Each leaves errno alone when it succeeds, and sets it when it does not. */
static void calls(int mark)
{
	int fd, copy, pair[2];

	errno = mark;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(fd >= 0 && errno == mark);
	MUST(fcntl(fd, F_GETFD) == 0 && errno == mark);
	copy = dup(fd);
	MUST(copy >= 0 && copy != fd && errno == mark);
	MUST(fcntl(copy, F_SETFD, FD_CLOEXEC) == 0 && fcntl(copy, F_GETFD) == FD_CLOEXEC && errno == mark);
	MUST(dup2(fd, copy) == copy && fcntl(copy, F_GETFD) == 0 && errno == mark);
	MUST(close(copy) == 0 && errno == mark);
	MUST(close(fd) == 0 && errno == mark);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	MUST(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && errno == mark);
	MUST(close(fd) == 0 && errno == mark);
	MUST(pipe(pair) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0 && errno == mark);
	fd = epoll_create1(0);
	MUST(fd >= 0 && fcntl(fd, F_GETFD) == 0 && close(fd) == 0 && errno == mark);
	MUST(close(-1) == -1 && errno == EBADF);
	MUST(open("/nonexistent", O_RDONLY) == -1 && errno == ENOENT);
	MUST(socket(4711, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT);
}

static void on_alarm(int number)
{
	int error = errno;

	calls(20000 + number);
	handled++;
	errno = error;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void *work(void *unused)
{
	double end = now() + SECONDS;

	(void)unused;
	while (now() < end) {
		calls(30000);
		worked++;
	}
	return NULL;
}

/* A child of either sort, begun while signals come. */
static void *forks(void *unused)
{
	double end = now() + SECONDS;

	(void)unused;
	while (now() < end) {
		pid_t pid = fork();

		if (pid == 0) {
			calls(31000);
			_exit(wrong != 0);
		}
		MUST(wait_for(pid) == 0);
		pid = vfork();
		if (pid == 0)
			_exit(7);
		MUST(wait_for(pid) == 7);
	}
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	pthread_t threads[2];
	int first = lowest();

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	pthread_create(&threads[0], NULL, work, NULL);
	pthread_create(&threads[1], NULL, forks, NULL);
	work(NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%ld rounds, %ld signals, %ld wrong (last at line %d)\n", worked, handled, wrong, last_wrong);
	return wrong != 0 || handled < 500 || worked < 500 || lowest() != first;
}
