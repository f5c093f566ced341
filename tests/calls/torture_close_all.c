// SPDX-License-Identifier: MIT
/*
 * torture-close-all WAY: what daemons do at their start. Before and after closing everything from 3 on (from 0 on with a second argument),
 * /proc/self/fd shows exactly what this program opened, and descriptors work as ever.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

static void by_loop(int first)
{
	long max = sysconf(_SC_OPEN_MAX);

	for (int fd = first; fd < max; fd++)
		close(fd);
}

static void by_walk(int first)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd >= first && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
}

static void by_closefrom(int first)
{
	closefrom(first);
}

static void by_close_range(int first)
{
	close_range(first, UINT_MAX, 0);
}

static void by_syscall(int first)
{
	syscall(SYS_close_range, first, UINT_MAX, 0);
}

static const struct {
	const char *name;
	void (*close_all)(int first);
} ways[] = { { "loop", by_loop },
	     { "walk", by_walk },
	     { "closefrom", by_closefrom },
	     { "close_range", by_close_range },
	     { "syscall", by_syscall } };

/* The open numbers are 0 to count-1, of which the last is the directory's own. */
static void shows(int first, int count)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int seen = 0;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		seen++;
		EXPECT(atoi(entry->d_name) >= first && atoi(entry->d_name) < first + count);
	}
	SAME(seen, count);
	closedir(dir);
}

int main(int argc, char **argv)
{
	int first = argc > 2 ? 0 : 3, sock;
	unsigned way = 0;

	while (way < sizeof ways / sizeof *ways && (argc < 2 || strcmp(ways[way].name, argv[1]) != 0))
		way++;
	if (way == sizeof ways / sizeof *ways)
		return 2;
	shows(0, 4);
	SAME(socket(AF_INET, SOCK_STREAM, 0), 3);
	SAME(epoll_create(1), 4);
	SAME(open("/dev/null", O_RDONLY), 5);
	SAME(dup(3), 6);
	shows(0, 8);
	ways[way].close_all(first);
	SAME(lowest(), first);
	if (first == 0) { /* as daemons do; failures would go to standard error, so they are in the status */
		SAME(open("/dev/null", O_RDWR), 0);
		SAME(dup(0), 1);
		SAME(dup(0), 2);
	}
	shows(0, 4);
	for (int fd = 3; fd < 10; fd++)
		FAILS(fcntl(fd, F_GETFD), EBADF);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	SAME(sock, 3);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(sock, F_SETFD, 0), 0);
	EXPECT(child_has(sock));
	ways[way].close_all(3); /* once more: daemons that daemonise twice */
	shows(0, 4);
	SAME(system("exit 3"), 3 << 8);
	shows(0, 4);
	return expect_failures() != 0;
}
