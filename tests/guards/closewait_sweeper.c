/* SPDX-License-Identifier: MIT */
/* closewait-sweeper WAY: a program with a connection that its peer has closed, which makes no call that a guard sees, and in the end is killed, so that nobody looks at its last moment either. */
#include "tcp_twin.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static int at, fd;

static void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static void leak(void)
{
	struct pollfd end;
	int there;

	at = listener();
	fd = dial(at);
	there = accept(at, NULL, NULL);
	end = (struct pollfd){ fd, POLLRDHUP, 0 };
	must(close(there) == 0 && poll(&end, 1, 5000) == 1, "peer");
}

static void end(void)
{
	fflush(stdout);
	kill(getpid(), SIGKILL);
}

static int threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	for (struct dirent *e; (e = readdir(d)); n += e->d_name[0] != '.')
		;
	closedir(d);
	return n;
}

/* A thread that ends is seen for a moment longer. */
static int threads_soon(int want)
{
	for (int i = 0; i < 200 && threads() != want; i++)
		sleep_ms(5);
	return threads();
}

/* What a line of each thread's status says. */
static void statuses(const char *line)
{
	char command[200];

	fflush(stdout);
	snprintf(command, sizeof(command), "sleep 0.3; sed -n 's/^%s:[[:space:]]*//p' /proc/%d/task/*/status | sort | uniq -c | sed 's/^ *//'", line, (int)getpid());
	must(system(command) == 0, command);
}

static void count(void)
{
	printf("%d", threads());
	must(socket(AF_INET, SOCK_DGRAM, 0) >= 0 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0, "socket");
	printf(" %d", threads());
	errno = 77;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	printf(" %d errno %d", threads(), errno);
	must(socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
	printf(" %d\n", threads_soon(2));
	statuses("SigBlk");
}

static void sleeps(void)
{
	leak();
	sleep_ms(1200);
	end();
}

static void two_forks(void)
{
	pid_t child;

	leak();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		printf("child %d", threads());
		must(socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
		printf(" %d\n", threads());
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	printf("parent %d\n", threads());
	fflush(stdout);
	if (daemon(1, 1) == 0) {
		printf("daemon %d", threads());
		must(socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
		sleep_ms(600);
		printf(" %d\n", threads());
	}
}

static void others(void)
{
	leak();
	must(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
	statuses("Uid");
}

static void *short_thread(void *nothing)
{
	sleep_ms(300);
	puts("thread ends");
	return nothing;
}

static void said(void)
{
	puts("exit handlers ran");
	fflush(stdout);
}

static void main_leaves(int with_thread)
{
	pthread_t t;

	leak();
	atexit(said);
	if (with_thread)
		must(pthread_create(&t, NULL, short_thread, NULL) == 0, "thread");
	pthread_exit(NULL);
}

/* A filter for all threads, which kills for a futex; nothing of ours is to be there when it comes. */
static void filtered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 202, 0, 1), /* futex on x86-64; elsewhere some other that nobody makes here */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	leak();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "filter");
	printf("threads %d\n", threads());
	sleep_ms(400);
	must(socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
	printf("threads %d\n", threads());
}

static volatile sig_atomic_t mine;

static void handler(int number)
{
	(void)number;
	mine++;
	if (mine == 1)
		fd = socket(AF_INET, SOCK_STREAM, 0);
}

/* The first TCP socket is made by a handler, which may have interrupted anything. */
static void in_handler(void)
{
	signal(SIGUSR2, handler);
	raise(SIGUSR2);
	printf("after the handler %d\n", threads());
	must(socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
	printf("later %d\n", threads());
}

static void signalled(void)
{
	leak();
	sleep_ms(600);
	raise(SIGUSR1);
	sleep_ms(50);
	raise(SIGUSR1);
	puts("lives");
	end();
}

/* The stack that handlers have is small, and nothing is below it. */
static void on_small_stack(void)
{
	char *room = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t s = { .ss_sp = room + 4096, .ss_size = 2 * 4096 };

	must(room != MAP_FAILED && mprotect(s.ss_sp, s.ss_size, PROT_READ | PROT_WRITE) == 0 && sigaltstack(&s, NULL) == 0, "sigaltstack");
	signalled();
}

static void own_handler(void)
{
	struct sigaction a = { .sa_handler = handler }, old;

	mine = 1;
	leak();
	must(sigaction(SIGUSR1, &a, &old) == 0, "sigaction");
	sleep_ms(600);
	raise(SIGUSR1);
	printf("handled %d\n", (int)mine - 1);
	must(sigaction(SIGUSR1, &old, NULL) == 0, "sigaction"); /* puts back what was there */
	raise(SIGUSR1);
	puts("lives");
	end();
}

/* One that is restarted, and one that never is. */
static void interrupted(void)
{
	int ends[2];
	char c;
	pid_t child, parent = getpid();

	leak();
	must(pipe(ends) == 0, "pipe");
	fflush(stdout);
	child = fork();
	if (child == 0) {
		sleep_ms(100);
		kill(parent, SIGUSR1);
		sleep_ms(100);
		must(write(ends[1], "x", 1) == 1, "write");
		sleep_ms(100);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	printf("read %zd\n", read(ends[0], &c, 1));
	printf("poll %s\n", poll(NULL, 0, 5000) < 0 && errno == EINTR ? "EINTR" : "?");
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "count") == 0)
		count();
	else if (strcmp(way, "sleeps") == 0)
		sleeps();
	else if (strcmp(way, "forks") == 0)
		two_forks();
	else if (strcmp(way, "setuid") == 0)
		others();
	else if (strcmp(way, "main-leaves") == 0)
		main_leaves(0);
	else if (strcmp(way, "main-leaves-first") == 0)
		main_leaves(1);
	else if (strcmp(way, "filtered") == 0)
		filtered();
	else if (strcmp(way, "in-handler") == 0)
		in_handler();
	else if (strcmp(way, "signalled") == 0)
		signalled();
	else if (strcmp(way, "on-small-stack") == 0)
		on_small_stack();
	else if (strcmp(way, "own-handler") == 0)
		own_handler();
	else if (strcmp(way, "interrupted") == 0)
		interrupted();
	else if (strcmp(way, "exec") == 0) {
		leak();
		execvp(argv[2], argv + 2);
	} else
		must(0, "unknown way");
	return 0;
}
