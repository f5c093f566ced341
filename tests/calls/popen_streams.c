// SPDX-License-Identifier: MIT
/* popen in both directions, pclose's status, and which descriptors the commands find. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

FILE *_IO_popen(const char *command, const char *mode);

static void reading(void)
{
	char line[32] = "";
	int want = lowest();
	FILE *f = popen("echo one; echo two", "r");

	SAME(fileno(f), want);
	EXPECT(!cloexec(fileno(f)));
	EXPECT(fgets(line, sizeof line, f) && !strcmp(line, "one\n"));
	EXPECT(fgets(line, sizeof line, f) && !strcmp(line, "two\n"));
	EXPECT(!fgets(line, sizeof line, f) && feof(f));
	SAME(pclose(f), 0);
	EXPECT(!is_open(want));
}

static void writing(void)
{
	FILE *f = popen("cat >written", "w");

	EXPECT(fputs("to the command", f) >= 0);
	SAME(pclose(f), 0); /* waits: the file is there */
	EXPECT(!strcmp(read_file("written"), "to the command"));
	f = _IO_popen("cat >again", "w");
	EXPECT(fputs("x", f) >= 0);
	SAME(pclose(f), 0);
	EXPECT(!strcmp(read_file("again"), "x"));
}

static void close_on_exec_is_asked_for(void)
{
	FILE *f = popen(":", "re");

	EXPECT(cloexec(fileno(f)));
	EXPECT(!child_has(fileno(f)));
	SAME(pclose(f), 0);
	f = popen("cat >/dev/null", "we");
	EXPECT(cloexec(fileno(f)));
	SAME(pclose(f), 0);
}

static void the_status_is_the_commands(void)
{
	SAME(pclose(popen("exit 13", "r")), 13 << 8);
	SAME(pclose(popen("kill -TERM $$", "r")), SIGTERM);
	SAME(pclose(popen("there-is-no-such-program 2>/dev/null", "r")), 127 << 8);
}

static void refused_as_ever(void)
{
	FAILS(popen(":", "x") ? 0 : -1, EINVAL);
	FAILS(popen(":", "") ? 0 : -1, EINVAL);
	FAILS(popen(":", "rw") ? 0 : -1, EINVAL);
}

/* POSIX: a new command must not hold the pipes of those before it, or their ends of file never come. */
static void one_command_does_not_hold_anothers_pipe(void)
{
	FILE *first = popen("cat >first", "w"), *second, *third;

	EXPECT(!cloexec(fileno(first)));
	second = popen("cat >/dev/null", "w");
	third = popen("cat >/dev/null", "we");
	EXPECT(fputs("whole", first) >= 0);
	alarm(10); /* held by the second, this would wait for it */
	SAME(pclose(first), 0);
	alarm(0);
	EXPECT(!strcmp(read_file("first"), "whole"));
	SAME(system("exit 3"), 3 << 8);
	SAME(pclose(second), 0);
	SAME(pclose(third), 0);
}

static void standard_streams_of_commands(void)
{
	FILE *f = popen("read x; echo \"$x\" >heard; test -e /dev/fd/1 && test -e /dev/fd/2", "w");

	EXPECT(fputs("said\n", f) >= 0);
	SAME(pclose(f), 0);
	EXPECT(!strcmp(read_file("heard"), "said\n"));
	/* With the standard descriptors closed the pipe's ends come to lie there, and still arrive. */
	close(0);
	close(1);
	f = popen("echo said >&1", "r");
	SAME(fileno(f), 0);
	SAME(fgetc(f), 's');
	SAME(pclose(f), 0);
	f = popen("read x; echo \"$x\" >heard", "w");
	EXPECT(fputs("late\n", f) >= 0);
	SAME(pclose(f), 0);
	EXPECT(!strcmp(read_file("heard"), "late\n"));
}

static void fresh_sockets_look_the_same_afterwards(void)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0), marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	SAME(pclose(popen(":", "r")), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	SAME(fcntl(sock, F_SETFD, 0), 0);
	EXPECT(child_has(sock));
	EXPECT(!child_has(marked));
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}

static void commands_find_what_is_meant_for_them(void)
{
	char command[4600];
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	FILE *f;

	SAME(fcntl(sock, F_SETFD, 0), 0);
	snprintf(command, sizeof command, "%s child has %s && echo yes", CHILD, unary(sock));
	f = popen(command, "r");
	SAME(fgetc(f), 'y');
	SAME(pclose(f), 0);
	SAME(close(sock), 0);
}

void body(void)
{
	RUN(reading);
	RUN(writing);
	RUN(close_on_exec_is_asked_for);
	RUN(the_status_is_the_commands);
	RUN(refused_as_ever);
	RUN_IN_CHILD(one_command_does_not_hold_anothers_pipe);
	RUN_IN_CHILD(standard_streams_of_commands);
	RUN(fresh_sockets_look_the_same_afterwards);
	RUN(commands_find_what_is_meant_for_them);
}
