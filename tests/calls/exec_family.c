// SPDX-License-Identifier: MIT
/* Every exec: arguments and environment arrive, PATH is searched, descriptors are kept or closed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static char *const ask_args[] = { "zero", "child", "args", "one", "", "three words", NULL };
static char *const ask_env[] = { "zero", "child", "env", "CALLS_WORD", NULL };
static char *const one_word[] = { "CALLS_WORD=only", NULL };
static char name[] = "calls-tool"; /* in PATH as a link to CHILD */

/* Runs one(cookie), which execs, and compares what the program writes with `want`. */
static void writes(void (*one)(void *), void *cookie, const char *want)
{
	char text[8192] = "";
	size_t length = 0;
	ssize_t n;
	int out[2];
	pid_t pid;

	SAME(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		one(cookie);
		_exit(127);
	}
	SAME(close(out[1]), 0);
	while (length < sizeof text - 1 && (n = read(out[0], text + length, sizeof text - 1 - length)) > 0)
		length += n;
	SAME(close(out[0]), 0);
	SAME(wait_for(pid), 0);
	if (!EXPECT(!strcmp(text, want)))
		fprintf(stderr, "got '%s', not '%s'\n", text, want);
}

static void with_execl(void *unused)
{
	(void)unused;
	execl(CHILD, "zero", "child", "args", "one", "", "three words", (char *)NULL);
}

static void with_execle(void *unused)
{
	(void)unused;
	execle(CHILD, "zero", "child", "env", "CALLS_WORD", (char *)NULL, one_word);
}

static void with_execlp(void *unused)
{
	(void)unused;
	execlp(name, "zero", "child", "args", "one", "", "three words", (char *)NULL);
}

static void with_execv(void *argv)
{
	execv(CHILD, argv);
}

static void with_execve(void *argv)
{
	execve(CHILD, argv, one_word);
}

static void with_execvp(void *argv)
{
	execvp(name, argv);
}

static void with_execvpe(void *argv)
{
	execvpe(name, argv, one_word);
}

static void with_fexecve(void *argv)
{
	fexecve(open(CHILD, O_RDONLY | O_CLOEXEC), argv, one_word);
}

static void with_fexecve_of_a_path_descriptor(void *argv)
{
	fexecve(open(CHILD, O_PATH), argv, one_word);
}

static void with_execveat(void *argv)
{
	execveat(open("bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC), name, argv, one_word, 0);
}

static void with_execveat_of_a_descriptor(void *argv)
{
	execveat(open(CHILD, O_PATH | O_CLOEXEC), "", argv, one_word, AT_EMPTY_PATH);
}

static void arguments_arrive(void)
{
	static const char want[] = "zero\none\n\nthree words\n";

	writes(with_execl, NULL, want);
	writes(with_execlp, NULL, want);
	writes(with_execv, (void *)ask_args, want);
	writes(with_execve, (void *)ask_args, want);
	writes(with_execvp, (void *)ask_args, want);
	writes(with_execvpe, (void *)ask_args, want);
	writes(with_fexecve, (void *)ask_args, want);
	writes(with_fexecve_of_a_path_descriptor, (void *)ask_args, want);
	writes(with_execveat, (void *)ask_args, want);
	writes(with_execveat_of_a_descriptor, (void *)ask_args, want);
}

static void environments_arrive(void)
{
	setenv("CALLS_WORD", "inherited", 1);
	writes(with_execv, (void *)ask_env, "CALLS_WORD=inherited\n");
	writes(with_execvp, (void *)ask_env, "CALLS_WORD=inherited\n");
	writes(with_execle, NULL, "CALLS_WORD=only\n");
	writes(with_execve, (void *)ask_env, "CALLS_WORD=only\n");
	writes(with_execvpe, (void *)ask_env, "CALLS_WORD=only\n");
	writes(with_fexecve, (void *)ask_env, "CALLS_WORD=only\n");
	writes(with_execveat, (void *)ask_env, "CALLS_WORD=only\n");
	setenv("CALLS_WORD", "changed", 1); /* the environment of now, not of the start */
	writes(with_execv, (void *)ask_env, "CALLS_WORD=changed\n");
	unsetenv("CALLS_WORD");
	writes(with_execv, (void *)ask_env, "CALLS_WORD\n");
}

#define TEN(x) x, x, x, x, x, x, x, x, x, x
#define FIFTY(x) TEN(x), TEN(x), TEN(x), TEN(x), TEN(x)

static void with_many_arguments(void *unused)
{
	(void)unused;
	execl(CHILD, "zero", "child", "args", FIFTY("a"), FIFTY("b"), "last", (char *)NULL);
}

static void with_many_arguments_and_environment(void *unused)
{
	(void)unused;
	execle(CHILD, "zero", "child", "env", "CALLS_WORD", FIFTY("a"), FIFTY("b"), (char *)NULL, one_word);
}

static void argument_lists_may_be_long(void)
{
	char want[1024] = "zero\n";

	for (int i = 0; i < 100; i++)
		strcat(want, i < 50 ? "a\n" : "b\n");
	strcat(want, "last\n");
	writes(with_many_arguments, NULL, want);
	writes(with_many_arguments_and_environment, NULL, "CALLS_WORD=only\n");
}

static void without_environment(void *argv)
{
	execve(CHILD, argv, nowhere()); /* Linux takes it for an empty one */
}

static void with_an_empty_environment(void *argv)
{
	char *empty[] = { NULL };

	execve(CHILD, argv, empty);
}

static void with_environ_cleared(void *argv)
{
	clearenv();
	execv(CHILD, argv);
}

static void environments_may_be_missing(void)
{
	writes(without_environment, (void *)ask_env, "CALLS_WORD\n");
	writes(without_environment, (void *)ask_args, "zero\none\n\nthree words\n");
	writes(with_an_empty_environment, (void *)ask_env, "CALLS_WORD\n");
	writes(with_environ_cleared, (void *)ask_env, "CALLS_WORD\n");
}

static void without_arguments(void *unused)
{
	(void)unused;
	execve("/bin/true", nowhere(), environ); /* Linux makes argv[0] an empty string */
}

static void arguments_may_be_missing(void)
{
	writes(without_arguments, NULL, "");
}

static int sock, marked;

static void asks_for(void *fd)
{
	execl(CHILD, "calls-child", "child", "has", unary(*(int *)fd), (char *)NULL);
	_exit(127);
}

static void descriptors_are_kept_or_closed(void)
{
	sock = socket(AF_INET, SOCK_STREAM, 0);
	marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SAME(fcntl(sock, F_SETFD, 0), 0);
	SAME(in_child(asks_for, &sock), 0);
	SAME(in_child(asks_for, &marked), 1);
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}

/* A descriptor that the command line or the environment names is meant for the child, by whatever means it was made. */
static void descriptors_that_are_named_arrive(void)
{
	char word[32], path[32];
	pid_t pid;

	sock = socket(AF_INET, SOCK_STREAM, 0);
	snprintf(word, sizeof word, "%d", sock);
	snprintf(path, sizeof path, "/dev/fd/%d", sock);
	pid = fork();
	if (pid == 0) {
		execl(CHILD, "calls-child", "child", "number", word, (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	pid = fork();
	if (pid == 0) {
		execl(CHILD, "calls-child", "child", "has", unary(sock), path, (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	pid = fork();
	if (pid == 0) {
		setenv("CALLS_STATUS_FD", word, 1);
		execl(CHILD, "calls-child", "child", "has", unary(sock), (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(close(sock), 0);
}

void body(void)
{
	SAME(mkdir("bin", 0700), 0);
	SAME(symlink(CHILD, "bin/calls-tool"), 0);
	setenv("PATH", "/nonexistent:bin:/bin:/usr/bin", 1);
	RUN(arguments_arrive);
	RUN(environments_arrive);
	RUN(argument_lists_may_be_long);
	RUN(environments_may_be_missing);
	RUN(arguments_may_be_missing);
	RUN(descriptors_are_kept_or_closed);
	RUN(descriptors_that_are_named_arrive);
}
