// SPDX-License-Identifier: MIT
/*
 * The kernel finds a registration by its description and its number. The number is closed here, or another file's, and another thread may take it at any time; so the
 * description is put under that number in a copy of our descriptor table: a child that shares our memory, and not the table, does that and EPOLL_CTL_DEL, and is gone. It
 * is three system calls in one piece of assembly, which touches neither stack nor memory; this thread sleeps meanwhile, and signals wait. No signal tells of its end, and
 * a wait of the program does not see it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <signal.h>
#include <sys/epoll.h>

#include "base/sys.h"
#include "guards/stale.h"

#include "base/poison.h"

#define FLAGS (CLONE_VM | CLONE_VFORK)

/* In the child: dup3(from, to, 0), epoll_ctl(epfd, EPOLL_CTL_DEL, to, NULL), exit with the errno of the one that failed, or 0. */
#if defined(__x86_64__)
__attribute__((noinline)) static long start_child(long from, long to, long epfd)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 2f\n\t"
			 "mov %[from], %%rdi\n\t"
			 "mov %[to], %%rsi\n\t"
			 "xor %%edx, %%edx\n\t"
			 "mov %[nr_dup], %%eax\n\t"
			 "syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "js 1f\n\t"
			 "mov %[epfd], %%rdi\n\t"
			 "mov %[del], %%esi\n\t"
			 "mov %[to], %%rdx\n\t"
			 "xor %%r10d, %%r10d\n\t"
			 "mov %[nr_ctl], %%eax\n\t"
			 "syscall\n"
			 "1:\n\t"
			 "neg %%rax\n\t"
			 "mov %%rax, %%rdi\n\t"
			 "mov %[nr_exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "2:"
			 : "=a"(ret), "+r"(r10), "+r"(r8)
			 : "a"(SYS_clone), "D"((long)FLAGS), "S"(0L),
			   "d"(0L), [from] "r"(from), [to] "r"(to), [epfd] "r"(epfd), [nr_dup] "i"(SYS_dup3),
			   [nr_ctl] "i"(SYS_epoll_ctl), [del] "i"(EPOLL_CTL_DEL), [nr_exit] "i"(SYS_exit)
			 : "rcx", "r11", "cc", "memory");
	return ret;
}
#elif defined(__aarch64__)
__attribute__((noinline)) static long start_child(long from, long to, long epfd)
{
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = FLAGS;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 2f\n\t"
			 "mov x0, %[from]\n\t"
			 "mov x1, %[to]\n\t"
			 "mov x2, 0\n\t"
			 "mov x8, %[nr_dup]\n\t"
			 "svc 0\n\t"
			 "tbnz x0, 63, 1f\n\t"
			 "mov x0, %[epfd]\n\t"
			 "mov x1, %[del]\n\t"
			 "mov x2, %[to]\n\t"
			 "mov x3, 0\n\t"
			 "mov x8, %[nr_ctl]\n\t"
			 "svc 0\n"
			 "1:\n\t"
			 "neg x0, x0\n\t"
			 "mov x8, %[nr_exit]\n\t"
			 "svc 0\n"
			 "2:"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x8)
			 : "r"(x4), [from] "r"(from), [to] "r"(to), [epfd] "r"(epfd), [nr_dup] "i"(SYS_dup3),
			   [nr_ctl] "i"(SYS_epoll_ctl), [del] "i"(EPOLL_CTL_DEL), [nr_exit] "i"(SYS_exit)
			 : "cc", "memory");
	return x0;
}
#endif

/* 0, the errno of what failed there, or a negative one: there was no child. */
static int take_out(int from, int to, int epfd)
{
	uint64_t all = ~UINT64_C(0), mask = 0;
	int status = 0;
	long child;

	if (from == to) /* the number is what it was again */
		return (int)-fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_DEL, to, 0);
	if (fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask)) < 0)
		return -EINVAL;
	child = start_child(from, to, epfd);
	if (child > 0)
		while (fdg_sys4(SYS_wait4, child, &status, __WCLONE, 0) == -EINTR)
			;
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
	if (child < 0)
		return (int)child;
	return status & 0x7f ? EINTR : status >> 8 & 0xff;
}

int fdg_stale_take(int pid, int fd)
{
	int process = (int)fdg_sys2(SYS_pidfd_open, pid, 0), copy;

	if (process < 0)
		return process;
	copy = (int)fdg_sys3(SYS_pidfd_getfd, process, fd, 0);
	fdg_sys_close(process);
	return copy;
}

bool fdg_stale_cure(const struct fdg_stale *s, const char **ret_why)
{
	int from = s->other, error;

	if (s->other < 0) {
		*ret_why = "who holds it was not found";
		return false;
	}
	if (s->other_pid && (from = fdg_stale_take(s->other_pid, s->other)) < 0) {
		*ret_why = from == -EPERM ? "the kernel does not let us take a descriptor of that process"
					  : "that process's descriptor is not to be had";
		return false;
	}
	error = take_out(from, s->fd, s->epfd);
	if (s->other_pid)
		fdg_sys_close(from);
	if (error)
		*ret_why = error < 0         ? "the kernel gave no short-lived process for it"
			   : error == ENOENT ? "the kernel has it under another number"
					     : "its old number cannot be taken";
	return !error;
}
