// SPDX-License-Identifier: MIT
/* select.fortify: the same in a program that is built with _FORTIFY_SOURCE. FD_SET ends it. */
#include "crowd.h"

#include <poll.h>
#include <sys/select.h>

#ifdef SAMPLE_FIXED
__attribute__((noinline)) static int may_write(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int ready = poll(&p, 1, 5000);

	return ready == 1;
}
#else
__attribute__((noinline)) static int may_write(int fd)
{
	struct timeval patience = { 5, 0 };
	fd_set set;
	int ready;

	FD_ZERO(&set);
	FD_SET(fd, &set); /* BUG: fd may be 1024 or more */
	ready = select(fd + 1, NULL, &set, NULL, &patience);
	return ready > 0;
}
#endif

int main(void)
{
	return !may_write(crowd_next());
}
