// SPDX-License-Identifier: MIT
#include "base/apart.h"

#include <errno.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sys.h"

#include "base/poison.h"

#define VFORK (CLONE_VM | CLONE_VFORK)
#define NOT_APART 255 /* no errno of Linux */
#define STACK 32768u

/* clone or clone3, with its first two arguments; the others are 0. The child has the stack that they name. */
#if defined(__x86_64__)
__attribute__((noinline)) static long call_clone(int (*f)(void *), void *arg, long nr, long a, long b)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[arg], %%rdi\n\t"
			 "call *%[f]\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[nr_exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret), "+r"(r10), "+r"(r8)
			 : "a"(nr), "D"(a), "S"(b), "d"(0L), [f] "r"(f), [arg] "r"(arg), [nr_exit] "i"(SYS_exit)
			 : "rcx", "r11", "cc", "memory");
	return ret;
}
#elif defined(__aarch64__)
__attribute__((noinline)) static long call_clone(int (*f)(void *), void *arg, long nr, long a, long b)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x0, %[arg]\n\t"
			 "blr %[f]\n\t"
			 "mov x8, %[nr_exit]\n\t"
			 "svc 0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [f] "r"(f), [arg] "r"(arg), [nr_exit] "i"(SYS_exit)
			 : "cc", "memory");
	return x0;
}
#endif

/* As glibc makes a thread: clone3, and clone where that is not known. A filter that lets a program have threads lets us do this. */
static long start_child(int (*f)(void *), void *arg, char *stack, unsigned flags)
{
	struct clone_args a = { .flags = flags, .stack = (uintptr_t)stack, .stack_size = STACK };
	long r = call_clone(f, arg, SYS_clone3, (long)&a, sizeof(a));

	return r == -ENOSYS ? call_clone(f, arg, SYS_clone, (long)flags, (long)(stack + STACK)) : r;
}

static bool never;

void fdg_apart_never(void)
{
	never = true;
}

static bool block_signals(uint64_t *ret_mask)
{
	uint64_t all = ~UINT64_C(0);

	return fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, ret_mask, sizeof(all)) == 0;
}

static void restore_signals(const uint64_t *mask)
{
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof(*mask));
}

/* Its status is not told by a wait of the program: it has no signal. */
static int status_of(long child)
{
	int status = 0;

	while (fdg_sys4(SYS_wait4, child, &status, __WCLONE, 0) == -EINTR)
		;
	return status & 0x7f ? -ECHILD : status >> 8 & 0xff;
}

static int start(int (*f)(void *arg), void *arg, unsigned flags)
{
	char *stack = never ? NULL : fdg_sys_mmap(STACK, false);
	uint64_t mask;
	long r = -ENOMEM;

	if (!stack)
		return never ? -ENOSYS : -ENOMEM;
	if (block_signals(&mask)) {
		r = start_child(f, arg, stack, flags);
		if (r > 0) /* then its descriptors are closed, too */
			r = status_of(r);
		restore_signals(&mask);
	}
	fdg_sys_munmap(stack, STACK);
	return (int)r;
}

int fdg_apart(int (*f)(void *arg), void *arg)
{
	return start(f, arg, VFORK);
}

struct light {
	int (*f)(void *arg);
	void *arg;
	bool begun;
};

/*
 * In a child that has our table itself: it takes a new one with a copy of 0 to 2 alone. Whatever else the program has open it never holds, so what is closed meanwhile by another thread
 * is closed then: a port is free, a reader of a pipe sees its end.
 */
static int leave_table(void *arg)
{
	struct light *l = arg;

	if (fdg_sys3(SYS_close_range, 3, ~0u, CLOSE_RANGE_UNSHARE) < 0 && fdg_sys1(SYS_unshare, CLONE_FILES) < 0)
		return NOT_APART;
	l->begun = true;
	return l->f(l->arg);
}

static int close_first(void *arg)
{
	struct light *l = arg;

	fdg_sys_close(0);
	return l->f(l->arg);
}

/* A seccomp filter may refuse close_range and unshare, or end the child for them: then, and from then on, it begins with a copy of all. */
int fdg_aside_anyhow(int (*f)(void *arg), void *arg)
{
	static _Atomic bool refused;
	struct light l = { f, arg, false };
	int r = NOT_APART;

	if (!atomic_load_explicit(&refused, memory_order_relaxed))
		r = start(leave_table, &l, VFORK | CLONE_FILES);
	if (r != NOT_APART && (r != -ECHILD || l.begun))
		return r;
	atomic_store_explicit(&refused, true, memory_order_relaxed);
	return start(close_first, &l, VFORK);
}

/* glibc 2.32; false once a thread was made, whatever became of it. */
extern char __libc_single_threaded __attribute__((weak));

static bool has_threads(void)
{
	return !&__libc_single_threaded || !__libc_single_threaded;
}

static int here(int (*f)(void *arg), void *arg)
{
	uint64_t mask;
	bool blocked = block_signals(&mask);
	int r = f(arg);

	if (blocked)
		restore_signals(&mask);
	return r;
}

int fdg_aside(int (*f)(void *arg), void *arg)
{
	int r = has_threads() ? fdg_aside_anyhow(f, arg) : -EAGAIN;

	return r >= 0 || r == -ECHILD ? r : here(f, arg);
}
