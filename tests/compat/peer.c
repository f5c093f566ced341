// SPDX-License-Identifier: MIT
/*
 * compat-peer [INDEX]: work that every peer has a hand in: memory, threads, TCP over 127.0.0.10, epoll, files, and children by fork, vfork
 * and system(); prints what came of it. With INDEX it then writes to that byte of an 8-byte block (for AddressSanitizer: 8 is one too far).
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void *serve(void *listener)
{
	char line[64];
	int fd = accept(*(int *)listener, NULL, NULL);
	ssize_t n = fd < 0 ? -1 : recv(fd, line, sizeof line, 0);
	if (n < 0 || send(fd, line, (size_t)n, 0) != n)
		perror("server");
	close(fd);
	return NULL;
}

static int listener_new(struct sockaddr_in *at)
{
	socklen_t n = sizeof *at;
	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	inet_pton(AF_INET, "127.0.0.10", &at->sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)at, n) || listen(fd, 4) || getsockname(fd, (struct sockaddr *)at, &n)) {
		perror("listener");
		exit(99);
	}
	return fd;
}

static void echo(void)
{
	struct sockaddr_in at;
	struct epoll_event ready, want = { .events = EPOLLIN };
	pthread_t thread;
	char line[64] = "";
	int listener = listener_new(&at), fd = socket(AF_INET, SOCK_STREAM, 0), loop = epoll_create1(0);
	pthread_create(&thread, NULL, serve, &listener);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) || send(fd, "over TCP", 8, 0) != 8)
		perror("client");
	int n = epoll_ctl(loop, EPOLL_CTL_ADD, fd, &want) ? -1 : epoll_wait(loop, &ready, 1, 10000);
	if (n != 1 || recv(fd, line, sizeof line - 1, 0) < 0)
		perror("answer");
	pthread_join(thread, NULL);
	printf("echo: %s\n", line);
	close(loop);
	close(fd);
	close(listener);
}

static void *fill(void *arg)
{
	size_t sum = 0;
	for (size_t i = 1; i < 2000; i++) {
		char *block = malloc(i);
		memset(block, 1, i);
		sum += (size_t)block[i - 1];
		int fd = open("/dev/null", O_WRONLY);
		if (write(fd, block, i) != (ssize_t)i)
			sum = 0;
		close(fd);
		free(block);
	}
	*(size_t *)arg = sum;
	return NULL;
}

static void memory(void)
{
	pthread_t thread[4];
	size_t sum[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, fill, &sum[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	printf("memory: %zu %zu %zu %zu\n", sum[0], sum[1], sum[2], sum[3]);
}

static void children(void)
{
	int status;
	pid_t pid = fork();
	if (!pid) {
		execlp("sh", "sh", "-c", "exit 3", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("fork: %d\n", WEXITSTATUS(status));
	if (!(pid = vfork())) {
		execlp("sh", "sh", "-c", "exit 4", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("vfork: %d\n", WEXITSTATUS(status));
	fflush(stdout);
	printf("system: %d\n", WEXITSTATUS(system("echo a child; exit 5")));
}

/* A socket without close-on-exec, as programs make them; the child says whether it came along. */
static void leak(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	fflush(stdout);
	if (system("if [ -n \"$(find /proc/self/fd -lname 'socket:*')\" ]; then echo leaked; else echo not leaked; fi"))
		perror("system");
	close(fd);
}

int main(int argc, char **argv)
{
	char *volatile block = malloc(8);
	memory();
	echo();
	children();
	leak();
	if (argc > 1)
		block[atoi(argv[1])] = 'x';
	printf("done\n");
	free(block);
	return 0;
}
