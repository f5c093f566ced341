// SPDX-License-Identifier: MIT
#include "base/apart.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sys.h"

#include "base/poison.h"

#define FLAGS (CLONE_VM | CLONE_VFORK)
#define STACK 32768u

#if defined(__x86_64__)
__attribute__((noinline)) static long start_child(void (*f)(void *), void *arg, char *top)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[f]\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov %[nr_exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret), "+r"(r10), "+r"(r8)
			 : "a"(SYS_clone), "D"((long)FLAGS), "S"(top), "d"(0L), [f] "r"(f), [arg] "r"(arg), [nr_exit] "i"(SYS_exit)
			 : "rcx", "r11", "cc", "memory");
	return ret;
}
#elif defined(__aarch64__)
__attribute__((noinline)) static long start_child(void (*f)(void *), void *arg, char *top)
{
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = FLAGS;
	register char *x1 __asm__("x1") = top;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x0, %[arg]\n\t"
			 "blr %[f]\n\t"
			 "mov x0, 0\n\t"
			 "mov x8, %[nr_exit]\n\t"
			 "svc 0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [f] "r"(f), [arg] "r"(arg), [nr_exit] "i"(SYS_exit)
			 : "cc", "memory");
	return x0;
}
#endif

int fdg_apart(void (*f)(void *arg), void *arg)
{
	uint64_t all = ~UINT64_C(0), mask = 0;
	char *stack = fdg_sys_mmap(STACK, false);
	long child = -ENOMEM;

	if (!stack)
		return -ENOMEM;
	if (fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask)) == 0) {
		child = start_child(f, arg, stack + STACK);
		if (child > 0) /* then its descriptors are closed, too */
			while (fdg_sys4(SYS_wait4, child, NULL, __WCLONE, 0) == -EINTR)
				;
		fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	}
	fdg_sys_munmap(stack, STACK);
	return child < 0 ? (int)child : 0;
}
