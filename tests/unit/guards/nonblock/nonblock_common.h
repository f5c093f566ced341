/* SPDX-License-Identifier: MIT */
/* For test_nonblock.c and test_marks.c: what the wrappers do around a call. */
#ifndef FDG_TEST_NONBLOCK_COMMON_H
#define FDG_TEST_NONBLOCK_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guards/nonblock/late.h"
#include "guards/nonblock/marks.h"
#include "guards/nonblock/nonblock.h"

#include "../../../harness/reported.h"

#define WARNING "fdguard: warning:"
#define NOTE "fdguard: note:"

static uintptr_t site; /* in this program, and a new one for each change: a site is told once */

/* ---- what the wrappers do ---- */

static inline int make(bool nonblocking)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | (nonblocking ? SOCK_NONBLOCK : 0), 0);

	assert_true(fd > 2);
	fdg_ledger_learn(fd, fdg_kindword_of(FDG_KIND_SOCKET, AF_UNIX, SOCK_DGRAM), nonblocking ? FDG_NONBLOCK : 0, (const void *)++site);
	return fd;
}

static inline int copy_to(int fd, int copy)
{
	assert_true(copy >= 0);
	fdg_ledger_copy(fd, copy, 0, (const void *)++site);
	if (fdg_mark_any())
		fdg_nonblock_copied(fd, copy);
	return copy;
}

static inline int copy_of(int fd)
{
	return copy_to(fd, dup(fd));
}

static inline void forget(int fd)
{
	fdg_ledger_forget(fd);
	assert_int_equal(close(fd), 0);
}

static inline bool kernel_mode(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static inline bool seen_mode(int fd)
{
	return fdg_nonblock_getfl(fd, fcntl(fd, F_GETFL)) & O_NONBLOCK;
}

static inline void set_mode_at(int fd, bool nonblocking, const void *here)
{
	int flags = fcntl(fd, F_GETFL) & ~O_NONBLOCK;
	struct fdg_mode_change c;

	fdg_nonblock_before(&c, fd, nonblocking, "F_SETFL", here);
	assert_int_equal(fcntl(fd, F_SETFL, flags | (c.kernel ? O_NONBLOCK : 0)), 0);
	fdg_nonblock_after(&c);
}

static inline void set_mode(int fd, bool nonblocking)
{
	set_mode_at(fd, nonblocking, (const void *)++site);
}

static inline void use(int fd)
{
	if (fdg_watched(fd) & FDG_WATCH_SETTLE)
		fdg_nonblock_settle(fd);
}

static inline bool waits(int fd)
{
	return fdg_watched(fd) & FDG_WATCH_BLOCKS;
}

static inline void pause_ms(long ms)
{
	struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

static inline int begin(void **state)
{
	int failed = begin_reports("/usr/bin/program");

	(void)state;
	site = (uintptr_t)report;
	fdg_options.level = FDG_LEVEL_NOTE;
	return failed;
}

#endif
