// SPDX-License-Identifier: MIT
/*
 * Calls that wait for a descriptor inside libc or the kernel, where we cannot wait in their place. A descriptor that only we let block (nonblock=fix) blocks in earnest from
 * the first of them on.
 */
#include "wrap/wrap.h"

#include <aio.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdarg.h>

#include "guards/nonblock/marks.h"
#include "guards/nonblock/nonblock.h"
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
	fdg_nonblock_news();
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

WRAP(void, backtrace_symbols_fd, (void *const *addresses, int n, int fd))
{
	used_inside(fd, POLLOUT);
	real_backtrace_symbols_fd(addresses, n, fd);
}

/* By libaio's own instructions nothing of it is seen. */
static void submitted(long n, struct iocb *const *list)
{
	struct iocb *one, a;

	for (long i = 0; i < n && fdg_sys_peek(&list[i], &one, sizeof(one)) && fdg_sys_peek(one, &a, sizeof(a)); i++)
		used_inside((int)a.aio_fildes, a.aio_lio_opcode == IOCB_CMD_PREAD || a.aio_lio_opcode == IOCB_CMD_PREADV ? POLLIN : POLLOUT);
}

void fdg_used_by_number(long nr, const long a[6])
{
	if (nr == SYS_io_submit && fdg_mark_any())
		submitted(a[1], (struct iocb *const *)a[2]);
	if (nr != SYS_tee)
		return;
	used_inside((int)a[0], POLLIN);
	used_inside((int)a[1], POLLOUT);
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

/* libc looks at no list of an unknown mode. */
static void used_in_list(int mode, struct aiocb *const *list, int n)
{
	for (int i = 0; (mode == LIO_WAIT || mode == LIO_NOWAIT) && i < n; i++)
		if (list[i] && list[i]->aio_lio_opcode != LIO_NOP)
			used_inside(list[i]->aio_fildes, list[i]->aio_lio_opcode == LIO_READ ? POLLIN : POLLOUT);
}

#define LISTIO(name, call) \
	int name(int mode, struct aiocb *const *list, int n, struct sigevent *how); \
	__attribute__((visibility("default"))) int name(int mode, struct aiocb *const *list, int n, struct sigevent *how) \
	{ \
		used_in_list(mode, list, n); \
		return real_##call(mode, (void *)(uintptr_t)list, n, how); \
	}

/* The oldest version is another function: it tells nobody of single requests, and as glibc has it never waits. That of 2.4 is today's, from before it moved into libc. */
#if defined(__x86_64__)
__asm__(".symver fdg_wrap_lio_listio, lio_listio@@GLIBC_2.34");
__asm__(".symver fdg_wrap_lio_listio_2_4, lio_listio@GLIBC_2.4");
__asm__(".symver fdg_wrap_lio_listio_old, lio_listio@GLIBC_2.2.5");
__asm__(".symver fdg_wrap_lio_listio64, lio_listio64@@GLIBC_2.34");
__asm__(".symver fdg_wrap_lio_listio64_2_4, lio_listio64@GLIBC_2.4");
__asm__(".symver fdg_wrap_lio_listio64_old, lio_listio64@GLIBC_2.2.5");
LISTIO(fdg_wrap_lio_listio, lio_listio)
LISTIO(fdg_wrap_lio_listio_2_4, lio_listio_2_4)
LISTIO(fdg_wrap_lio_listio_old, lio_listio_old)
LISTIO(fdg_wrap_lio_listio64, lio_listio)
LISTIO(fdg_wrap_lio_listio64_2_4, lio_listio64_2_4)
LISTIO(fdg_wrap_lio_listio64_old, lio_listio64_old)
#else
WRAP(int, lio_listio, (int mode, struct aiocb *const *list, int n, struct sigevent *how))
{
	used_in_list(mode, list, n);
	return real_lio_listio(mode, (void *)(uintptr_t)list, n, how);
}
FDG_TWIN(lio_listio64, lio_listio)
#endif
