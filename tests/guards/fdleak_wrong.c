// SPDX-License-Identifier: MIT
/*
 * fdleak-wrong files|sockets|pipes|epolls|child: serves request after request, and forgets to close one thing; what else it opens it closes. child: a forked child does, and
 * its parent, which has more open than that, does not. Ends on SIGTERM, or after 30 s.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static int file_open(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	__asm__ volatile("");
	return fd;
}

__attribute__((noinline)) static int connection_open(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	__asm__ volatile("");
	return fd;
}

__attribute__((noinline)) static int loop_open(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	__asm__ volatile("");
	return fd;
}

__attribute__((noinline)) static int pipe_open(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -1;
	close(fd[1]);
	return fd[0];
}

static void request(const char *forgets)
{
	int file = file_open(), connection = connection_open(), p = pipe_open(), loop = loop_open();

	usleep(5000);
	if (strcmp(forgets, "files") != 0)
		close(file);
	if (strcmp(forgets, "sockets") != 0)
		close(connection);
	if (strcmp(forgets, "pipes") != 0)
		close(p);
	if (strcmp(forgets, "epolls") != 0)
		close(loop);
}

static void serve(const char *forgets)
{
	for (;;)
		request(forgets);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc != 2)
		return 2;
	alarm(30);
	if (strcmp(argv[1], "child") != 0)
		serve(argv[1]);
	for (int i = 0; i < 500; i++)
		connection_open();
	child = fork();
	if (child == 0) {
		alarm(30);
		serve("sockets");
	}
	serve("nothing");
}
