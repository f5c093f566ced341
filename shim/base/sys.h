/* SPDX-License-Identifier: MIT */
/*
 * Raw system calls.
 *
 * Everything that fdguard does on its own account goes to the kernel from here:
 * never through libc's functions (they are the ones we wrap, and another preload may
 * sit behind them), never through errno, and never through a cancellation point.
 * Each function returns what the kernel returned: a result, or a negative errno.
 * All are async-signal-safe and may be called before libc has initialised itself.
 */
#ifndef FDG_BASE_SYS_H
#define FDG_BASE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long fdg_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#else
#error "fdguard knows the system call instructions of x86-64 and aarch64"
#endif
}

#define fdg_sys0(nr) fdg_sys6((nr), 0, 0, 0, 0, 0, 0)
#define fdg_sys1(nr, a) fdg_sys6((nr), (long)(a), 0, 0, 0, 0, 0)
#define fdg_sys2(nr, a, b) fdg_sys6((nr), (long)(a), (long)(b), 0, 0, 0, 0)
#define fdg_sys3(nr, a, b, c) fdg_sys6((nr), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define fdg_sys4(nr, a, b, c, d) fdg_sys6((nr), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define fdg_sys5(nr, a, b, c, d, e) \
	fdg_sys6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

static inline bool fdg_is_err(long r)
{
	return (unsigned long)r >= (unsigned long)-4095L;
}

struct stat;
struct timespec;
struct pollfd;

/* Arguments and results as in the man page of the same name, section 2, but for the negative errno. */
int fdg_sys_open(const char *path, int flags, unsigned mode); /* openat(AT_FDCWD, …) */
int fdg_sys_close(int fd);
long fdg_sys_read(int fd, void *buf, size_t n);               /* one read(2), retried on EINTR */
long fdg_sys_write(int fd, const void *buf, size_t n);        /* one write(2), retried on EINTR */
int fdg_sys_fcntl(int fd, int cmd, long arg);
int fdg_sys_fstat(int fd, struct stat *ret_st);
int fdg_sys_stat(const char *path, struct stat *ret_st);
long fdg_sys_readlink(const char *path, char *buf, size_t n); /* not NUL-terminated */
void *fdg_sys_mmap(size_t len, bool shared);                  /* anonymous, zeroed; NULL on failure */
void *fdg_sys_map_file(int fd, size_t len);                   /* read-only, private; NULL on failure */
void fdg_sys_munmap(void *p, size_t len);
int fdg_sys_getsockopt(int fd, int level, int name, void *val, unsigned *len);
int fdg_sys_clock(int clock, struct timespec *ret_ts);
int fdg_sys_poll(struct pollfd *fds, unsigned n, int timeout_ms); /* not retried on EINTR */
/* Is something mapped at all n bytes? It may be unreadable. */
bool fdg_sys_is_mapped(const void *p, size_t n);
/* Copy to and from memory of this process that may not be there: false then, and where a container forbids the asking. */
bool fdg_sys_peek(const void *from, void *to, size_t n);
bool fdg_sys_poke(void *to, const void *from, size_t n);
int fdg_sys_getpid(void);
int fdg_sys_getppid(void);
int fdg_sys_gettid(void);
/* The calling thread's mask, and what it was. */
uint64_t fdg_sys_set_mask(uint64_t mask);
/* What a program may block: not the two that libc keeps to itself, for pthread_cancel and setuid, which waits for every thread to take one. */
uint64_t fdg_sys_all_signals(void);

#endif
