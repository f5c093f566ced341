// SPDX-License-Identifier: MIT
/* prctl's five arguments of every type, and the ends of a process: _exit and _Exit leave stdio and handlers alone, exit does not. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

static void prctl_passes_everything(void)
{
	char name[16] = "";
	int number = -1;

	SAME(prctl(PR_SET_NAME, "fifteen-letters"), 0);
	SAME(prctl(PR_GET_NAME, name), 0);
	EXPECT(!strcmp(name, "fifteen-letters"));
	SAME(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
	SAME(prctl(PR_GET_PDEATHSIG, &number), 0);
	SAME(number, SIGUSR1);
	SAME(prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L), 0);
	SAME(prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L), 0);
	SAME(prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L), 0);
	SAME(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L), 0);
	SAME(prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L), 1);
	SAME(prctl(PR_SET_CHILD_SUBREAPER, 1L), 0);
	SAME(prctl(PR_GET_CHILD_SUBREAPER, &number), 0);
	SAME(number, 1);
	SAME(prctl(PR_GET_SECCOMP), 0);
	FAILS(prctl(4711), EINVAL);
	FAILS(prctl(PR_SET_PDEATHSIG, 4711L), EINVAL);
	FAILS(prctl(PR_GET_NAME, nowhere()), EFAULT);
	FAILS(prctl(PR_SET_NO_NEW_PRIVS, 1L, 1L, 0L, 0L), EINVAL);
	FAILS(prctl(PR_SET_SECCOMP, 4711L, 0L), EINVAL);
}

static void clear_the_plate(void)
{
	SAME(unlink("end") == 0 || errno == ENOENT, true);
}

static void handler(void)
{
	int fd = open("end", O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd >= 0 && write(fd, "handler ", 8) == 8)
		close(fd);
}

static FILE *buffered(void)
{
	FILE *f = fopen("end", "a");

	atexit(handler);
	fputs("buffer ", f);
	return f;
}

static void with__exit(void *unused)
{
	(void)unused;
	buffered();
	_exit(81);
}

static void with__Exit(void *unused)
{
	(void)unused;
	buffered();
	_Exit(82);
}

static void with_exit(void *unused)
{
	(void)unused;
	fclose(buffered());
	exit(83);
}

static void with_quick_exit(void *unused)
{
	(void)unused;
	buffered();
	at_quick_exit(handler);
	quick_exit(84);
}

static void with_a_wide_status(void *unused)
{
	(void)unused;
	_exit(0x1234);
}

static void with_abort(void *unused)
{
	struct rlimit no_core = { 0, 0 };

	(void)unused;
	setrlimit(RLIMIT_CORE, &no_core);
	abort();
}

static void processes_end_as_they_say(void)
{
	clear_the_plate();
	SAME(in_child(with__exit, NULL), 81);
	EXPECT(!strcmp(read_file("end"), ""));
	SAME(in_child(with__Exit, NULL), 82);
	EXPECT(!strcmp(read_file("end"), ""));
	SAME(in_child(with_quick_exit, NULL), 84);
	EXPECT(!strcmp(read_file("end"), "handler "));
	SAME(in_child(with_a_wide_status, NULL), 0x34);
	SAME(in_child(with_abort, NULL), 128 + SIGABRT);
}

static void handlers_run_at_exit(void)
{
	clear_the_plate();
	SAME(in_child(with_exit, NULL), 83);
	EXPECT(!strcmp(read_file("end"), "buffer handler "));
}

void body(void)
{
	RUN_IN_CHILD(prctl_passes_everything);
	RUN(processes_end_as_they_say);
	RUN(handlers_run_at_exit);
}
