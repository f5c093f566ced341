// SPDX-License-Identifier: MIT
/*
 * crowd N: so many children that make a call which a supervisor is told of, and wait; then one more, which turns a copy of its own socket blocking, and the parent, which does so too. Prints what
 * became of that.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBER 40

static void be_one(int told)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(told, NUMBER) != NUMBER || write(NUMBER, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static int flip(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		return 1;
	return fcntl(dup(pair[0]), F_SETFL, 0) == 0 ? 0 : 2;
}

int main(int argc, char *argv[])
{
	int n = argc > 1 ? atoi(argv[1]) : 1, told[2], status = -1, first;
	pid_t *child = calloc((size_t)n, sizeof(*child)), last;
	char byte;

	if (!child || pipe(told) < 0)
		return 99;
	for (int i = 0; i < n; i++)
		if ((child[i] = fork()) == 0)
			be_one(told[1]);
		else if (child[i] < 0 || read(told[0], &byte, 1) != 1)
			return 98;
	last = fork();
	if (last == 0)
		_exit(flip());
	waitpid(last, &status, 0);
	first = flip();
	for (int i = 0; i < n; i++)
		kill(child[i], SIGKILL);
	while (wait(NULL) > 0)
		continue;
	printf("last: %d, first: %d\n", status, first);
	return 0;
}
