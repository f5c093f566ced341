// SPDX-License-Identifier: MIT
/*
 * Calls that wait for a descriptor inside libc or the kernel, where we cannot wait in their place. A descriptor that only we let block (nonblock=fix) blocks in earnest from
 * the first of them on.
 */
#include "wrap/wrap.h"

#include <stdarg.h>

#include "guards/nonblock.h"
#include "ledger/watch.h"

static inline void used_inside(int fd)
{
	if (__builtin_expect(fdg_watched(fd) & FDG_WATCH_BLOCKS, 0) && !fdg_out())
		fdg_nonblock_give_up(fd);
}

WRAP(ssize_t, tee, (int in, int out, size_t n, unsigned flags))
{
	used_inside(in);
	used_inside(out);
	return real_tee(in, out, n, flags);
}

WRAP(int, vdprintf, (int fd, const char *format, va_list v))
{
	used_inside(fd);
	return real_vdprintf(fd, format, v);
}

WRAP(int, dprintf, (int fd, const char *format, ...))
{
	va_list v;
	int r;

	used_inside(fd);
	va_start(v, format);
	r = real_vdprintf(fd, format, v);
	va_end(v);
	return r;
}

WRAP(int, __vdprintf_chk, (int fd, int flag, const char *format, va_list v))
{
	used_inside(fd);
	return real___vdprintf_chk(fd, flag, format, v);
}

WRAP(int, __dprintf_chk, (int fd, int flag, const char *format, ...))
{
	va_list v;
	int r;

	used_inside(fd);
	va_start(v, format);
	r = real___vdprintf_chk(fd, flag, format, v);
	va_end(v);
	return r;
}
