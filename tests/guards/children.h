// SPDX-License-Identifier: MIT
/* The ways in which a C program starts another one; for the twins of a guard. */
#ifndef TESTS_GUARDS_CHILDREN_H
#define TESTS_GUARDS_CHILDREN_H

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int child_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int child_wait(pid_t pid)
{
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("child");
		return 99;
	}
	return child_status(status);
}

/* 'a' 'b' 'c', for a shell. Words with a quote in them are not for these tests. */
static const char *child_line(char **argv)
{
	static char line[4096];
	size_t n = 0;
	for (; *argv; argv++)
		n += (size_t)snprintf(line + n, sizeof line - n, "'%s' ", *argv);
	return line;
}

static int child_popen(const char *line)
{
	char text[256];
	FILE *f = popen(line, "r");
	if (!f) {
		perror("popen");
		return 99;
	}
	while (fgets(text, sizeof text, f))
		fputs(text, stdout);
	return child_status(pclose(f));
}

static int child_spawn(char **argv)
{
	pid_t pid;
	int error = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (error) {
		fprintf(stderr, "posix_spawn %s: %s\n", argv[0], strerror(error));
		return 99;
	}
	return child_wait(pid);
}

/* exec, fork, vfork, spawn, system, popen: runs argv and returns its exit status; 99 for a mistake of the test. */
__attribute__((unused)) static int child_run(const char *how, char **argv)
{
	pid_t pid;
	fflush(NULL);
	if (!strcmp(how, "exec")) {
		execv(argv[0], argv);
		perror(argv[0]);
		return 99;
	}
	if (!strcmp(how, "fork")) {
		if (!(pid = fork())) {
			execvp(argv[0], argv);
			_exit(127);
		}
		return child_wait(pid);
	}
	if (!strcmp(how, "vfork")) {
		if (!(pid = vfork())) {
			execve(argv[0], argv, environ);
			_exit(127);
		}
		return child_wait(pid);
	}
	if (!strcmp(how, "spawn"))
		return child_spawn(argv);
	if (!strcmp(how, "system"))
		return child_status(system(child_line(argv)));
	if (!strcmp(how, "popen"))
		return child_popen(child_line(argv));
	fprintf(stderr, "no such way: %s\n", how);
	return 99;
}

#endif
