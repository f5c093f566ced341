// SPDX-License-Identifier: MIT
/*
 * torture-limit N: starts itself again under RLIMIT_NOFILE N (or what the machine permits), uses every number there is (up to 3,000), and tells
 * the limit and its resident KiB.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

static long resident(void)
{
	const char *line = strstr(read_file("/proc/self/status"), "VmRSS:");

	return line ? atol(line + 6) : -1;
}

static int with_limit(int limit)
{
	int first = lowest(), fd, top = limit < 3000 ? limit : 3000;

	SAME(first, 3);
	printf("%d %ld\n", limit, resident());
	fflush(stdout);
	for (fd = first; fd < top; fd++)
		if (!SAME(socket(AF_UNIX, SOCK_STREAM, 0), fd))
			return 1;
	if (fd == limit)
		FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EMFILE);
	for (fd = first; fd < top; fd++)
		if (!SAME(fcntl(fd, F_GETFD), 0) || !SAME(close(fd), 0))
			return 1;
	SAME(dup2(0, limit - 1), limit - 1);
	SAME(fcntl(limit - 1, F_GETFD), 0);
	FAILS(dup2(0, limit), EBADF);
	SAME(close(limit - 1), 0);
	SAME(system("exit 3"), 3 << 8);
	EXPECT(child_has(0));
	return expect_failures() != 0;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	struct rlimit limit = { n, n };

	if (argc > 2) {
		getrlimit(RLIMIT_NOFILE, &limit);
		return with_limit(limit.rlim_cur);
	}
	if (n < 8)
		return 2;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) { /* not permitted: as many as may be */
		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return 2;
	}
	execl(SELF, argv[0], argv[1], "limited", (char *)NULL);
	return 127;
}
