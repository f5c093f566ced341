// SPDX-License-Identifier: MIT
/* select: a descriptor that the set has no room for. FD_SET writes into the timeout, and select reads it as part of the set. */
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
	struct {
		fd_set set;
		struct timeval patience;
	} wait = { .patience = { 5, 0 } };
	int ready;

	FD_SET(fd, &wait.set);
	ready = select(fd + 1, NULL, &wait.set, NULL, &wait.patience); /* BUG: fd may be 1024 or more */
	return ready > 0;
}
#endif

int main(void)
{
	return !may_write(crowd_next());
}
