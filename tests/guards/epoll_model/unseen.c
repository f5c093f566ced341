// SPDX-License-Identifier: MIT
/* Calls that nobody but the kernel sees. */
#include "model.h"

#include <errno.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c, long d)
{
#if defined __x86_64__
	register long r10 __asm__("r10") = d;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
#elif defined __aarch64__
	register long x8 __asm__("x8") = number;
	register long r __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(r) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
#endif
	if (r < 0)
		errno = (int)-r;
	return r < 0 ? -1 : r;
}

int unseen_close(int n)
{
	return (int)call(SYS_close, n, 0, 0, 0);
}

int unseen_dup3(int from, int to, int flags)
{
	return (int)call(SYS_dup3, from, to, flags, 0);
}

int unseen_control(int epoll, int op, int n, struct epoll_event *event)
{
	return (int)call(SYS_epoll_ctl, epoll, op, n, (long)event);
}
