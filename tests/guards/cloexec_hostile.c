// SPDX-License-Identifier: MIT
/*
 * cloexec-hostile WAY SHOW: legal programs that a careless shim breaks. SHOW is show-fds; each way prints what its child has, or one word, and must print
 * the same with us and without.
 *   minus1    a vfork child that closes -1, and names its socket
 *   many      100 sockets handed on by number in one variable
 *   race      threads that spawn children which name the same socket
 *   environ   a vector of the program's own as environ, over system()
 *   altstack  fork and exec on a signal stack of 8 KiB
 *   filter    a seccomp filter that allows everything, then exec with a named socket
 *   orphan    a child whose parent is gone before it looks
 *   forklock  system() in forked children while other threads call it
 *   grow      500 vfork and exec: the parent's address space stays as it is
 *   popens    threads that popen at once: environ is the same afterwards
 *   setenv    a variable set while another thread's system() runs
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static const char *show;
static char named[] = "--fd=3";

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static int minus1(void)
{
	pid_t pid;

	socket(AF_INET, SOCK_STREAM, 0);
	pid = vfork();
	if (pid == 0) {
		close(-1);
		execl(show, show, named, (char *)NULL);
		_exit(127);
	}
	return status_of(pid);
}

static int many(void)
{
	char text[1024] = "NGINX=";

	for (int i = 0; i < 100; i++) {
		char one[16];

		snprintf(one, sizeof(one), "%d;", socket(AF_INET, SOCK_STREAM, 0));
		strcat(text, one);
	}
	putenv(text);
	execl(show, show, (char *)NULL);
	return 127;
}

static int lost;

static void *spawns(void *unused)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"[ -e /proc/self/fd/3 ]", named, NULL };

	for (int i = 0; i < 50; i++) {
		pid_t pid;

		if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) != 0 || status_of(pid) != 0)
			__atomic_add_fetch(&lost, 1, __ATOMIC_SEQ_CST);
	}
	return unused;
}

static int race(void)
{
	pthread_t t[4];

	socket(AF_INET, SOCK_STREAM, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, spawns, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("lost %d\n", lost);
	return 0;
}

static int own_environ(void)
{
	char *mine[] = { (char *)"PATH=/bin:/usr/bin", NULL };

	environ = mine;
	if (pipe((int[2]){ 0 }) != 0 || system("true") != 0)
		return 1;
	puts(environ == mine && mine[1] == NULL ? "mine" : "replaced");
	return 0;
}

static void on_signal(int unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		execl(show, show, (char *)NULL);
		_exit(127);
	}
	if (status_of(pid) != 0)
		write(1, "died\n", 5);
}

static int altstack(void)
{
	stack_t s = { .ss_sp = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = 8192 };
	struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	int pair[2];

	if (pipe(pair) != 0 || sigaltstack(&s, NULL) != 0 || sigaction(SIGUSR1, &a, NULL) != 0)
		return 1;
	return raise(SIGUSR1);
}

static int filter(void)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &code };

	socket(AF_INET, SOCK_STREAM, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 1;
	execl(show, show, named, (char *)NULL);
	return 127;
}

static int orphan(void)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"sleep 0.2; \"$0\"", (char *)show, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int pair[2];

	if (pipe(pair) != 0)
		return 1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], 7);
	posix_spawn_file_actions_addclose(&actions, pair[0]);
	posix_spawn_file_actions_addclose(&actions, pair[1]);
	_exit(posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ));
}

static volatile int stop;

static void *systems(void *unused)
{
	while (!stop)
		system("true");
	return unused;
}

static int forklock(void)
{
	pthread_t t[3];
	int bad = 0, pair[2];

	if (pipe(pair) != 0)
		return 1;
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, systems, NULL);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(20); /* a hang ends here */
			_exit(system("true") != 0);
		}
		bad += status_of(pid) != 0;
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	printf("hung or failed %d\n", bad);
	return 0;
}

static long pages(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long n = 0;

	if (!f || fscanf(f, "%ld", &n) != 1)
		exit(1);
	fclose(f);
	return n;
}

static int vforked(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	return status_of(pid);
}

static int grow(void)
{
	long before = 0;

	if (pipe((int[2]){ 0 }) != 0)
		return 1;
	for (int i = 0; i < 500; i++) {
		if (i == 5)
			before = pages();
		if (vforked() != 0)
			return 1;
	}
	puts(pages() - before < 64 ? "flat" : "grew");
	return 0;
}

static void *popens(void *unused)
{
	for (int i = 0; i < 50; i++)
		pclose(popen(":", "r"));
	return unused;
}

static int many_popens(void)
{
	char **before = environ, *first = environ[0];
	pthread_t t[8];

	if (pipe((int[2]){ 0 }) != 0)
		return 1;
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, popens, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	puts(environ == before && environ[0] == first ? "same" : "changed");
	return 0;
}

static void *sleeps(void *unused)
{
	system("sleep 0.4");
	return unused;
}

static int set_meanwhile(void)
{
	pthread_t t;

	if (pipe((int[2]){ 0 }) != 0 || setenv("WORD", "old", 1) != 0)
		return 1;
	pthread_create(&t, NULL, sleeps, NULL);
	usleep(200000);
	setenv("WORD", "new", 1);
	setenv("OTHER", "new", 1);
	pthread_join(t, NULL);
	printf("%s %s %s\n", getenv("WORD"), getenv("OTHER"), getenv("FDGUARD_NOTE") ? "note" : "");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *way; int (*run)(void); } ways[] = {
		{ "minus1", minus1 }, { "many", many }, { "race", race }, { "environ", own_environ },
		{ "altstack", altstack }, { "filter", filter }, { "orphan", orphan }, { "forklock", forklock },
		{ "grow", grow }, { "popens", many_popens }, { "setenv", set_meanwhile },
	};

	show = argc > 2 ? argv[2] : "/bin/true";
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].way) == 0)
			return ways[i].run();
	return 2;
}
