// SPDX-License-Identifier: MIT
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "base/poison.h"

int fdg_sys_open(const char *path, int flags, unsigned mode)
{
	return (int)fdg_sys4(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fdg_sys_close(int fd)
{
	return (int)fdg_sys1(SYS_close, fd);
}

long fdg_sys_read(int fd, void *buf, size_t n)
{
	long r;

	do
		r = fdg_sys3(SYS_read, fd, buf, n);
	while (r == -EINTR);
	return r;
}

long fdg_sys_write(int fd, const void *buf, size_t n)
{
	long r;

	do
		r = fdg_sys3(SYS_write, fd, buf, n);
	while (r == -EINTR);
	return r;
}

int fdg_sys_fcntl(int fd, int cmd, long arg)
{
	return (int)fdg_sys3(SYS_fcntl, fd, cmd, arg);
}

/* struct stat is the kernel's own on x86-64 and aarch64: no conversion. */
int fdg_sys_fstat(int fd, struct stat *ret_st)
{
	return (int)fdg_sys2(SYS_fstat, fd, ret_st);
}

int fdg_sys_stat(const char *path, struct stat *ret_st)
{
	return (int)fdg_sys4(SYS_newfstatat, AT_FDCWD, path, ret_st, 0);
}

long fdg_sys_readlink(const char *path, char *buf, size_t n)
{
	return fdg_sys4(SYS_readlinkat, AT_FDCWD, path, buf, n);
}

/* A sanitizer has to see that memory comes and goes: else it takes a new mapping for the old one at the same place. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
static long map(size_t len, int flags)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, -1, 0);

	return p == MAP_FAILED ? -ENOMEM : (long)p;
}

static void unmap(void *p, size_t len)
{
	munmap(p, len);
}
#else
static long map(size_t len, int flags)
{
	return fdg_sys6(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE, flags, -1, 0);
}

static void unmap(void *p, size_t len)
{
	fdg_sys2(SYS_munmap, p, len);
}
#endif

void *fdg_sys_mmap(size_t len, bool shared)
{
	long r = map(len, MAP_ANONYMOUS | MAP_NORESERVE | (shared ? MAP_SHARED : MAP_PRIVATE));

	return fdg_is_err(r) ? NULL : (void *)r;
}

void *fdg_sys_map_file(int fd, size_t len)
{
	long r = fdg_sys6(SYS_mmap, 0, (long)len, PROT_READ, MAP_PRIVATE, fd, 0);

	return fdg_is_err(r) ? NULL : (void *)r;
}

void fdg_sys_munmap(void *p, size_t len)
{
	unmap(p, len);
}

int fdg_sys_getsockopt(int fd, int level, int name, void *val, unsigned *len)
{
	return (int)fdg_sys5(SYS_getsockopt, fd, level, name, val, len);
}

int fdg_sys_clock(int clock, struct timespec *ret_ts)
{
	return (int)fdg_sys2(SYS_clock_gettime, clock, ret_ts);
}

int fdg_sys_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	struct timespec ts = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000L };

	return (int)fdg_sys5(SYS_ppoll, fds, n, timeout_ms < 0 ? NULL : &ts, NULL, 0);
}

bool fdg_sys_is_mapped(const void *p, size_t n)
{
	uintptr_t page = (uintptr_t)p & ~(uintptr_t)4095, end = (uintptr_t)p + n;
	unsigned char resident;

	for (; page < end; page += 4096)
		if (fdg_sys3(SYS_mincore, page, 4096, &resident) < 0)
			return false;
	return true;
}

static bool copy(long call, const void *there, void *here, size_t n)
{
	struct iovec local = { here, n }, remote = { (void *)(uintptr_t)there, n };

	return fdg_sys6(call, fdg_sys_getpid(), (long)&local, 1, (long)&remote, 1, 0) == (long)n;
}

bool fdg_sys_peek(const void *from, void *to, size_t n)
{
	return copy(SYS_process_vm_readv, from, to, n);
}

bool fdg_sys_poke(void *to, const void *from, size_t n)
{
	return copy(SYS_process_vm_writev, to, (void *)(uintptr_t)from, n);
}

int fdg_sys_getpid(void)
{
	return (int)fdg_sys0(SYS_getpid);
}

int fdg_sys_getppid(void)
{
	return (int)fdg_sys0(SYS_getppid);
}

uint64_t fdg_sys_set_mask(uint64_t mask)
{
	uint64_t old = 0;

	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, sizeof(mask));
	return old;
}

uint64_t fdg_sys_all_signals(void)
{
	uint64_t all = ~UINT64_C(0);

	for (int s = 32; s < SIGRTMIN; s++)
		all &= ~(UINT64_C(1) << (s - 1));
	return all;
}

int fdg_sys_gettid(void)
{
	return (int)fdg_sys0(SYS_gettid);
}
