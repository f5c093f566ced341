// SPDX-License-Identifier: MIT
/* Large environments and small stacks: whoever edits an environment at exec has to have room for it. */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { MANY = 20000, NAMES = 16 };

static char *large[MANY + 2];
static char storage[MANY][NAMES];
static char *const ask[] = { "calls-child", "child", "exit", "31", NULL };
/* "env" in a shell: a word that a later variable must not hide, and a count */
static char *const count[] = { "sh", "-c", "test \"$LAST\" = here && test \"$V19999\" = x", NULL };

static void make_large(void)
{
	for (int i = 0; i < MANY; i++) {
		snprintf(storage[i], sizeof storage[i], "V%d=x", i);
		large[i] = storage[i];
	}
	large[MANY] = "LAST=here";
}

static void forked(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execve(CHILD, ask, large);
		_exit(127);
	}
	SAME(wait_for(pid), 31);
	pid = fork();
	if (pid == 0) {
		execve("/bin/sh", count, large);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
}

static void vforked(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/bin/sh", count, large);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
}

static void spawned(void)
{
	pid_t pid;

	SAME(posix_spawn(&pid, "/bin/sh", NULL, NULL, count, large), 0);
	SAME(wait_for(pid), 0);
	SAME(posix_spawnp(&pid, "sh", NULL, NULL, count, large), 0);
	SAME(wait_for(pid), 0);
}

/* 160 KiB of pointers do not fit a stack of 64 KiB. */
static void *on_a_small_stack(void *status)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/nonexistent/none", count, large);
		execve("/bin/sh", count, large);
		_exit(127);
	}
	((int *)status)[0] = wait_for(pid);
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, count, large) == 0)
		((int *)status)[1] = wait_for(pid);
	close(sock);
	return NULL;
}

static void from_a_small_stack(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int status[2] = { -1, -1 };

	pthread_attr_init(&attr);
	SAME(pthread_attr_setstacksize(&attr, 64 * 1024), 0);
	SAME(pthread_create(&thread, &attr, on_a_small_stack, status), 0);
	SAME(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
	SAME(status[0], 0);
	SAME(status[1], 0);
}

/* The kernel takes strings up to 128 KiB and together a quarter of the stack's limit. */
static void one_long_variable(void)
{
	static char longest[131000] = "LONG=";
	char *environment[] = { longest, "LAST=here", NULL }, *too_long[] = { NULL, NULL };
	char *const argv[] = { "sh", "-c", "test ${#LONG} = 130994 && test \"$LAST\" = here", NULL };
	char *string = malloc(1 << 18);
	pid_t pid;

	memset(longest + 5, 'l', sizeof longest - 6);
	pid = fork();
	if (pid == 0) {
		execve("/bin/sh", argv, environment);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	memset(string, 't', (1 << 18) - 1);
	string[(1 << 18) - 1] = '\0';
	too_long[0] = string;
	FAILS(execve("/bin/sh", argv, too_long), E2BIG);
	free(string);
}

/* Odd, but the kernel passes them on: no '=', an empty string, a name twice. */
static void odd_variables(void)
{
	char *odd[] = { "", "NOEQUALS", "=nameless", "TWICE=first", "TWICE=second", "CALLS_WORD=w", NULL };
	char *const argv[] = { "calls-child", "child", "env", "CALLS_WORD", NULL };
	pid_t pid = fork();

	if (pid == 0) {
		close(1);
		if (creat("odd", 0600) != 1)
			_exit(126);
		execve(CHILD, argv, odd);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	EXPECT(!strcmp(read_file("odd"), "CALLS_WORD=w\n"));
}

void body(void)
{
	make_large();
	RUN(forked);
	RUN(vforked);
	RUN(spawned);
	RUN(from_a_small_stack);
	RUN(one_long_variable);
	RUN(odd_variables);
}
