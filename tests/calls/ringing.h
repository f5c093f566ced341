/* SPDX-License-Identifier: MIT */
/* A signal every few milliseconds, whose handler counts, and at the third one writes to `helper`: for calls that wait until then. */
#ifndef RINGING_H
#define RINGING_H

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "expect.h"

static volatile int rings;
static int helper = -1; /* -1: nobody */

static void ring(int number)
{
	int error = errno;

	(void)number;
	if (++rings == 3 && helper >= 0 && write(helper, "x", 1) != 1)
		rings = -100;
	errno = error;
}

/* flags as for sigaction: SA_RESTART, or 0. */
static inline void start_with(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } };

	rings = 0;
	SAME(sigaction(SIGALRM, &action, NULL), 0);
	SAME(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static inline void start(int flags)
{
	start_with(ring, flags);
}

static inline void stop(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	SAME(setitimer(ITIMER_REAL, &never, NULL), 0);
	signal(SIGALRM, SIG_DFL);
}

#endif
