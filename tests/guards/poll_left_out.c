// SPDX-License-Identifier: MIT
/*
 * poll-left-out WAY: the loop of poll_twin.h with a number that is not open, and then, when that may be left out of the waits: what the program sees, and what bare poll
 * would have shown.
 */
#include "poll_twin.h"

#include <pthread.h>
#include <signal.h>

/* The number is opened again, by the loop's own thread or by another, in the middle of a wait. */
static int saw_it(void)
{
	for (int64_t end = now_ms() + 5000; now_ms() < end;)
		if (wait_once() >= 1 && fds[1].revents == POLLIN && fds[1].fd >= 0)
			return 1;
	return 0;
}

static void *open_again(void *nothing)
{
	int ends[2];

	(void)nothing;
	must(pipe(ends) == 0 && write(ends[1], "x", 1) == 1, "pipe");
	if (ends[0] != fds[1].fd) {
		must(ends[1] != fds[1].fd && dup2(ends[0], fds[1].fd) == fds[1].fd, "dup2");
		close(ends[0]);
	}
	return NULL;
}

static void *open_later(void *nothing)
{
	usleep(30000);
	return open_again(nothing);
}

static void reopened(int by_other)
{
	pthread_t t;

	nval();
	run(NULL);
	if (by_other)
		must(pthread_create(&t, NULL, open_later, NULL) == 0, "pthread_create");
	else
		open_again(NULL);
	printf(saw_it() ? ", then opened" : ", then lost");
	if (by_other)
		pthread_join(t, NULL);
	close(fds[1].fd);
	printf(wait_once() == 1 && fds[1].revents == POLLNVAL ? ", then closed" : ", then not closed");
}

static void ring(int number)
{
	(void)number;
}

/* A signal ends the wait, as it ends one of open descriptors. */
static void interrupted(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { { 0, 5000000 }, { 0, 5000000 } };
	timer_t timer = NULL;
	int ended = 0;

	nval();
	run(NULL);
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ring }, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer");
	must(timer_settime(timer, 0, &soon, NULL) == 0, "timer_settime");
	for (int i = 0; i < 100; i++)
		ended += poll(fds, count, -1) < 0 && errno == EINTR && fds[0].revents == 0 && fds[1].revents == 0 && fds[1].fd >= 0;
	timer_delete(timer);
	printf(ended ? ", then interrupted" : ", then told");
}

static void *wait_for_ever(void *nothing)
{
	while (nothing == NULL) /* no other cancellation point */
		poll(fds, count, -1);
	return NULL;
}

static void cancelled(void)
{
	pthread_t t;

	nval();
	run(NULL);
	must(pthread_create(&t, NULL, wait_for_ever, NULL) == 0, "pthread_create");
	usleep(20000);
	pthread_cancel(t);
	pthread_join(t, NULL);
	printf(", then cancelled");
}

static void in_thread(void)
{
	pthread_attr_t little;
	pthread_t t;

	nval_many();
	must(pthread_attr_init(&little) == 0 && pthread_attr_setstacksize(&little, 16384) == 0, "pthread_attr");
	must(pthread_create(&t, &little, run, NULL) == 0, "pthread_create");
	pthread_join(t, NULL);
}

/* What is left of the timeout, by number. */
static void left(void)
{
	struct timespec t = { 5, 0 };
	long r;

	nval();
	run(NULL);
	r = syscall(SYS_ppoll, fds, count, &t, NULL, 8L);
	printf(r == 1 && fds[1].revents == POLLNVAL && t.tv_sec == 4 ? ", then some is left" : ", then it is wrong");
}

/* After a wait that is not the first, and next to nothing else: it is one of those that leave something out, but where the machine has no time for us. */
static void say_ended(const sigset_t *mask, int by_number)
{
	int ended = 0;

	for (int i = 0; i < 50 && !ended; i++) {
		must(poll(fds, count, 1) == 1, "told");
		ended = (by_number ? (int)syscall(SYS_ppoll, fds, count, NULL, mask, 8L) : ppoll(fds, count, NULL, mask)) < 0 && errno == EINTR;
	}
	printf(ended ? ", then interrupted" : ", then told");
}

/* Errors, the mask and a timeout of its own are what they are in a wait of which nothing is left out. */
static void exact(void)
{
	struct pollfd *volatile nowhere = (struct pollfd *)16;
	struct timespec soon = { 0, 20000000 };
	struct rlimit limit;
	sigset_t usr1, none;

	nval();
	run(NULL);
	printf(poll(fds, count, 20) == 1 && fds[1].revents == POLLNVAL ? ", then told" : ", then passed");
	must(poll(nowhere, 1, -1) < 0 && errno == EFAULT, "EFAULT");
	must(getrlimit(RLIMIT_NOFILE, &limit) == 0 && poll(fds, limit.rlim_cur + 1, -1) < 0, "too many");
	must(ppoll(fds, count, &(struct timespec){ 0, -1 }, NULL) < 0 && errno == EINVAL, "EINVAL");
	must(poll(fds, count, 0) == 1 && fds[1].revents == POLLNVAL, "who does not wait is told at once");
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ring }, NULL) == 0, "sigaction");
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0 && raise(SIGUSR1) == 0, "raise");
	must(ppoll(fds, count, &soon, &usr1) >= 0 && ppoll(fds, count, &soon, NULL) >= 0, "a signal that is blocked");
	must(syscall(SYS_ppoll, fds, count, &soon, &usr1, 8L) >= 0, "a signal that is blocked, by number");
	soon.tv_nsec = 20000000;
	must(syscall(SYS_ppoll, fds, count, &soon, NULL, 7L) >= 0, "without a mask its size is nothing");
	must(syscall(SYS_ppoll, fds, count, &soon, &none, 7L) < 0 && errno == EINVAL, "the size of a mask");
	say_ended(&none, 0);
	raise(SIGUSR1);
	say_ended(&none, 1);
}

static void reopened_here(void)
{
	reopened(0);
}

static void reopened_by_other(void)
{
	reopened(1);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*go)(void);
	} ways[] = {
		{ "reopened", reopened_here }, { "reopened-by-other", reopened_by_other }, { "interrupted", interrupted }, { "cancelled", cancelled },
		{ "in-thread", in_thread }, { "left", left }, { "exact", exact },
	};

	if (argc > 2)
		name = argv[2];
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].go();
			return putchar('\n') == EOF;
		}
	fprintf(stderr, "no such way\n");
	return 99;
}
