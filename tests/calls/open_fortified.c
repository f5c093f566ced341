// SPDX-License-Identifier: MIT
/* Built with -O2 -D_FORTIFY_SOURCE=2, where open(path, flags) with flags that are no constant becomes __open_2. */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "expect.h"

#ifndef __USE_FORTIFY_LEVEL
#error "needs libc's headers"
#elif __USE_FORTIFY_LEVEL < 2
#error "must be built with -O2 -D_FORTIFY_SOURCE=2"
#endif

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
mqd_t __mq_open_2(const char *name, int flags);

static int unknown(int flags)
{
	volatile int hidden = flags;

	return hidden;
}

static void opened_at_the_lowest_number(void)
{
	int want = lowest();

	SAME(open("/dev/null", unknown(O_RDONLY)), want);
	EXPECT(!cloexec(want));
	SAME(close(want), 0);
	SAME(open64("/dev/null", unknown(O_RDONLY | O_CLOEXEC)), want);
	EXPECT(cloexec(want));
	SAME(close(want), 0);
	SAME(openat(AT_FDCWD, "/dev/null", unknown(O_WRONLY)), want);
	SAME(fcntl(want, F_GETFL) & O_ACCMODE, O_WRONLY);
	SAME(close(want), 0);
	SAME(openat64(AT_FDCWD, "/dev/null", unknown(O_RDWR)), want);
	SAME(close(want), 0);
	/* By name, whatever the headers made of the above. */
	SAME(__open_2("/dev/null", O_RDONLY), want);
	SAME(close(want), 0);
	SAME(__open64_2("/dev/null", O_RDONLY | O_CLOEXEC), want);
	EXPECT(cloexec(want));
	SAME(close(want), 0);
	SAME(__openat_2(AT_FDCWD, "/dev/null", O_RDONLY), want);
	SAME(close(want), 0);
	SAME(__openat64_2(AT_FDCWD, "/dev/null", O_RDONLY), want);
	SAME(close(want), 0);
}

static void refused_as_the_kernel_refuses(void)
{
	FAILS(open("missing", unknown(O_RDONLY)), ENOENT);
	FAILS(__open_2(nowhere(), O_RDONLY), EFAULT);
	FAILS(__open64_2("missing", O_RDONLY), ENOENT);
	FAILS(__openat_2(none(), "missing", O_RDONLY), EBADF);
	FAILS(__openat64_2(AT_FDCWD, nowhere(), O_RDONLY), EFAULT);
	FAILS(__mq_open_2("/fdguard-test-missing", O_RDWR), ENOENT);
}

static void die_without_core(int flags)
{
	struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	close(2); /* libc says why on standard error */
	__open_2("made", flags);
}

static void no_mode(void *unused)
{
	(void)unused;
	die_without_core(unknown(O_WRONLY | O_CREAT));
}

/* The check is the point of the fortified call: it must stay. */
static void creation_without_a_mode_aborts(void)
{
	SAME(in_child(no_mode, NULL), 128 + SIGABRT);
	EXPECT(access("made", F_OK) < 0);
}

void body(void)
{
	RUN(opened_at_the_lowest_number);
	RUN(refused_as_the_kernel_refuses);
	RUN(creation_without_a_mode_aborts);
}
