// SPDX-License-Identifier: MIT
/*
 * 20,000 descriptors of several kinds at once (less where the machine's limit is lower): numbers in order, flags right, children started, all of
 * them closed again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { MANY = 20000, SPARE = 64 };

static int many = MANY;

static int make(int i)
{
	switch (i % 4) {
	case 0:
		return socket(AF_UNIX, SOCK_DGRAM, 0);
	case 1:
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 2:
		return eventfd(0, 0);
	default:
		return dup(0);
	}
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	rlim_t most;
	int first, status;
	pid_t pid;

	if ((status = child_main(argc, argv)) >= 0)
		return status;
	getrlimit(RLIMIT_NOFILE, &limit);
	most = limit.rlim_max;
	limit.rlim_cur = MANY + SPARE;
	if (most < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0) { /* not permitted to raise it */
		limit.rlim_cur = limit.rlim_max = most;
		many = most - SPARE;
		if (!EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0) || !EXPECT(many > 1000))
			return 1;
	}
	printf("%d descriptors\n", many);
	fflush(stdout);
	first = lowest();
	for (int i = 0; i < many; i++)
		if (!SAME(make(i), first + i))
			return 1;
	for (int i = 0; i < many; i++)
		if (!SAME(fcntl(first + i, F_GETFD), i % 4 == 1 ? FD_CLOEXEC : 0))
			return 1;
	SAME(fcntl(first + 400, F_SETFD, 0), 0);
	SAME(system("exit 3"), 3 << 8);
	pid = vfork();
	if (pid == 0) {
		execl(SELF, "self", "child", "exit", "4", (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 4);
	EXPECT(child_has(0));
	for (int i = 1; i < many; i += 2) /* holes … */
		SAME(close(first + i), 0);
	SAME(make(0), first + 1); /* … that are filled from below */
	SAME(close_range(first, first + many, 0), 0);
	SAME(lowest(), first);
	SAME(make(2), first);
	SAME(fcntl(first, F_GETFD), 0);
	return expect_failures() != 0;
}
