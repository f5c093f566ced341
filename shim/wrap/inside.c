// SPDX-License-Identifier: MIT
/*
 * Calls that wait for a descriptor inside libc or the kernel, where we cannot wait in their place. A descriptor that only we let block (nonblock=fix) blocks in earnest from
 * the first of them on.
 */
#include "wrap/wrap.h"

#include <aio.h>
#include <poll.h>
#include <stdarg.h>

#include "guards/nonblock.h"
#include "ledger/watch.h"

/* Its mode was changed behind it, and it is not ready for what libc is about to do. */
__attribute__((noinline)) static void settle(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	if (!fdg_out() && !fdg_foreign_memory() && fdg_sys_poll(&p, 1, 0) == 0)
		fdg_nonblock_settle(fd);
}

static inline void used_inside(int fd, short events)
{
	if (__builtin_expect(fdg_watched(fd) & FDG_WATCH_SETTLE, 0))
		settle(fd, events);
	if (__builtin_expect(fdg_watched(fd) & FDG_WATCH_BLOCKS, 0) && !fdg_out())
		fdg_nonblock_give_up(fd);
}

WRAP(ssize_t, tee, (int in, int out, size_t n, unsigned flags))
{
	used_inside(in, POLLIN);
	used_inside(out, POLLOUT);
	return real_tee(in, out, n, flags);
}

WRAP(int, vdprintf, (int fd, const char *format, va_list v))
{
	used_inside(fd, POLLOUT);
	return real_vdprintf(fd, format, v);
}

WRAP(int, dprintf, (int fd, const char *format, ...))
{
	va_list v;
	int r;

	used_inside(fd, POLLOUT);
	va_start(v, format);
	r = real_vdprintf(fd, format, v);
	va_end(v);
	return r;
}

WRAP(int, __vdprintf_chk, (int fd, int flag, const char *format, va_list v))
{
	used_inside(fd, POLLOUT);
	return real___vdprintf_chk(fd, flag, format, v);
}

WRAP(int, __dprintf_chk, (int fd, int flag, const char *format, ...))
{
	va_list v;
	int r;

	used_inside(fd, POLLOUT);
	va_start(v, format);
	r = real___vdprintf_chk(fd, flag, format, v);
	va_end(v);
	return r;
}

/* A thread of libc makes the call. */
WRAP(int, aio_read, (struct aiocb *a))
{
	used_inside(a->aio_fildes, POLLIN);
	return real_aio_read(a);
}
FDG_TWIN(aio_read64, aio_read)

WRAP(int, aio_write, (struct aiocb *a))
{
	used_inside(a->aio_fildes, POLLOUT);
	return real_aio_write(a);
}
FDG_TWIN(aio_write64, aio_write)
