// SPDX-License-Identifier: MIT
/*
 * cloexec-server env|argv|convention|nginx: a server that replaces itself by exec and keeps its listening socket. The first image listens,
 * leaves one connection with a line in the queue, and starts the second one; the second accepts that connection and prints the line.
 *   env         LISTENER_FD=N              argv        --listener N
 *   convention  nothing names it: the same binary knows
 *   nginx       the child of a fork becomes the new image, NGINX=N; and the old one waits for it
 */
#include "children.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int queue_a_connection(int listener)
{
	static const char line[] = "queued by the first image\n";
	struct sockaddr_in at;
	socklen_t n = sizeof at;
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (getsockname(listener, (struct sockaddr *)&at, &n) || connect(client, (struct sockaddr *)&at, n))
		return -1;
	if (write(client, line, sizeof line - 1) != sizeof line - 1)
		return -1;
	return close(client);
}

static int listener_new(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 8) || queue_a_connection(fd))
		return -1;
	return fd;
}

static int second_image(int listener)
{
	char line[64] = "";
	int fd = accept(listener, NULL, NULL);
	if (fd < 0) {
		printf("the second image has no listener on %d: %m\n", listener);
		return 1;
	}
	ssize_t n = read(fd, line, sizeof line - 1);
	printf("accepted: %.*s", n > 0 ? (int)n : 0, line);
	return 0;
}

static int first_image(const char *self, const char *mode)
{
	char number[16], nginx[16];
	int fd = listener_new();
	if (fd < 0) {
		perror("listener");
		return 99;
	}
	snprintf(number, sizeof number, "%d", fd);
	snprintf(nginx, sizeof nginx, "%d;", fd);
	if (!strcmp(mode, "env"))
		setenv("LISTENER_FD", number, 1);
	if (!strcmp(mode, "argv"))
		return execl(self, self, "argv", "--listener", number, (char *)NULL);
	if (strcmp(mode, "nginx"))
		return execl("/proc/self/exe", self, mode, "again", (char *)NULL);
	char *argv[] = { (char *)self, "nginx", "again", NULL }, *envp[] = { nginx, NULL };
	char entry[32];
	snprintf(entry, sizeof entry, "NGINX=%s", nginx);
	envp[0] = entry;
	pid_t pid = fork();
	if (!pid) {
		execve(self, argv, envp);
		_exit(127);
	}
	return child_wait(pid);
}

/* By convention the listener is the first descriptor after standard error. */
static int listener_known(int argc, char **argv)
{
	const char *name = getenv("LISTENER_FD") ? getenv("LISTENER_FD") : getenv("NGINX");
	if (argc > 3)
		return atoi(argv[3]);
	return name ? atoi(name) : 3;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 99;
	if (argc == 2)
		return first_image(argv[0], argv[1]) ? 99 : 0;
	return second_image(listener_known(argc, argv));
}
