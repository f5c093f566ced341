// SPDX-License-Identifier: MIT
/* torture-environment WAY PROGRAM ARG…: starts PROGRAM in the way that WAY names, with the environment WORD=1 alone, and returns its status. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static char *own_words[] = { "WORD=1", NULL, NULL };

static void run(const char *way, char **argv)
{
	const char *program = argv[0];

	if (!strcmp(way, "execve") || !strcmp(way, "vfork"))
		execve(program, argv, own_words);
	if (!strcmp(way, "execve-null"))
		execve(program, argv, NULL);
	if (!strcmp(way, "execvpe"))
		execvpe(program, argv, own_words);
	if (!strcmp(way, "execle"))
		execle(program, argv[0], argv[1], argv[2], argv[3], (char *)NULL, own_words);
	if (!strcmp(way, "fexecve"))
		fexecve(open(program, O_RDONLY | O_CLOEXEC), argv, own_words);
	if (!strcmp(way, "execveat"))
		execveat(AT_FDCWD, program, argv, own_words, 0);
	if (!strcmp(way, "syscall"))
		syscall(SYS_execve, program, argv, own_words);
	if (!strcmp(way, "execv") || !strcmp(way, "execl")) {
		clearenv();
		for (char **word = own_words; *word; word++)
			putenv(*word);
		if (!strcmp(way, "execv"))
			execv(program, argv);
		execl(program, argv[0], argv[1], argv[2], argv[3], (char *)NULL);
	}
	_exit(127);
}

static int spawned(const char *way, char **argv)
{
	pid_t pid = -1;

	if (!strcmp(way, "posix_spawn"))
		posix_spawn(&pid, argv[0], NULL, NULL, argv, own_words);
	else if (!strcmp(way, "posix_spawnp"))
		posix_spawnp(&pid, argv[0], NULL, NULL, argv, own_words);
	else
		return -1;
	return wait_for(pid);
}

static int by_shell(const char *way, char **argv)
{
	char command[4096];
	FILE *f;
	int c;

	if (strcmp(way, "system") != 0 && strcmp(way, "popen") != 0)
		return -1;
	snprintf(command, sizeof command, "exec %s %s %s %s", argv[0], argv[1], argv[2], argv[3]);
	clearenv();
	putenv(own_words[0]);
	if (!strcmp(way, "system"))
		return WEXITSTATUS(system(command));
	f = popen(command, "r");
	while ((c = fgetc(f)) != EOF)
		putchar(c);
	fflush(stdout);
	return WEXITSTATUS(pclose(f));
}

int main(int argc, char **argv)
{
	const char *foreign = getenv("TORTURE_FOREIGN"); /* an LD_PRELOAD of the program's own */
	char word[4096];
	int status;
	pid_t pid;

	if (argc < 6)
		return 2;
	if (foreign) {
		snprintf(word, sizeof word, "LD_PRELOAD=%s", foreign);
		own_words[1] = word;
	}
	if ((status = spawned(argv[1], argv + 2)) >= 0 || (status = by_shell(argv[1], argv + 2)) >= 0)
		return status;
	if (!strcmp(argv[1], "vfork")) {
		pid = vfork();
		if (pid == 0)
			run(argv[1], argv + 2);
	} else {
		pid = fork();
		if (pid == 0)
			run(argv[1], argv + 2);
	}
	return wait_for(pid);
}
