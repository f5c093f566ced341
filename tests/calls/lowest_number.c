// SPDX-License-Identifier: MIT
/* Programs close 0, 1 or 2 and count on the next call to take the place; what stands there is their children's. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static int spawned(void)
{
	char *argv[] = { "calls-child", "child", "has", "", NULL };
	pid_t pid;

	if (posix_spawn(&pid, CHILD, NULL, NULL, argv, environ) != 0)
		return -1;
	return wait_for(pid);
}

static int vforked(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(CHILD, "calls-child", "child", "has", "", (char *)NULL);
		_exit(127);
	}
	return wait_for(pid);
}

/* A child of every sort finds descriptor 0 open: "has" with an empty word asks for 0. */
static void children_have_stdin(void)
{
	char command[4200];
	FILE *f;

	EXPECT(child_has(0));
	SAME(spawned(), 0);
	SAME(vforked(), 0);
	snprintf(command, sizeof command, "%s child has ''", CHILD);
	SAME(system(command), 0);
	f = popen(command, "r"); /* takes the child's stdout, leaves it our stdin */
	EXPECT(f != NULL);
	SAME(pclose(f), 0);
}

static void file_as_stdin(void)
{
	close(0);
	SAME(open("/dev/null", O_RDONLY), 0);
	SAME(fcntl(0, F_GETFD), 0);
	children_have_stdin();
}

static void stream_as_stdin(void)
{
	close(0);
	SAME(fileno(fopen("/dev/null", "r")), 0);
	children_have_stdin();
}

static void pipe_as_stdin(void)
{
	int fds[2];

	close(0);
	SAME(pipe(fds), 0);
	SAME(fds[0], 0);
	children_have_stdin();
}

static void socket_as_stdin(void)
{
	int fds[2];

	close(0);
	SAME(socket(AF_INET, SOCK_STREAM, 0), 0);
	children_have_stdin();
	close(0);
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	SAME(fds[0], 0);
	children_have_stdin();
}

static void copies_as_stdio(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	close(0);
	SAME(dup(fd), 0);
	children_have_stdin();
	SAME(dup2(fd, 0), 0);
	children_have_stdin();
	close(0);
	SAME(fcntl(fd, F_DUPFD, 0), 0);
	children_have_stdin();
}

/* inetd's way: one socket as all three */
static void socket_as_all_of_stdio(void)
{
	int pair[2];
	char answer[16] = "";
	pid_t pid;

	SAME(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		dup2(pair[1], 2);
		close(pair[1]);
		execl("/bin/sh", "sh", "-c", "read x; echo got $x; echo err >&2", (char *)NULL);
		_exit(127);
	}
	SAME(close(pair[1]), 0);
	SAME(write(pair[0], "it\n", 3), 3);
	SAME(recv(pair[0], answer, 11, MSG_WAITALL), 11);
	EXPECT(!strcmp(answer, "got it\nerr\n"));
	SAME(wait_for(pid), 0);
}

static void all_three_from_nothing(void)
{
	close(0);
	close(1);
	close(2);
	SAME(socket(AF_INET, SOCK_DGRAM, 0), 0);
	SAME(epoll_create(1), 1);
	SAME(eventfd(0, 0), 2);
	SAME(open("/dev/null", O_RDONLY), 3);
	EXPECT(child_has(0) && child_has(1) && child_has(2));
}

static void closed_ones_stay_closed(void)
{
	close(0);
	EXPECT(!child_has(0));
	close(1);
	EXPECT(!child_has(1));
	EXPECT(child_has(2));
	SAME(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	EXPECT(!child_has(0)); /* asked for */
}

/* Whatever a call needed for a moment is given back: numbers do not creep. */
static void numbers_do_not_creep(void)
{
	int want = lowest();

	for (int i = 0; i < 50; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		SAME(fd, want);
		SAME(system(":"), 0);
		SAME(vforked(), 0);
		SAME(spawned(), 0);
		SAME(dup(fd), want + 1);
		SAME(close(want + 1), 0);
		if (!EXPECT(close(fd) == 0))
			break;
	}
	SAME(lowest(), want);
}

/* With a table that has room for the program's own and nothing else. */
static void a_table_without_a_spare_place(void)
{
	struct rlimit limit = { 4, 4 };

	SAME(setrlimit(RLIMIT_NOFILE, &limit), 0);
	SAME(socket(AF_INET, SOCK_STREAM, 0), 3);
	FAILS(open("/dev/null", O_RDONLY), EMFILE);
	FAILS(epoll_create(1), EMFILE);
	FAILS(dup(0), EMFILE);
	SAME(close(3), 0);
	SAME(open("/dev/null", O_RDONLY), 3);
	SAME(close(3), 0);
	EXPECT(child_has(0)); /* the loader needs a place too: only now */
	SAME(vforked(), 0);
	SAME(spawned(), 0);
}

void body(void)
{
	RUN_IN_CHILD(file_as_stdin);
	RUN_IN_CHILD(stream_as_stdin);
	RUN_IN_CHILD(pipe_as_stdin);
	RUN_IN_CHILD(socket_as_stdin);
	RUN_IN_CHILD(copies_as_stdio);
	RUN_IN_CHILD(socket_as_all_of_stdio);
	RUN_IN_CHILD(all_three_from_nothing);
	RUN_IN_CHILD(closed_ones_stay_closed);
	RUN(numbers_do_not_creep);
	RUN_IN_CHILD(a_table_without_a_spare_place);
}
