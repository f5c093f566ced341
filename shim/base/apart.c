// SPDX-License-Identifier: MIT
/*
 * Who makes it. Where the program has threads, a thread that nobody knows of, made by the calls by which glibc makes one: a filter that allows those allows ours, no wait of the program
 * sees it, and it ends with the program. A thread can have a descriptor table of its own. Where the program has none, a process: a second thread, even one that is gone but for the kernel's
 * last work on it, would have unshare(2) and setns(2) fail.
 */
#include "base/apart.h"

#include <errno.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>

#include "base/judged.h"
#include "base/sys.h"

#include "base/poison.h"

/* CLONE_VFORK: this thread sleeps until the other one has left this memory. */
#define PROCESS (CLONE_VM | CLONE_VFORK)
#define THREAD (PROCESS | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define STACK 32768u
#define REFUSED (-4095) /* no errno */
#define YIELDS 1000 /* of microseconds, mostly one or two */

/* At the low end of the stack's mapping. */
struct moment {
	int (*f)(void *arg);
	void *arg;
	int r;
	bool is_apart; /* it has a table of its own */
};

/* A thread leaves this memory, for which its maker waits, before its table: what it has is closed here, so that nothing of it is held when its maker goes on. */
static void run(struct moment *m)
{
	m->r = m->f(m->arg);
	if (m->is_apart)
		fdg_sys3(SYS_close_range, 0, ~0u, 0);
}

/* clone or clone3, with their first two arguments; the others are 0. The child has the stack that they name. */
#if defined(__x86_64__)
__attribute__((noinline)) static long call_clone(struct moment *m, long nr, long a, long b)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[m], %%rdi\n\t"
			 "call *%[run]\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov %[nr_exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret), "+r"(r10), "+r"(r8)
			 : "a"(nr), "D"(a), "S"(b), "d"(0L), [m] "r"(m), [run] "r"(run), [nr_exit] "i"(SYS_exit)
			 : "rcx", "r11", "cc", "memory");
	return ret;
}
#elif defined(__aarch64__)
__attribute__((noinline)) static long call_clone(struct moment *m, long nr, long a, long b)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x0, %[m]\n\t"
			 "blr %[run]\n\t"
			 "mov x0, 0\n\t"
			 "mov x8, %[nr_exit]\n\t"
			 "svc 0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [m] "r"(m), [run] "r"(run), [nr_exit] "i"(SYS_exit)
			 : "cc", "memory");
	return x0;
}
#endif

/* clone3, and clone where that is not known, as glibc does. */
static long start(struct moment *m, unsigned flags)
{
	struct clone_args a = { .flags = flags, .stack = (uintptr_t)m, .stack_size = STACK };
	long r = call_clone(m, SYS_clone3, (long)&a, sizeof(a));

	return r == -ENOSYS ? call_clone(m, SYS_clone, (long)flags, (long)m + STACK) : r;
}

/* Its end is told by no signal. When this returns, its descriptors are closed, too. */
static void reap(long pid)
{
	while (fdg_sys4(SYS_wait4, pid, NULL, __WCLONE, 0) == -EINTR)
		;
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

/* glibc 2.32; false once a thread was made, whatever became of it. */
extern char __libc_single_threaded __attribute__((weak));

static bool has_threads(void)
{
	return !&__libc_single_threaded || !__libc_single_threaded;
}

/* Our supervisor's refuses nothing. */
static bool is_filtered(void)
{
	long r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);

	return r != 0 && (r < 0 || !(r & FDG_PROBE_ALONE));
}

/* Where no other thread is left, unshare(2) and setns(2) count one that is not quite gone. */
static void wait_until_gone(long tid)
{
	long pid = fdg_sys_getpid();

	for (int i = 0; i < YIELDS && fdg_sys3(SYS_tgkill, pid, tid, 0) == 0; i++)
		fdg_sys1(SYS_sched_yield, 0);
}

static long run_apart(struct moment *m, bool thread, unsigned flags)
{
	uint64_t mask;
	long r = -EINVAL;

	if (!block_signals(&mask))
		return r;
	r = start(m, flags | (thread ? THREAD : PROCESS));
	if (r > 0 && !thread)
		reap(r);
	else if (r > 0 && !is_filtered())
		wait_until_gone(r);
	restore_signals(&mask);
	return r < 0 ? r : m->r;
}

static bool never;

void fdg_apart_never(void)
{
	never = true;
}

static int apart(int (*f)(void *arg), void *arg, unsigned flags)
{
	bool thread = has_threads();
	struct moment *m;
	long r;

	if (never)
		return -ENOSYS;
	if (!thread && is_filtered()) /* which may end the program for a call that nobody has made in it */
		return -EPERM;
	m = fdg_sys_mmap(STACK, false);
	if (!m)
		return -ENOMEM;
	*m = (struct moment){ f, arg, -ECHILD, !(flags & CLONE_FILES) };
	r = run_apart(m, thread, flags);
	fdg_sys_munmap(m, STACK);
	return (int)r;
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

int fdg_apart(int (*f)(void *arg), void *arg)
{
	return apart(f, arg, 0);
}

int fdg_still(int (*f)(void *arg), void *arg)
{
	return has_threads() ? apart(f, arg, 0) : here(f, arg);
}

struct few {
	int (*f)(void *arg);
	void *arg;
	int r;
};

/* A copy of all, before Linux 5.9, or in a seccomp filter that knows nothing newer. What others close in this moment is held until it is closed here, too. */
static int empty_table(void *arg)
{
	struct few *w = arg;

	for (int fd = 3; fd < 1024; fd++)
		fdg_sys_close(fd);
	w->r = w->f(w->arg);
	return 0;
}

/*
 * It has our table itself, and takes a new one with a copy of 0 to 2 alone. Whatever else the program has open it never holds, so what is closed meanwhile by another thread is closed
 * then: a port is free, a reader of a pipe sees its end.
 */
static int leave_table(void *arg)
{
	struct few *w = arg;

	if (fdg_sys3(SYS_close_range, 3, ~0u, CLOSE_RANGE_UNSHARE) == 0)
		w->r = w->f(w->arg);
	else if (fdg_sys1(SYS_unshare, CLONE_FILES) == 0)
		return empty_table(w);
	else
		return REFUSED;
	fdg_sys3(SYS_close_range, 0, ~0u, 0);
	return 0;
}

int fdg_aside_anyhow(int (*f)(void *arg), void *arg)
{
	struct few w = { f, arg, 0 };
	int r = apart(leave_table, &w, CLONE_FILES);

	if (r == REFUSED)
		r = apart(empty_table, &w, 0);
	return r < 0 ? r : w.r;
}

int fdg_aside(int (*f)(void *arg), void *arg)
{
	int r = has_threads() ? fdg_aside_anyhow(f, arg) : -EAGAIN;

	return r >= 0 || r == -ECHILD ? r : here(f, arg);
}
