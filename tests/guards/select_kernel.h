/* SPDX-License-Identifier: MIT */
/* The kernel's own select, past libc and whoever stands before it: what select's tests compare with. */
#ifndef SELECT_KERNEL_H
#define SELECT_KERNEL_H

#include <stddef.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

/* What libc's headers do not declare: another name of select. */
int __select(int nfds, fd_set *in, fd_set *out, fd_set *ex, struct timeval *timeout);

/* The sixth argument of pselect6. */
struct mask_argument {
	const void *mask;
	size_t size;
};

/* Both return -errno. */
static inline long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
#error "x86-64 and aarch64 only"
#endif
}

static inline long kernel_pselect(long nfds, void *in, void *out, void *ex, void *timeout, const void *mask)
{
	return kernel_call(SYS_pselect6, nfds, (long)in, (long)out, (long)ex, (long)timeout, (long)mask);
}

#ifdef SYS_select
static inline long kernel_select(long nfds, void *in, void *out, void *ex, void *timeout)
{
	return kernel_call(SYS_select, nfds, (long)in, (long)out, (long)ex, (long)timeout, 0);
}
#endif

/* Which of the three sets a descriptor, alone, makes ready at once: bits 1, 2 and 4 for in, out and ex. nfds is fd + 1. */
static inline int kernel_ready(int fd)
{
	static unsigned long bits[3][1 << 10];
	size_t word = (size_t)fd / (8 * sizeof(long));
	unsigned long bit = 1UL << (size_t)fd % (8 * sizeof(long));
	struct timespec now = { 0, 0 };
	int ready = 0;

	for (int i = 0; i < 3; i++)
		bits[i][word] |= bit;
	if (kernel_pselect(fd + 1, bits[0], bits[1], bits[2], &now, NULL) < 0)
		ready = -1;
	for (int i = 0; i < 3; i++) {
		if (ready >= 0 && bits[i][word] & bit)
			ready |= 1 << i;
		bits[i][word] = 0;
	}
	return ready;
}

#endif
