// SPDX-License-Identifier: MIT
/*
 * cloexec-meant KIND WHERE ACT CMD [ARG…]: makes a descriptor without close-on-exec and then says on purpose that CMD shall have it.
 * KIND: socket pipe file epoll.
 * WHERE the act is done: self (then exec), fork (in the child), vfork (in the child), spawn (as a file action).
 * ACT: setfd (F_SETFD 0), fionclex, dup2 (to 7; the original is closed), dup2self (over itself), stdin (dup2 to 0; the original is closed).
 * Prints nothing itself; CMD shows what it got.
 */
#include "children.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int make(const char *kind)
{
	int ends[2];
	if (!strcmp(kind, "socket"))
		return socket(AF_INET, SOCK_DGRAM, 0);
	if (!strcmp(kind, "file"))
		return open("/etc/passwd", O_RDONLY);
	if (!strcmp(kind, "epoll"))
		return epoll_create1(0);
	if (strcmp(kind, "pipe") || pipe(ends))
		return -1;
	close(ends[1]);
	return ends[0];
}

static int move(int fd, int to)
{
	if (dup2(fd, to) != to)
		return -1;
	return close(fd);
}

static int act(const char *what, int fd)
{
	if (!strcmp(what, "setfd"))
		return fcntl(fd, F_SETFD, 0);
	if (!strcmp(what, "fionclex"))
		return ioctl(fd, FIONCLEX);
	if (!strcmp(what, "dup2self"))
		return dup2(fd, fd) == fd ? 0 : -1;
	if (!strcmp(what, "dup2"))
		return move(fd, 7);
	if (!strcmp(what, "stdin"))
		return move(fd, 0);
	return -1;
}

static int spawn(const char *what, int fd, char **argv)
{
	int to = !strcmp(what, "dup2self") ? fd : !strcmp(what, "stdin") ? 0 : 7;
	posix_spawn_file_actions_t actions;
	pid_t pid;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, to);
	if (fd != to)
		posix_spawn_file_actions_addclose(&actions, fd);
	int error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error) {
		fprintf(stderr, "posix_spawn %s: %s\n", argv[0], strerror(error));
		return 99;
	}
	return child_wait(pid);
}

/* In the child of a vfork: nothing but system calls. */
static void act_and_exec(const char *what, int fd, char **argv)
{
	if (!act(what, fd))
		execv(argv[0], argv);
	_exit(99);
}

int main(int argc, char **argv)
{
	pid_t pid = 0;
	if (argc < 5) {
		fprintf(stderr, "usage: %s KIND WHERE ACT CMD [ARG...]\n", argv[0]);
		return 99;
	}
	int fd = make(argv[1]);
	if (fd < 0) {
		perror(argv[1]);
		return 99;
	}
	if (!strcmp(argv[2], "spawn"))
		return spawn(argv[3], fd, argv + 4);
	if (!strcmp(argv[2], "fork"))
		pid = fork();
	else if (!strcmp(argv[2], "vfork"))
		pid = vfork();
	else if (strcmp(argv[2], "self"))
		return 99;
	if (!pid)
		act_and_exec(argv[3], fd, argv + 4);
	return child_wait(pid);
}
