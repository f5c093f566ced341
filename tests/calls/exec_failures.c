// SPDX-License-Identifier: MIT
/* An exec that fails returns with the right error and leaves the process as it was; what execvp makes of PATH and of scripts. */
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

static char *words[] = { "word", "one", "two words", NULL };
static int sock, marked;

static void errors_are_the_kernels(void)
{
	char *huge = malloc(1 << 18), *big[] = { "word", huge, NULL };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	memset(huge, 'h', (1 << 18) - 1);
	huge[(1 << 18) - 1] = '\0';
	FAILS(execv("missing", words), ENOENT);
	FAILS(execve("", words, environ), ENOENT);
	FAILS(execl("plain", "plain", (char *)NULL), EACCES);
	FAILS(execle("plain/below", "plain", (char *)NULL, environ), ENOTDIR);
	FAILS(execv("bin", words), EACCES);
	FAILS(execve("loop", words, environ), ELOOP);
	FAILS(execve(nowhere(), words, environ), EFAULT);
	FAILS(execv(nowhere(), words), EFAULT);
	FAILS(execl(nowhere(), "word", (char *)NULL), EFAULT);
	FAILS(execv(CHILD, big), E2BIG);
	FAILS(execv("bin/script", words), ENOEXEC);
	FAILS(execve("bin/script", words, environ), ENOEXEC);
	FAILS(execl("bin/script", "script", (char *)NULL), ENOEXEC);
	FAILS(execv("bin/no-interpreter", words), ENOENT);
	FAILS(fexecve(null, words, environ), EACCES);
	FAILS(fexecve(none(), words, environ), EINVAL);
	FAILS(fexecve(4711, words, environ), EBADF);
	FAILS(fexecve(null, nowhere(), environ), EINVAL);
	FAILS(execveat(none(), "missing", words, environ, 0), EBADF);
	FAILS(execveat(AT_FDCWD, "missing", words, environ, 0), ENOENT);
	FAILS(execveat(AT_FDCWD, "link", words, environ, AT_SYMLINK_NOFOLLOW), ELOOP);
	FAILS(execveat(AT_FDCWD, "", words, environ, 0), ENOENT);
	FAILS(execveat(AT_FDCWD, CHILD, words, environ, 0x8000), EINVAL);
	FAILS(execveat(AT_FDCWD, nowhere(), words, environ, 0), EFAULT);
	SAME(close(null), 0);
	free(huge);
}

/* It has no #! and no magic number: execvp and friends hand it to the shell, with its arguments. */
static void scripts_without_a_first_line(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp("script", words);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	EXPECT(!strcmp(read_file("said"), "script <one> <two words>\n"));
	pid = fork();
	if (pid == 0) {
		execlp("script", "word", "a", "b", (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	EXPECT(!strcmp(read_file("said"), "script <a> <b>\n"));
	pid = fork();
	if (pid == 0) {
		execvpe("./bin/script", words, environ);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	EXPECT(!strcmp(read_file("said"), "script <one> <two words>\n"));
	/* The same from a vfork child: nobody may make a list of arguments on a stack that is not his. */
	pid = vfork();
	if (pid == 0) {
		execlp("script", "word", "c", "d", (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	EXPECT(!strcmp(read_file("said"), "script <c> <d>\n"));
}

static void scripts_with_a_first_line(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execv("bin/hashbang", words);
		_exit(127);
	}
	SAME(wait_for(pid), 7);
}

static int status_of(const char *name, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *argv[] = { "tool", "child", "exit", "33", NULL };

		if (path)
			setenv("PATH", path, 1);
		else
			unsetenv("PATH");
		execvp(name, argv);
		_exit(errno == ENOENT ? 127 : errno == EACCES ? 126 : errno == ENOTDIR ? 125 : 124);
	}
	return wait_for(pid);
}

static void path_is_searched_as_ever(void)
{
	SAME(status_of("tool", "/nonexistent:bin"), 33);
	SAME(status_of("tool", "forbidden:bin"), 33);           /* found but not permitted: the search goes on … */
	SAME(status_of("tool", "forbidden:/nonexistent"), 126); /* … and the first trouble is what it tells */
	SAME(status_of("tool", "plain:bin"), 33);
	SAME(status_of("tool", "/nonexistent"), 127);
	SAME(status_of("tool", ""), 127); /* an empty PATH is the current directory */
	SAME(status_of("here", ""), 33);
	SAME(status_of("here", "/nonexistent:"), 33);
	SAME(status_of("here", ":/nonexistent"), 33);
	SAME(status_of("here", "/nonexistent::bin"), 33);
	SAME(status_of("./here", "/nonexistent"), 33); /* a slash: no search */
	SAME(status_of("bin/tool", "/nonexistent"), 33);
	SAME(status_of("missing/tool", "bin"), 127);
	SAME(status_of("true", NULL), 0); /* no PATH: /bin:/usr/bin */
	SAME(status_of("", "bin"), 127);
	SAME(status_of("there-is-no-such-program", NULL), 127);
}

static void nothing_has_changed_afterwards(void)
{
	char *small[] = { "A=1", NULL };
	int here = lowest();

	for (int i = 0; i < 3; i++) {
		FAILS(execv("missing", words), ENOENT);
		FAILS(execve("missing", words, small), ENOENT);
		FAILS(execvp("there-is-no-such-program", words), ENOENT);
		FAILS(execvpe("there-is-no-such-program", words, small), ENOENT);
		FAILS(execl("missing", "missing", "4", "5", (char *)NULL), ENOENT);
		FAILS(execlp("there-is-no-such-program", "x", (char *)NULL), ENOENT);
	}
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(marked));
	SAME(lowest(), here);
	EXPECT(getenv("PATH") && !strcmp(getenv("PATH"), "bin:/bin:/usr/bin"));
	SAME(system("exit 4"), 4 << 8);
}

void body(void)
{
	SAME(mkdir("bin", 0700), 0);
	SAME(mkdir("forbidden", 0700), 0);
	write_file("plain", "no program", 0600);
	write_file("forbidden/tool", "no program", 0600);
	write_file("bin/script", "echo script \"<$1>\" \"<$2>\" >said\n", 0700);
	write_file("bin/hashbang", "#!/bin/sh\nexit 7\n", 0700);
	write_file("bin/no-interpreter", "#!/nonexistent/sh\n", 0700);
	SAME(symlink("loop", "loop"), 0);
	SAME(symlink(CHILD, "link"), 0);
	SAME(symlink(CHILD, "here"), 0);
	SAME(symlink(CHILD, "bin/tool"), 0);
	setenv("PATH", "bin:/bin:/usr/bin", 1);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	RUN(errors_are_the_kernels);
	RUN(scripts_without_a_first_line);
	RUN(scripts_with_a_first_line);
	RUN(path_is_searched_as_ever);
	RUN(nothing_has_changed_afterwards);
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}
