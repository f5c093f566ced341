// SPDX-License-Identifier: MIT
/* system: status, signals while it waits, environment; and wordexp, which runs commands too. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "expect.h"

static void there_is_a_shell(void)
{
	EXPECT(system(NULL) != 0);
}

static void the_status_is_the_commands(void)
{
	SAME(system("exit 0"), 0);
	SAME(system("exit 44"), 44 << 8);
	SAME(system("kill -KILL $$"), SIGKILL);
	SAME(system("there-is-no-such-program 2>/dev/null"), 127 << 8);
	SAME(system(""), 0);
	SAME(system("-x 2>/dev/null") != 0, true); /* no option of the shell's */
}

static volatile int interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
}

/* While it waits, SIGINT and SIGQUIT are ignored and SIGCHLD is blocked; in the command they are as they were. */
static void signals_while_it_waits(void)
{
	struct sigaction action = { .sa_handler = on_interrupt }, before, after;
	char command[4200];

	SAME(sigaction(SIGINT, &action, &before), 0);
	snprintf(command, sizeof command, "kill -INT %d; kill -QUIT %d; exec %s child signals", (int)getpid(),
		 (int)getpid(), CHILD);
	SAME(system(command), 0);
	SAME(interrupted, 0);
	sigaction(SIGINT, NULL, &after);
	EXPECT(after.sa_handler == on_interrupt);
	raise(SIGINT);
	SAME(interrupted, SIGINT);
	sigaction(SIGINT, &before, NULL);
}

static void the_environment_is_the_current_one(void)
{
	setenv("CALLS_WORD", "now", 1);
	SAME(system("test \"$CALLS_WORD\" = now"), 0);
	unsetenv("CALLS_WORD");
	SAME(system("test -z \"$CALLS_WORD\""), 0);
	clearenv();
	SAME(system("test -z \"$HOME\" && exit 5"), 5 << 8);
}

static void other_children_are_left_alone(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(21);
	SAME(system("exit 22"), 22 << 8);
	SAME(wait_for(pid), 21);
}

static void commands_find_what_is_meant_for_them(void)
{
	char command[4600];
	int sock = socket(AF_INET, SOCK_STREAM, 0), marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(command, sizeof command, "%s child has %s", CHILD, unary(marked));
	SAME(system(command), 1 << 8);
	SAME(fcntl(sock, F_SETFD, 0), 0);
	snprintf(command, sizeof command, "%s child has %s", CHILD, unary(sock));
	SAME(system(command), 0);
	snprintf(command, sizeof command, "test -e /proc/self/fd/%d", sock);
	SAME(system(command), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	SAME(close(sock), 0);
	/* A fresh one that the command names: the shell has it. */
	sock = socket(AF_INET, SOCK_STREAM, 0);
	snprintf(command, sizeof command, "test -e /proc/self/fd/%d", sock);
	SAME(system(command), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}

static void *runs(void *status)
{
	*(int *)status = system("exit 6");
	return NULL;
}

static void threads_may_call_it_together(void)
{
	pthread_t thread[4];
	int status[4];

	for (int i = 0; i < 4; i++)
		SAME(pthread_create(&thread[i], NULL, runs, &status[i]), 0);
	for (int i = 0; i < 4; i++) {
		SAME(pthread_join(thread[i], NULL), 0);
		SAME(status[i], 6 << 8);
	}
}

static void words_are_expanded(void)
{
	wordexp_t words;

	setenv("CALLS_WORD", "two words", 1);
	SAME(wordexp("a $CALLS_WORD \"$CALLS_WORD\" $(echo c d)", &words, 0), 0);
	SAME(words.we_wordc, 6);
	EXPECT(!strcmp(words.we_wordv[0], "a") && !strcmp(words.we_wordv[1], "two") &&
	       !strcmp(words.we_wordv[3], "two words"));
	EXPECT(!strcmp(words.we_wordv[4], "c") && !strcmp(words.we_wordv[5], "d"));
	wordfree(&words);
	SAME(wordexp("$(echo no)", &words, WRDE_NOCMD), WRDE_CMDSUB);
	SAME(wordexp("a|b", &words, 0), WRDE_BADCHAR);
	SAME(wordexp("$CALLS_UNSET", &words, WRDE_UNDEF), WRDE_BADVAL);
	unsetenv("CALLS_WORD");
}

void body(void)
{
	RUN(there_is_a_shell);
	RUN(the_status_is_the_commands);
	RUN(signals_while_it_waits);
	RUN_IN_CHILD(the_environment_is_the_current_one);
	RUN(other_children_are_left_alone);
	RUN(commands_find_what_is_meant_for_them);
	RUN(threads_may_call_it_together);
	RUN(words_are_expanded);
}
