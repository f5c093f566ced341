// SPDX-License-Identifier: MIT
/*
 * epoll-slow WAY: a loop that is deaf for what a pipe tells, until epoll=fix slows its waits; and what has to go on as ever then. Prints what came of it. Bare it turns for ever, and
 * ends with "never slow".
 */
#include <sys/time.h>

#include "epoll_slow.h"

enum { ROUNDS = 200 };

int loop;
static int asked[2], answered[2];
static volatile sig_atomic_t handled, inside, wrong;

int hung_up(uint32_t events, uint64_t data)
{
	int p[2];

	must(pipe2(p, O_NONBLOCK) == 0 && close(p[1]) == 0, "pipe2");
	add(loop, p[0], events, data);
	return p[0];
}

int turns_in(int ms)
{
	struct epoll_event e[ROOM];
	int n = 0;

	for (int64_t end = now_ms() + ms; now_ms() < end; n++)
		must(epoll_wait(loop, e, ROOM, 1000) > 0, "told");
	return n;
}

void until_slow(void)
{
	for (int i = 0; i < 20; i++)
		if (turns_in(400) < 100)
			return;
	printf("never slow\n");
	exit(1);
}

/* ---- others are served at once ---- */

static void *asks(void *nothing)
{
	char c;

	for (int i = 0; i < ROUNDS; i++)
		must(write(asked[1], "x", 1) == 1 && read(answered[0], &c, 1) == 1, "asks");
	return nothing;
}

static void answers(const struct epoll_event *e)
{
	char c;

	must(read(asked[0], &c, 1) == 1, "read");
	if (e->events & EPOLLONESHOT || e->data.u64 == DEAF + 1) {
		struct epoll_event again = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = DEAF + 1 };

		must(epoll_ctl(loop, EPOLL_CTL_MOD, asked[0], &again) == 0, "EPOLL_CTL_MOD");
	}
	must(write(answered[1], &c, 1) == 1, "write");
}

/* `deaf` pipes are hung up, and one is asked by, in waits for `room` events. */
static void served(const char *who, int deaf, int room, uint32_t events)
{
	struct epoll_event e[8];
	pthread_t t;
	int served = 0;

	must(pipe(asked) == 0 && pipe(answered) == 0, "pipe");
	for (int i = 0; i < deaf; i++)
		hung_up(EPOLLIN, (uint64_t)i);
	until_slow();
	add(loop, asked[0], EPOLLIN | events, DEAF + (events == EPOLLONESHOT));
	must(pthread_create(&t, NULL, asks, NULL) == 0, "pthread_create");
	while (served < ROUNDS) {
		int n = epoll_wait(loop, e, room, -1);

		for (int i = 0; i < n; i++)
			if (e[i].data.u64 >= DEAF) {
				answers(&e[i]);
				served++;
			}
	}
	pthread_join(t, NULL);
	printf("%s %d, %s\n", who, served, turns_in(400) < 100 * deaf ? "slow" : "fast");
}

/* ---- signals, cancellation, time ---- */

static void note(int number)
{
	(void)number;
	handled++;
	wrong += !inside;
}

static void catch(int number)
{
	struct sigaction a = { .sa_handler = note, .sa_flags = SA_RESTART };

	sigaction(number, &a, NULL);
}

/* A wait that is slowed has events: it ends with them when a signal comes. */
static void interrupted(void)
{
	struct itimerval every = { { 0, 30000 }, { 0, 30000 } };
	struct epoll_event e[ROOM];
	int n = 0, told = 0;

	hung_up(EPOLLIN, 1);
	until_slow();
	catch(SIGALRM);
	inside = 1;
	setitimer(ITIMER_REAL, &every, NULL);
	while (handled < 20) {
		n++;
		told += epoll_wait(loop, e, ROOM, -1) == 1;
	}
	printf("interrupted, %s\n", told < n ? "in vain" : n < 100 ? "each told" : "not slow");
}

static void *kills(void *nothing)
{
	for (;;) {
		usleep(30000);
		kill(getpid(), SIGUSR1);
	}
	return nothing;
}

static int wait_with(int how, const sigset_t *mask)
{
	struct epoll_event e[ROOM];
	static const struct timespec long_time = { 5, 0 };
	int n;

	inside = 1;
	switch (how) {
	case 0:
		n = epoll_pwait(loop, e, ROOM, -1, mask);
		break;
	case 1:
		n = epoll_pwait2(loop, e, ROOM, &long_time, mask);
		break;
	default:
		n = (int)syscall(SYS_epoll_pwait, loop, e, ROOM, 5000, mask, 8L);
		break;
	}
	inside = 0;
	return n;
}

/* The wait's mask counts while it is slowed, and not a moment longer. */
static void masked(void)
{
	sigset_t mask;
	pthread_t t;

	hung_up(EPOLLIN, 1);
	until_slow();
	catch(SIGUSR1);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	must(pthread_create(&t, NULL, kills, NULL) == 0, "pthread_create");
	sigemptyset(&mask);
	for (int how = 0; how < 3; how++)
		for (int before = handled; handled < before + 3;)
			must(wait_with(how, &mask) == 1, "told");
	printf("masked %s, %d wrong\n", handled >= 9 ? "handled" : "not handled", (int)wrong);
}

static int cleaned;

static void clean(void *nothing)
{
	(void)nothing;
	cleaned = 1;
}

static void *deaf_for_ever(void *nothing)
{
	struct epoll_event e[ROOM];

	pthread_cleanup_push(clean, NULL);
	for (;;)
		epoll_wait(loop, e, ROOM, -1);
	pthread_cleanup_pop(1);
	return nothing;
}

static void cancelled(void)
{
	pthread_t t;
	void *r;

	hung_up(EPOLLIN, 1);
	until_slow();
	must(pthread_create(&t, NULL, deaf_for_ever, NULL) == 0, "pthread_create");
	usleep(50000);
	pthread_cancel(t);
	pthread_join(t, &r);
	printf("cancelled %s\n", r == PTHREAD_CANCELED && cleaned ? "cleanly" : "not");
}

/* There is something: no wait may end with nothing. */
static void timed(void)
{
	static const struct timespec precise = { 0, 7000000 };
	struct epoll_event e[ROOM];
	int n = 0;

	hung_up(EPOLLIN, 1);
	until_slow();
	for (int i = 0; i < 10; i++)
		n += epoll_wait(loop, e, ROOM, i) + epoll_pwait2(loop, e, ROOM, &precise, NULL) + (int)syscall(SYS_epoll_pwait, loop, e, ROOM, 5, NULL, 8L);
	printf("timed %d\n", n);
}

/* ---- changed by others ---- */

static int taken_out;

static void *takes_out(void *nothing)
{
	usleep(60000);
	must(syscall(SYS_epoll_ctl, loop, EPOLL_CTL_DEL, taken_out, NULL) == 0, "EPOLL_CTL_DEL");
	usleep(250000);
	must(write(asked[1], "x", 1) == 1, "write");
	return nothing;
}

/* Nothing is there any more: the wait goes on for what comes next. */
static void gone(void)
{
	struct epoll_event e[ROOM];
	pthread_t t;
	int n;

	must(pipe(asked) == 0, "pipe");
	add(loop, asked[0], EPOLLIN, DEAF);
	taken_out = hung_up(EPOLLIN, 1);
	until_slow();
	must(pthread_create(&t, NULL, takes_out, NULL) == 0, "pthread_create");
	do
		n = epoll_wait(loop, e, ROOM, -1);
	while (n == 1 && e[0].data.u64 == 1);
	printf("gone, then %d %s\n", n, e[0].data.u64 == DEAF ? "other" : "the same");
	pthread_join(t, NULL);
}

static volatile int made_once;

static void *makes_once(void *fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = DEAF };

	usleep(70000);
	must(epoll_ctl(loop, EPOLL_CTL_MOD, (int)(intptr_t)fd, &e) == 0, "EPOLL_CTL_MOD");
	made_once = 1;
	return NULL;
}

/* What is slow comes once from now on, with other data: that one event is told. */
static void once(void)
{
	struct epoll_event e[ROOM], back = { .events = EPOLLIN, .data.u64 = 1 };
	int fd = hung_up(EPOLLIN, 1), told = 0;
	pthread_t t;

	for (int i = 0; i < 2; i++) {
		until_slow();
		must(pthread_create(&t, NULL, makes_once, (void *)(intptr_t)fd) == 0, "pthread_create");
		do
			must(epoll_wait(loop, e, ROOM, 5000) == 1, "told");
		while (e[0].data.u64 != DEAF);
		told++;
		pthread_join(t, NULL);
		must(epoll_ctl(loop, EPOLL_CTL_MOD, fd, &back) == 0, "EPOLL_CTL_MOD");
	}
	printf("once %d\n", told);
}

/* A call on it ends it, at once. */
static void acted(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 1 };
	int fd = hung_up(EPOLLIN, 1);

	until_slow();
	must(epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e) == 0, "EPOLL_CTL_MOD");
	printf("acted %s\n", turns_in(300) > 1000 ? "fast" : "slow");
}

/* One event at a time, as small programs ask. */
static void narrow(void)
{
	struct epoll_event e;
	int n = 0;

	hung_up(EPOLLIN, 1);
	for (int64_t end = now_ms() + 3500; now_ms() < end;)
		must(epoll_wait(loop, &e, 1, 1000) == 1, "told");
	for (int64_t end = now_ms() + 400; now_ms() < end; n++)
		must(epoll_wait(loop, &e, 1, 1000) == 1, "told");
	printf("narrow %s\n", n < 1000 ? "slow" : "fast");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = { { "interrupted", interrupted }, { "masked", masked }, { "cancelled", cancelled }, { "timed", timed }, { "gone", gone }, { "once", once }, { "acted", acted }, { "narrow", narrow },
		      { "one-object", one_object }, { "works", works }, { "sends", sends }, { "unseen", unseen }, { "polls", polls }, { "two-sets", two_sets }, { "short-array", short_array },
		      { "filtered", filtered } };
	const char *way = argc > 1 ? argv[1] : "";

	loop = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(way, ways[i].name) == 0)
			return ways[i].run(), 0;
	if (strcmp(way, "few") == 0)
		return served("few", 3, 8, 0), 0;
	if (strcmp(way, "edge") == 0)
		return served("edge", 1, 8, EPOLLET), 0;
	if (strcmp(way, "oneshot") == 0)
		return served("oneshot", 2, 6, EPOLLONESHOT), 0;
	return 2;
}
