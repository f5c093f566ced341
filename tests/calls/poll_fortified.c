// SPDX-License-Identifier: MIT
/* Built with -O2 -D_FORTIFY_SOURCE=2, where poll of an unknown count on an array of known size becomes __poll_chk, and ppoll __ppoll_chk. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "expect.h"

#ifndef __USE_FORTIFY_LEVEL
#error "needs libc's headers"
#elif __USE_FORTIFY_LEVEL < 2
#error "must be built with -O2 -D_FORTIFY_SOURCE=2"
#endif

static int ends[2];

static nfds_t unknown(nfds_t n)
{
	volatile nfds_t hidden = n;

	return hidden;
}

static void what_fits_is_waited_for(void)
{
	struct pollfd p[2] = { { ends[0], POLLIN, 0 }, { ends[1], POLLOUT, 0 } };
	struct timespec soon = { 0, 1000000 };

	KEEPS_ERRNO(SAME(poll(p, unknown(2), -1), 1));
	SAME(p[1].revents, POLLOUT);
	p[1].revents = 0;
	KEEPS_ERRNO(SAME(ppoll(p, unknown(2), NULL, NULL), 1));
	SAME(p[1].revents, POLLOUT);
	SAME(poll(p, unknown(1), 1), 0);
	SAME(ppoll(p, unknown(1), &soon, NULL), 0);
	SAME(poll(p, unknown(0), 0), 0);
	p[1].fd = lowest();
	SAME(poll(p, unknown(2), -1), 1);
	SAME(p[1].revents, POLLNVAL);
	FAILS(__poll_chk(nowhere(), unknown(1), -1, (size_t)-1), EFAULT);
}

static void overruns(void *which)
{
	struct rlimit no_core = { 0, 0 };
	struct pollfd p[2] = { { ends[1], POLLOUT, 0 }, { ends[1], POLLOUT, 0 } };
	struct timespec at_once = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(open("/dev/null", O_WRONLY), 2);
	if (*(int *)which == 0)
		poll(p, unknown(3), 0);
	else if (*(int *)which == 1)
		ppoll(p, unknown(3), &at_once, NULL);
	else if (*(int *)which == 2)
		poll(p, unknown((nfds_t)-1), -1);
	else
		__ppoll_chk(p, 2, NULL, NULL, 2 * sizeof *p - 1);
}

/* libc ends it, as without a preload. */
static void what_does_not_fit_is_the_end(void)
{
	for (int i = 0; i < 4; i++)
		SAME(in_child(overruns, &i), 128 + SIGABRT);
}

void body(void)
{
	SAME(pipe(ends), 0);
	RUN(what_fits_is_waited_for);
	RUN(what_does_not_fit_is_the_end);
	SAME(close(ends[0]), 0);
	SAME(close(ends[1]), 0);
}
