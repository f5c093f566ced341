// SPDX-License-Identifier: MIT
/* Threads fork, vfork and spawn while others make, copy and close descriptors; children make calls of their own and exec. */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { MAKERS = 4, PARENTS = 4, ROUNDS = 100 };

extern char **environ;
static volatile bool done;
static long wrong;

static void must(bool ok, int line)
{
	if (!ok) {
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		fprintf(stderr, "line %d: errno %d\n", line, errno);
	}
}
#define MUST(condition) must((condition), __LINE__)

static void *makes(void *unused)
{
	(void)unused;
	while (!done) {
		int sock = socket(AF_INET, SOCK_DGRAM, 0), copy = dup(sock),
		    file = open("/dev/null", O_RDONLY | O_CLOEXEC), event = eventfd(0, 0), pair[2];

		MUST(sock >= 0 && copy >= 0 && file >= 0 && event >= 0);
		MUST(fcntl(sock, F_GETFD) == 0 && fcntl(copy, F_GETFD) == 0 && fcntl(file, F_GETFD) == FD_CLOEXEC);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
		MUST(fcntl(event, F_GETFD) == 0 && fcntl(pair[1], F_GETFD) == 0);
		MUST(close(pair[0]) == 0 && close(pair[1]) == 0);
		MUST(close(sock) == 0 && close(copy) == 0 && close(file) == 0 && close(event) == 0);
	}
	return NULL;
}

static int in_the_child(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0), copy = dup(sock);

	if (sock < 0 || copy < 0 || fcntl(sock, F_GETFD) != 0 || close(sock) != 0 || close(copy) != 0)
		return 1;
	closefrom(3);
	return socket(AF_INET, SOCK_DGRAM, 0) == 3 && fcntl(3, F_GETFD) == 0 ? 55 : 2;
}

static void *starts(void *unused)
{
	char *argv[] = { "calls-child", "child", "exit", "56", NULL };

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		int mine = socket(AF_INET, SOCK_STREAM, 0);
		pid_t pid = fork();

		if (pid == 0)
			_exit(in_the_child());
		MUST(wait_for(pid) == 55);
		pid = vfork();
		if (pid == 0) {
			close(mine);
			execv(CHILD, argv);
			_exit(127);
		}
		MUST(wait_for(pid) == 56);
		MUST(posix_spawn(&pid, CHILD, NULL, NULL, argv, environ) == 0);
		MUST(wait_for(pid) == 56);
		MUST(fcntl(mine, F_GETFD) == 0 && close(mine) == 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t makers[MAKERS], parents[PARENTS];
	int first = lowest();

	for (int i = 0; i < MAKERS; i++)
		pthread_create(&makers[i], NULL, makes, NULL);
	for (int i = 0; i < PARENTS; i++)
		pthread_create(&parents[i], NULL, starts, NULL);
	for (int i = 0; i < PARENTS; i++)
		pthread_join(parents[i], NULL);
	done = true;
	for (int i = 0; i < MAKERS; i++)
		pthread_join(makers[i], NULL);
	return wrong != 0 || lowest() != first;
}
