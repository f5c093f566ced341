// SPDX-License-Identifier: MIT
/*
 * A program that is linked statically, so that no preload gets into it. acts ACT [ARG…]: does one thing, and says what came of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(99);
}

/* ---- modes of descriptors ---- */

static void make_pair(int pair[2])
{
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
}

static void tell_mode(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	printf("%s%s\n", flags & O_NONBLOCK ? "non-blocking" : "blocking", flags & O_APPEND ? " append" : "");
}

/* A copy made in a way that `how` names, turned blocking; COUNT descriptions. */
static int act_copy(int argc, char *argv[])
{
	const char *how = argc > 0 ? argv[0] : "dup";
	int pair[2] = { -1, -1 }, copy = -1, zero = 0, r = -1, extra = strstr(how, "append") ? O_APPEND : strstr(how, "direct") ? O_DIRECT : 0;

	for (int n = argc > 1 ? atoi(argv[1]) : 1; n > 0; n--) {
		make_pair(pair);
		copy = strncmp(how, "dupfd", 5) == 0 ? fcntl(pair[0], F_DUPFD_CLOEXEC, 0) : strncmp(how, "dup2", 4) == 0 ? dup2(pair[0], 200) :
		       strncmp(how, "dup3", 4) == 0 ? dup3(pair[0], 200, O_CLOEXEC) : dup(pair[0]);
		need(copy >= 0, "copy");
		if (strstr(how, "fionbio"))
			r = ioctl(copy, FIONBIO, &zero);
		else
			r = fcntl(copy, F_SETFL, extra);
		need(r == 0, "change");
		if (n > 1)
			close(pair[0]), close(pair[1]), close(copy);
	}
	printf("fd %d copy %d ", pair[0], copy);
	tell_mode(pair[0]);
	return 0;
}

/* COUNT are copied, and only then are the copies turned blocking: how many of the first are still non-blocking? */
static int act_batch(int argc, char *argv[])
{
	int count = argc > 0 ? atoi(argv[0]) : 300, pair[2], left = 0, *fd = calloc((size_t)count, 2 * sizeof(*fd));

	need(fd != NULL, "calloc");
	for (int i = 0; i < count; i++) {
		make_pair(pair);
		close(pair[1]);
		fd[2 * i] = pair[0];
	}
	for (int i = 0; i < count; i++)
		need((fd[2 * i + 1] = dup(fd[2 * i])) >= 0, "dup");
	for (int i = 0; i < count; i++)
		need(fcntl(fd[2 * i + 1], F_SETFL, 0) == 0, "F_SETFL");
	for (int i = 0; i < count; i++)
		left += (fcntl(fd[2 * i], F_GETFL) & O_NONBLOCK) != 0;
	printf("%d of %d\n", left, count);
	return 0;
}

/* What is no bug: nobody shares it; it stays non-blocking; it was blocking before. */
static int act_right(int argc, char *argv[])
{
	int pair[2], one = 1, copy;

	(void)argc, (void)argv;
	make_pair(pair);
	need(fcntl(pair[0], F_SETFL, 0) == 0, "F_SETFL alone");
	copy = dup(pair[0]);
	need(fcntl(copy, F_SETFL, 0) == 0, "F_SETFL again");
	close(copy);
	copy = dup(pair[1]);
	need(fcntl(copy, F_SETFL, O_NONBLOCK) == 0, "F_SETFL non-blocking");
	need(ioctl(copy, FIONBIO, &one) == 0, "FIONBIO 1");
	close(copy);
	need(fcntl(pair[1], F_SETFL, 0) == 0, "F_SETFL of what has no copy any more");
	tell_mode(pair[1]);
	return 0;
}

/* A forked child turns what it has of its parent blocking; with an argument: a copy that its parent made, of what it has itself too. */
static int act_child(int argc, char *argv[])
{
	int pair[2], status, fd;
	pid_t child;

	(void)argv;
	make_pair(pair);
	fd = argc > 0 ? dup(pair[0]) : pair[0];
	child = fork();
	need(child >= 0, "fork");
	if (child == 0)
		_exit(fcntl(fd, F_SETFL, 0) != 0);
	need(waitpid(child, &status, 0) == child && status == 0, "child");
	tell_mode(pair[0]);
	return 0;
}

/* Which descriptor a signal names: the one by which F_SETFL asked for it. */
static volatile sig_atomic_t named = -1;

static void take_name(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	named = info->si_fd;
}

static int act_async(int argc, char *argv[])
{
	struct sigaction action = { .sa_sigaction = take_name, .sa_flags = SA_SIGINFO };
	int pair[2], copy;

	(void)argc, (void)argv;
	make_pair(pair);
	copy = fcntl(pair[0], F_DUPFD_CLOEXEC, 20);
	sigaction(SIGUSR1, &action, NULL);
	need(copy == 20 && fcntl(copy, F_SETOWN, getpid()) == 0 && fcntl(copy, F_SETSIG, SIGUSR1) == 0, "F_SETSIG");
	need(fcntl(copy, F_SETFL, O_ASYNC) == 0, "F_SETFL");
	need(write(pair[1], "x", 1) == 1, "write");
	for (int i = 0; i < 200 && named < 0; i++)
		poll(NULL, 0, 10);
	printf("named %d\n", named);
	return 0;
}

/* A thread with descriptors of its own, whose numbers mean another thing to the others. */
static void *turn_its_own(void *cookie)
{
	int pair[2], fd = *(int *)cookie;

	need(unshare(CLONE_FILES) == 0, "unshare");
	make_pair(pair);
	need(dup2(pair[0], fd) == fd && close(pair[0]) == 0, "dup2");
	need(fcntl(fd, F_SETFL, 0) == 0, "F_SETFL");
	tell_mode(fd);
	return NULL;
}

static int act_apart(int argc, char *argv[])
{
	pthread_t thread;
	int pair[2], copy;

	(void)argc, (void)argv;
	make_pair(pair);
	copy = dup(pair[0]);
	need(pthread_create(&thread, NULL, turn_its_own, &copy) == 0, "pthread_create");
	pthread_join(thread, NULL);
	tell_mode(copy);
	return 0;
}

/* ---- what a process is born with ---- */

static void tell_set(const char *name, const sigset_t *set)
{
	printf("%s:", name);
	for (int i = 1; i < 65; i++)
		if (sigismember(set, i) == 1)
			printf(" %d", i);
	putchar('\n');
}

static int act_born(int argc, char *argv[])
{
	sigset_t set, ignored;
	struct sigaction action;

	(void)argc, (void)argv;
	sigprocmask(SIG_BLOCK, NULL, &set);
	tell_set("blocked", &set);
	sigpending(&set);
	tell_set("pending", &set);
	sigemptyset(&ignored);
	for (int i = 1; i < 65; i++)
		if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			sigaddset(&ignored, i);
	tell_set("ignored", &ignored);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("open: %d flags %d mode %o\n", fd, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
	printf("leads its group: %d, its session: %d\n", getpgrp() == getpid(), getsid(0) == getpid());
	printf("in the foreground: %d\n", tcgetpgrp(0) == getpgrp());
	printf("death signal, dumpable, reaper: ");
	prctl(PR_GET_PDEATHSIG, &argc);
	printf("%d %d ", argc, prctl(PR_GET_DUMPABLE));
	prctl(PR_GET_CHILD_SUBREAPER, &argc);
	printf("%d\n", argc);
	printf("umask %03o\n", (unsigned)umask(0));
	printf("no child: %d\n", wait(NULL) == -1 && errno == ECHILD);
	printf("parent: %d\n", (int)getppid());
	return 0;
}

/* N threads, each with calls that are told of, which must do what they say. */
static void *flip(void *cookie)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), ok = fd >= 0;

	for (int i = 0; i < *(int *)cookie; i++) {
		ok &= fcntl(fd, F_SETFL, 0) == 0;
		ok &= fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
		ok &= (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
	}
	close(fd);
	return (void *)(long)ok;
}

static int act_threads(int argc, char *argv[])
{
	int n = argc > 0 ? atoi(argv[0]) : 100, each = argc > 1 ? atoi(argv[1]) : 10, good = 0;
	pthread_t *thread = calloc((size_t)n, sizeof(*thread));
	pthread_attr_t small;
	void *ok;

	need(thread != NULL, "calloc");
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	for (int i = 0; i < n; i++)
		need((errno = pthread_create(&thread[i], &small, flip, &each)) == 0, "pthread_create");
	for (int i = 0; i < n; i++) {
		pthread_join(thread[i], &ok);
		good += ok != NULL;
	}
	printf("%d of %d\n", good, n);
	return good != n;
}

/* Flips and starts programs until FILE is there, or its parent is not. */
static int act_busy(int argc, char *argv[])
{
	int pair[2], status, fd;
	struct stat st;
	long flips = 0;

	need(argc > 0, "busy FILE");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_pair(pair);
	do {
		for (int i = 0; i < 100; i++, flips++) {
			fd = dup(pair[0]);
			need(fd >= 0, "dup");
			need(fcntl(pair[0], F_SETFL, 0) == 0, "F_SETFL");
			need(!(fcntl(pair[0], F_GETFL) & O_NONBLOCK), "F_GETFL");
			need(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0, "F_SETFL back");
			close(fd);
		}
		if (flips % 1000 == 0) {
			pid_t child = fork();

			need(child >= 0, "fork");
			if (child == 0) {
				execl("/proc/self/exe", "acts", "exit", "0", (char *)NULL);
				_exit(98);
			}
			need(waitpid(child, &status, 0) == child && status == 0, "child");
		}
	} while (stat(argv[0], &st) < 0);
	printf("whole\n");
	return flips == 0;
}

static void tell_pid(const char *file)
{
	char name[4096];
	FILE *f;

	snprintf(name, sizeof(name), "%s.pid", file);
	f = fopen(name, "w");
	need(f != NULL, name);
	fprintf(f, "%d\n", (int)getpid());
	fclose(f);
}

/* fork, a session of its own, no descriptor of ours; tells its pid in FILE.pid, waits for FILE (20 s at most) and then flips a shared socket. */
static int act_daemon(int argc, char *argv[])
{
	struct timespec pause = { 0, 10000000 };
	struct stat st;
	char *next[] = { (char *)"copy", NULL };
	int null;

	need(argc > 0, "daemon FILE");
	if (fork())
		_exit(0);
	setsid();
	tell_pid(argv[0]);
	null = open("/dev/null", O_RDWR);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	for (int i = 0; i < 2000 && stat(argv[0], &st) < 0; i++)
		nanosleep(&pause, NULL);
	act_copy(0, next);
	return 0;
}

/* Nobody may look into it who has no CAP_SYS_PTRACE: it becomes a program, or turns a copy blocking. */
static int act_hidden(int argc, char *argv[])
{
	need(prctl(PR_SET_DUMPABLE, 0) == 0, "PR_SET_DUMPABLE");
	if (argc < 1 || strcmp(argv[0], "copy") == 0)
		return act_copy(argc - 1, argv + 1);
	execv(argv[0], argv);
	need(0, argv[0]);
	return 99;
}

static int act_exit(int argc, char *argv[])
{
	return argc > 0 ? atoi(argv[0]) : 0;
}

static int act_kill(int argc, char *argv[])
{
	kill(getpid(), argc > 0 ? atoi(argv[0]) : SIGKILL);
	pause();
	return 0;
}

/* A storm of signals to handlers without SA_RESTART: F_SETFL and dup never fail with EINTR. */
static void tick(int number)
{
	(void)number;
}

static int act_storm(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = tick };
	int pair[2], failed = 0, calls = argc > 0 ? atoi(argv[0]) : 1000;
	timer_t timer;
	struct itimerspec often = { { 0, 100000 }, { 0, 100000 } };

	sigaction(SIGALRM, &action, NULL);
	make_pair(pair);
	need(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0, "timer_create");
	timer_settime(timer, 0, &often, NULL);
	for (int i = 0; i < calls; i++) {
		failed += fcntl(pair[0], F_SETFL, 0) != 0;
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
	}
	printf("failed: %d\n", failed);
	return 0;
}

static volatile sig_atomic_t resized, continued;

static void note(int number)
{
	*(number == SIGWINCH ? &resized : &continued) = 1;
}

/* Tells what a terminal does to it, until a signal ends it. */
static int act_tty(int argc, char *argv[])
{
	struct winsize size;

	(void)argc, (void)argv;
	signal(SIGWINCH, note);
	signal(SIGCONT, note);
	puts("ready");
	fflush(stdout);
	for (;;) {
		poll(NULL, 0, 20);
		if (resized && ioctl(0, TIOCGWINSZ, &size) == 0)
			printf("columns: %d\n", size.ws_col);
		if (continued)
			printf("continued, in the foreground: %d\n", tcgetpgrp(0) == getpgrp());
		resized = continued = 0;
		if (fflush(stdout) != 0)
			return 1;
	}
}

static const struct { const char *name; int (*act)(int argc, char *argv[]); } acts[] = {
	{ "apart", act_apart }, { "async", act_async }, { "batch", act_batch }, { "born", act_born }, { "busy", act_busy }, { "child", act_child }, { "copy", act_copy }, { "daemon", act_daemon }, { "exit", act_exit }, { "hidden", act_hidden },
	{ "kill", act_kill }, { "right", act_right }, { "storm", act_storm }, { "threads", act_threads }, { "tty", act_tty },
};

int main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(argv[1], acts[i].name) == 0)
			return acts[i].act(argc - 2, argv + 2);
	fprintf(stderr, "acts: no such act\n");
	return 2;
}
