// SPDX-License-Identifier: MIT
/* Calls at the end: from atexit and on_exit handlers, destructors, and from a thread that goes on while the process ends. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

static bool beside_a_thread; /* which would take the numbers that are counted here */

static void calls(const char *who)
{
	int sock, copy;
	pid_t pid;

	if (beside_a_thread)
		return;
	sock = socket(AF_INET, SOCK_STREAM, 0);
	copy = dup(sock);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(copy, F_SETFD, 0), 0);
	EXPECT(child_has(copy));
	SAME(close(sock), 0);
	SAME(close(copy), 0);
	FAILS(close(copy), EBADF);
	pid = vfork();
	if (pid == 0)
		_exit(9);
	SAME(wait_for(pid), 9);
	SAME(system("exit 2"), 2 << 8);
	if (expect_failures())
		_exit(1);
	dprintf(1, "%s\n", who);
}

static void handler(void)
{
	calls("atexit");
}

static void with_status(int status, void *unused)
{
	(void)unused;
	SAME(status, 0);
	calls("on_exit");
}

__attribute__((destructor(101))) static void last(void)
{
	calls("destructor 101");
}

__attribute__((destructor)) static void destructor(void)
{
	calls("destructor");
}

static void *goes_on(void *unused)
{
	(void)unused;
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (fd < 0 || fcntl(fd, F_GETFD) != 0 || close(fd) != 0)
			_exit(1);
	}
	return NULL;
}

/* With an argument: a thread goes on, and only that. */
int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argv;
	if (argc > 1) {
		beside_a_thread = true;
		pthread_create(&thread, NULL, goes_on, NULL);
		usleep(50000);
		return 0;
	}
	atexit(handler);
	on_exit(with_status, NULL);
	calls("main");
	return 0;
}
