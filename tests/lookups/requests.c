// SPDX-License-Identifier: MIT
/*
 * requests [PART…]: what getaddrinfo_a, gai_suspend, gai_cancel and gai_error do, as lines of text. The script runs it bare and guarded, and compares. The server answers after 50 ms;
 * to silent.test, never.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "requests.h"

static const struct addrinfo streams = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };

const char *name_of(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ 0, "ok" },
		{ EAI_NONAME, "NONAME" },
		{ EAI_AGAIN, "AGAIN" },
		{ EAI_NODATA, "NODATA" },
		{ EAI_SERVICE, "SERVICE" },
		{ EAI_FAMILY, "FAMILY" },
		{ EAI_SYSTEM, "SYSTEM" },
		{ EAI_INPROGRESS, "INPROGRESS" },
		{ EAI_CANCELED, "CANCELED" },
		{ EAI_NOTCANCELED, "NOTCANCELED" },
		{ EAI_ALLDONE, "ALLDONE" },
		{ EAI_INTR, "INTR" },
	};
	static char other[2][16];
	static unsigned turn;

	for (int i = 0; i < COUNT(names); i++)
		if (names[i].error == error)
			return names[i].name;
	snprintf(other[++turn % 2], sizeof(other[0]), "%d", error);
	return other[turn % 2];
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void nap(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0)
		;
}

void print_result(struct gaicb *cb)
{
	char text[INET6_ADDRSTRLEN];
	int error = gai_error(cb);

	printf("  %s %s: %s", cb->ar_name ? cb->ar_name : "-", cb->ar_service ? cb->ar_service : "-", name_of(error));
	for (const struct addrinfo *a = error ? NULL : cb->ar_result; a; a = a->ai_next) {
		const void *at = a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
							 : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;

		printf(" %s/%d/%d/%x:%d%s%s", inet_ntop(a->ai_family, at, text, sizeof(text)), a->ai_socktype,
		       a->ai_protocol, (unsigned)a->ai_flags, ntohs(((struct sockaddr_in *)a->ai_addr)->sin_port),
		       a->ai_canonname ? "=" : "", a->ai_canonname ? a->ai_canonname : "");
	}
	printf("\n");
	if (!error && cb->ar_result)
		freeaddrinfo(cb->ar_result);
}

static struct gaicb many[] = {
	{ .ar_name = "ok.test", .ar_service = "80", .ar_request = &streams },
	{ .ar_name = "chain.test", .ar_service = "http", .ar_request = &streams },
	{ .ar_name = "nx.test" },
	{ .ar_name = "nodata.test", .ar_request = &streams },
	{ .ar_name = "servfail.test" },
	{ .ar_name = "192.0.2.7", .ar_service = "53" },
	{ .ar_name = "here", .ar_request = &streams },
	{ .ar_name = "ok.test", .ar_service = "no-such" },
	{ .ar_service = "80" },
	{ .ar_name = NULL },
	{ .ar_name = "tc.test", .ar_request = &streams },
	{ .ar_name = "..", .ar_request = &streams },
	{ .ar_name = "many.test", .ar_request = &(struct addrinfo){ .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM } },
	{ .ar_name = "st\xc3\xa4rke.test",
	  .ar_request = &(struct addrinfo){ .ai_flags = AI_IDN, .ai_socktype = SOCK_STREAM } },
};

/* list: NULL, a request, NULL, a request … */
static int fill(struct gaicb *list[])
{
	int n = 0;

	for (int i = 0; i < COUNT(many); i++) {
		many[i].ar_result = NULL;
		list[n++] = NULL;
		list[n++] = &many[i];
	}
	return n;
}

static void print_all(void)
{
	for (int i = 0; i < COUNT(many); i++)
		print_result(&many[i]);
}

void wait_for_all(struct gaicb *list[], int n)
{
	for (int i = 0; i < n; i++)
		while (list[i] && gai_error(list[i]) == EAI_INPROGRESS)
			gai_suspend((const struct gaicb *const *)&list[i], 1, NULL);
}

void print_call(const char *what, int error)
{
	printf("%s: %s, %s\n", what, name_of(error), errno == 4711 ? "errno untouched" : strerror(errno));
	errno = 4711;
}

static void part_wait(void)
{
	struct gaicb *list[2 * COUNT(many)];
	int n = fill(list);

	print_call("GAI_WAIT", getaddrinfo_a(GAI_WAIT, list, n, NULL));
	print_all();
	printf("nothing: %s\n", name_of(getaddrinfo_a(GAI_WAIT, list, 0, NULL)));
	printf("NULL alone: %s\n", name_of(getaddrinfo_a(GAI_WAIT, list, 1, NULL)));
}

static void part_nowait(void)
{
	struct gaicb *list[2 * COUNT(many)];
	int n = fill(list);

	print_call("GAI_NOWAIT", getaddrinfo_a(GAI_NOWAIT, list, n, NULL));
	printf("at once: %s\n", name_of(gai_error(&many[0])));
	wait_for_all(list, n);
	print_all();
	printf("suspend, all done: %s\n", name_of(gai_suspend((const struct gaicb *const *)list, n, NULL)));
	printf("suspend, nothing: %s\n", name_of(gai_suspend((const struct gaicb *const *)list, 0, NULL)));
	printf("cancel, done: %s\n", name_of(gai_cancel(&many[0])));
	print_call("no such mode", getaddrinfo_a(7, list, n, NULL));
}

static void part_never(void)
{
	struct gaicb cb = { .ar_name = "ok.test" }, *list[] = { &cb };

	printf("cancel, never asked: %s\n", name_of(gai_cancel(&cb)));
	printf("cancel, NULL: %s\n", name_of(gai_cancel(NULL)));
	printf("suspend, never asked: %s\n", name_of(gai_suspend((const struct gaicb *const *)list, 1, NULL)));
	printf("error, never asked: %s\n", name_of(gai_error(&cb)));
}

struct gaicb silent = { .ar_name = "silent.test" }, quick = { .ar_name = "ok.test" };
struct gaicb *both[] = { &silent, &quick };
const struct gaicb *const *const waited = (const struct gaicb *const *)both;

void start_both(void)
{
	print_call("start", getaddrinfo_a(GAI_NOWAIT, both, 2, NULL));
}

void finish_both(void)
{
	wait_for_all(both, 2);
	print_result(&silent);
	print_result(&quick);
}

static void part_suspend(void)
{
	struct timespec none = { 0 }, little = { .tv_nsec = 100000000 };
	long began;
	int r;

	start_both();
	print_call("suspend, no time", gai_suspend(waited, 2, &none));
	printf("one is over: %s\n", name_of(gai_suspend(waited, 2, NULL)));
	printf("which: %s %s\n", name_of(gai_error(&silent)), name_of(gai_error(&quick)));
	began = now_ms();
	r = gai_suspend(waited, 2, &little);
	printf("one is over, the other is not: %s, %s\n", name_of(r), now_ms() - began >= 100 ? "later" : "at once");
	printf("no time: %s\n", name_of(gai_suspend(waited, 2, &none)));
	finish_both();
}

static volatile sig_atomic_t rung;

static void ring(int number)
{
	(void)number;
	rung = 1;
}

static void *ringer(void *thread)
{
	nap(100);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void interrupted(const char *what, int flags, const struct timespec *timeout)
{
	struct sigaction a = { .sa_handler = ring, .sa_flags = flags };
	pthread_t me = pthread_self(), thread;
	struct gaicb *one[] = { &silent };
	int r;

	sigaction(SIGUSR1, &a, NULL);
	rung = 0;
	getaddrinfo_a(GAI_NOWAIT, one, 1, NULL);
	pthread_create(&thread, NULL, ringer, &me);
	r = gai_suspend((const struct gaicb *const *)one, 1, timeout);
	printf("%s: %s, %s, %s\n", what, name_of(r), rung ? "rung" : "not rung", name_of(gai_error(&silent)));
	pthread_join(thread, NULL);
	wait_for_all(one, 1);
}

static void part_signals(void)
{
	struct timespec little = { .tv_nsec = 400000000 };

	interrupted("a signal", 0, NULL);
	interrupted("a signal, with a timeout", 0, &little);
	interrupted("SA_RESTART", SA_RESTART, NULL);
	interrupted("SA_RESTART, with a timeout", SA_RESTART, &little);
}

/* A request that is under way may be cancelled or not; then it is over, one way or the other. */
static void part_cancel(void)
{
	int r;

	start_both();
	r = gai_cancel(&silent);
	printf("cancel: %s\n", r == EAI_CANCELED || r == EAI_NOTCANCELED ? "one of two" : name_of(r));
	if (r == EAI_CANCELED)
		printf("%s\n", gai_error(&silent) == EAI_CANCELED ? "as it said" : "but it is not");
	else
		printf("%s\n", gai_error(&silent) == EAI_INPROGRESS ? "as it said" : "but it is");
	wait_for_all(both, 2);
	printf("again: %s\n", name_of(gai_cancel(&silent)));
	print_result(&quick);
}

static _Atomic int told;
static siginfo_t told_info;
static void *told_value;
static int told_blocked;

static void take_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	told_info = *info;
	told++;
}

static void take_thread(union sigval value)
{
	sigset_t blocked;

	told_value = value.sival_ptr;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	for (int i = 1; i < SIGRTMAX; i++)
		told_blocked += sigismember(&blocked, i) == 1;
	told++;
}

static void wait_until_told(void)
{
	for (int i = 0; i < 5000 && !told; i++)
		nap(1);
	nap(50);
}

static void part_events(void)
{
	struct sigaction a = { .sa_sigaction = take_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 42 };
	struct gaicb *list[2 * COUNT(many)];
	int n = fill(list);

	sigaction(SIGUSR2, &a, NULL);
	printf("a signal: %s\n", name_of(getaddrinfo_a(GAI_NOWAIT, list, n, &event)));
	wait_until_told();
	printf("told %d times: signal %d, code %d, value %d, %s, %s\n", told, told_info.si_signo == SIGUSR2,
	       told_info.si_code, told_info.si_value.sival_int,
	       told_info.si_pid == getpid() ? "from here" : "from elsewhere",
	       told_info.si_uid == getuid() ? "of mine" : "of somebody's");
	print_all();
	told = 0;
	printf("for nothing: %s", name_of(getaddrinfo_a(GAI_NOWAIT, list, 1, &event)));
	wait_until_told();
	printf(", told %d times\n", told);
	told = 0;
	event = (struct sigevent){ .sigev_notify = SIGEV_THREAD,
				   .sigev_notify_function = take_thread,
				   .sigev_value.sival_ptr = &told };
	fill(list);
	printf("a thread: %s\n", name_of(getaddrinfo_a(GAI_NOWAIT, list, n, &event)));
	wait_until_told();
	printf("told %d times: %s, %d signals blocked\n", told, told_value == &told ? "the value" : "another value",
	       told_blocked);
	print_all();
	told = 0;
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGUSR2;
	fill(list);
	printf("GAI_WAIT: %s", name_of(getaddrinfo_a(GAI_WAIT, list, n, &event)));
	nap(50);
	printf(", told %d times\n", told);
	print_all();
}

static void part_fork(void)
{
	int status = 0, child;

	start_both();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		nap(300);
		printf("in a child: %s %s\n", name_of(gai_error(&silent)), name_of(gai_error(&quick)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	printf("the child: %d\n", status);
	finish_both();
}

int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void part_left(void)
{
	int before = entries("/proc/self/fd");

	start_both();
	wait_for_all(both, 2);
	for (int i = 0; i < 20 && entries("/proc/self/fd") > before; i++) /* a log, while a finding is written */
		nap(10);
	printf("descriptors: %d more\n", entries("/proc/self/fd") - before);
	for (int i = 0; i < 40 && entries("/proc/self/task") > 3; i++)
		nap(100);
	printf("threads: %d\n", entries("/proc/self/task") - 2);
}

static void *suspends(void *done)
{
	struct gaicb *one[] = { &silent };

	gai_suspend((const struct gaicb *const *)one, 1, NULL);
	*(volatile bool *)done = true;
	return NULL;
}

static void part_cancelled(void)
{
	struct gaicb *one[] = { &silent };
	pthread_t thread;
	bool done = false;

	getaddrinfo_a(GAI_NOWAIT, one, 1, NULL);
	pthread_create(&thread, NULL, suspends, &done);
	nap(100);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	printf("a cancelled thread in gai_suspend: %s\n", done ? "waited for the end" : "left");
	wait_for_all(one, 1);
}

static char early[128];

__attribute__((constructor)) static void begin(void)
{
	struct gaicb wait = { .ar_name = "192.0.2.9" }, nowait = { .ar_name = "here" }, *one[] = { &wait },
		     *other[] = { &nowait };
	int r = getaddrinfo_a(GAI_WAIT, one, 1, NULL), n = getaddrinfo_a(GAI_NOWAIT, other, 1, NULL);

	wait_for_all(other, 1);
	snprintf(early, sizeof(early), "before main: %s %s, %s %s", name_of(r), name_of(gai_error(&wait)), name_of(n),
		 name_of(gai_error(&nowait)));
}

static void part_early(void)
{
	puts(early);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "early", part_early },         { "wait", part_wait },
		{ "nowait", part_nowait },       { "never", part_never },
		{ "suspend", part_suspend },     { "signals", part_signals },
		{ "cancel", part_cancel },       { "events", part_events },
		{ "fork", part_fork },           { "left", part_left },
		{ "cancelled", part_cancelled }, { "fork-again", part_fork_again },
		{ "leaps", part_leaps },         { "leaps-wait", part_leaps_wait },
		{ "leaps-list", part_leaps_list }, { "stopped", part_stopped },
		{ "closed", part_closed },       { "few", part_few },
		{ "loop", part_loop },           { "often", part_often },
	};

	errno = 4711;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int a = 1; a < argc; a++)
		for (int i = 0; i < COUNT(parts); i++)
			if (strcmp(argv[a], parts[i].name) == 0) {
				printf("# %s\n", parts[i].name);
				parts[i].run();
			}
	return 0;
}
