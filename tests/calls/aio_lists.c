// SPDX-License-Identifier: MIT
/* lio_listio, in each version that libc has of it: what it refuses, what it leaves out, and when it waits. */
#include <aio.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

typedef int list_type(int, struct aiocb *const *, int, struct sigevent *);

#if defined(__x86_64__)
list_type list_2_2_5, list_2_4, list64_2_2_5, list64_2_4;
__asm__(".symver list_2_2_5, lio_listio@GLIBC_2.2.5");
__asm__(".symver list_2_4, lio_listio@GLIBC_2.4");
__asm__(".symver list64_2_2_5, lio_listio64@GLIBC_2.2.5");
__asm__(".symver list64_2_4, lio_listio64@GLIBC_2.4");
static list_type *const versions[] = { lio_listio, (list_type *)lio_listio64, list_2_4, list_2_2_5, list64_2_4, list64_2_2_5 };
#else
static list_type *const versions[] = { lio_listio, (list_type *)lio_listio64 };
#endif

static list_type *lists;
static bool waits; /* as glibc's oldest version does not, whatever it is asked */
static int fds[2];
static char got[8];

static void wait_for_it(const struct aiocb *a)
{
	while (aio_error(a) == EINPROGRESS)
		aio_suspend(&a, 1, NULL);
}

static void what_is_listed_is_done(void)
{
	char sent[] = "abcd";
	struct aiocb in = { .aio_fildes = fds[0], .aio_buf = got, .aio_nbytes = 4, .aio_lio_opcode = LIO_READ };
	struct aiocb out = { .aio_fildes = fds[1], .aio_buf = sent, .aio_nbytes = 4, .aio_lio_opcode = LIO_WRITE };
	struct aiocb nop = { .aio_fildes = -1, .aio_lio_opcode = LIO_NOP }, *list[] = { &in, NULL, &nop, &out };

	memset(got, 0, sizeof got);
	SAME(lists(LIO_WAIT, list, 4, NULL), 0);
	if (!waits) {
		wait_for_it(&in);
		wait_for_it(&out);
	}
	SAME(aio_error(&in), 0);
	SAME(aio_return(&in), 4);
	SAME(aio_return(&out), 4);
	SAME(strcmp(got, sent), 0);
}

static void who_does_not_wait_asks_later(void)
{
	struct aiocb in = { .aio_fildes = fds[0], .aio_buf = got, .aio_nbytes = 1, .aio_lio_opcode = LIO_READ }, *list[] = { &in };

	SAME(lists(LIO_NOWAIT, list, 1, NULL), 0);
	SAME(aio_error(&in), EINPROGRESS);
	SAME(write(fds[1], "x", 1), 1);
	wait_for_it(&in);
	SAME(aio_return(&in), 1);
}

static void mistakes_are_refused(void)
{
	struct aiocb closed = { .aio_fildes = 4711, .aio_buf = got, .aio_nbytes = 1, .aio_lio_opcode = LIO_READ }, *list[] = { &closed };

	FAILS(lists(4711, nowhere(), 1, NULL), EINVAL);
	SAME(lists(LIO_WAIT, nowhere(), 0, NULL), 0);
	if (waits)
		FAILS(lists(LIO_WAIT, list, 1, NULL), EIO);
	else
		SAME(lists(LIO_WAIT, list, 1, NULL), 0);
	wait_for_it(&closed);
	SAME(aio_error(&closed), EBADF);
}

void body(void)
{
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		lists = versions[i];
#if defined(__x86_64__)
		waits = lists != list_2_2_5 && lists != list64_2_2_5;
#else
		waits = true;
#endif
		RUN(what_is_listed_is_done);
		RUN(who_does_not_wait_asks_later);
		RUN(mistakes_are_refused);
	}
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}
