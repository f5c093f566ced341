/* SPDX-License-Identifier: MIT */
/* For test_poll.c and test_poll_hide.c: waits as the wrapper does them, by a clock of ours. */
#ifndef FDG_TEST_POLL_COMMON_H
#define FDG_TEST_POLL_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "guards/epoll/poll.h"
#include "guards/epoll/turns.h"

#include "../../../harness/reported.h"

/* The guards' clock, which goes on by our hand. */
static _Atomic int64_t clock_ms = 1000000;

int clock_gettime(clockid_t which, struct timespec *t)
{
	int64_t ms = clock_ms;

	(void)which;
	*t = (struct timespec){ ms / 1000, ms % 1000 * 1000000L };
	return 0;
}

static uintptr_t site; /* in this program, and a new one for each test: a finding is told once */
static int ends[2]; /* a pipe of which the writer is gone, as a rule */

static inline void learn(int fd, enum fdg_kind kind)
{
	fdg_ledger_learn(fd, (fdg_kindword)kind, 0, (const void *)site);
}

static inline void forget(int fd)
{
	fdg_ledger_forget(fd);
	close(fd);
}

static inline int setup(void **state)
{
	(void)state;
	site++;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options.epoll = FDG_FIX;
	fdg_options.epoll_spin = 1000;
	fdg_poll_until_sample = 1024;
	clock_ms += 100000;
	if (pipe(ends) < 0)
		return -1;
	learn(ends[0], FDG_KIND_PIPE);
	report();
	return 0;
}

static inline int teardown(void **state)
{
	struct fdg_suspect s;

	(void)state;
	for (unsigned at = 0; fdg_suspect_next(&at, &s);)
		fdg_suspect_end(&s);
	fdg_ledger_forget_range(0, ~0u);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* As the wrapper does it. */
static inline int wait_for(struct pollfd *p, unsigned n, int64_t ms)
{
	int r;

	fdg_turn_over_slow(fdg_turn_array(p));
	r = poll(p, n, -1);
	clock_ms += ms;
	assert_true(r > 0);
	fdg_poll_woken(&(struct fdg_polled){ p, n, r, "poll", (const void *)site });
	fdg_turn_begins_slow(0, 0);
	return r;
}

static inline int wait_on(struct pollfd *p, unsigned n)
{
	return wait_for(p, n, 0);
}

/* `times` waits, of `ms` in all. */
static inline void turn(struct pollfd *p, unsigned n, unsigned times, int64_t ms)
{
	int64_t begun = clock_ms;

	for (unsigned i = 1; i <= times; i++) {
		clock_ms = begun + ms * i / times;
		wait_on(p, n);
	}
}

static inline bool says(const char *what)
{
	return strstr(report(), what) != NULL;
}

static inline bool said(const char *what)
{
	return strstr(logged, what) != NULL;
}

static inline void hang_up(void)
{
	close(ends[1]);
	ends[1] = -1;
}

static inline int begin(void **state)
{
	(void)state;
	site = (uintptr_t)begin;
	return begin_reports("/usr/bin/program");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
