/* SPDX-License-Identifier: MIT */
/*
 * For cases that run twice: on plain descriptors, and on ones that are in the interest list of a thread that waits in epoll_wait. Whoever looks after event loops
 * may have more to do with those, and the program must not notice.
 */
#ifndef LISTED_H
#define LISTED_H

#include <sys/epoll.h>
#include <unistd.h>

#include "expect.h"

static int listed_loop = -1;

/* fd, in the list if there is one. Files cannot be. */
static inline int listed(int fd)
{
	struct epoll_event event = { .events = 0 };

	if (listed_loop >= 0 && epoll_ctl(listed_loop, EPOLL_CTL_ADD, fd, &event))
		EXPECT(errno == EPERM);
	return fd;
}

/* Calls f with and without a list. */
static inline void plain_and_listed(void (*f)(void))
{
	struct epoll_event event;

	f();
	listed_loop = epoll_create1(EPOLL_CLOEXEC);
	SAME(epoll_wait(listed_loop, &event, 1, 0), 0);
	f();
	SAME(close(listed_loop), 0);
	listed_loop = -1;
}

#endif
