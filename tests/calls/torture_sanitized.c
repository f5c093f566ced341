// SPDX-License-Identifier: MIT
/* Built with -fsanitize=thread, address or undefined: threads that make, copy, pass on and close descriptors, and start children. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 300 };

static int fail(const char *what)
{
	perror(what);
	_exit(1);
}

static void rights(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int pair[2], fd = 0;

	memset(&control, 0, sizeof control);
	control.align =
		(struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd) };
	memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0 || sendmsg(pair[1], &message, 0) != 1 ||
	    recvmsg(pair[0], &message, 0) != 1)
		fail("rights");
	memcpy(&fd, CMSG_DATA(&control.align), sizeof fd);
	if (fcntl(fd, F_GETFD) != 0 || close(fd) != 0 || close(pair[0]) != 0 || close(pair[1]) != 0)
		fail("rights");
}

static void *work(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		int sock = socket(AF_INET, SOCK_STREAM, 0), copy = dup(sock), ep = epoll_create1(0),
		    file = open("/dev/null", O_RDWR);
		char *memory = malloc(100);

		if (sock < 0 || copy < 0 || ep < 0 || file < 0 || fcntl(sock, F_GETFD) != 0 || dup2(file, copy) != copy)
			fail("make");
		snprintf(memory, 100, "%d", sock);
		free(memory);
		rights();
		if (close(sock) != 0 || close(copy) != 0 || close(ep) != 0 || close(file) != 0)
			fail("close");
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	FILE *f;
	pid_t pid;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 4", (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &(int){ 0 }, 0) != pid || WEXITSTATUS(system("exit 3")) != 3)
		fail("children");
	f = popen("echo sanitized", "r");
	if (!f || fgetc(f) != 's' || pclose(f) != 0)
		fail("popen");
	puts("sane");
	return 0;
}
