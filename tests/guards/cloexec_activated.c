// SPDX-License-Identifier: MIT
/*
 * cloexec-activated: a socket-activated server: checks LISTEN_PID and LISTEN_FDS as sd_listen_fds does, serves one connection and ends. With
 * --accept descriptor 3 is the connection itself, with --inetd standard input and output are.
 * cloexec-activated connect PATH: the client; prints what the server says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int client(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { 10, 0 };
	char line[128];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at)) {
		perror(path);
		return 1;
	}
	ssize_t n = read(fd, line, sizeof line);
	if (n <= 0) {
		printf("the server said nothing\n");
		return 1;
	}
	printf("%.*s", (int)n, line);
	return 0;
}

static int say(int fd, const char *line)
{
	return fd < 0 || write(fd, line, strlen(line)) < 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "connect"))
		return client(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "--inetd"))
		return say(1, "hello from an inetd service\n");
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	if (!pid || atoi(pid) != getpid() || !fds || atoi(fds) != 1)
		return 1;
	if (argc == 2 && !strcmp(argv[1], "--accept"))
		return say(3, "hello from a connection\n");
	return say(accept(3, NULL, NULL), "hello from a listener\n");
}
