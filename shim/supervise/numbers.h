/* SPDX-License-Identifier: MIT */
/*
 * Numbers of system calls and architectures, as a seccomp filter sees them. FDG_NO_NUMBER: this architecture has no such call.
 */
#ifndef FDG_SUPERVISE_NUMBERS_H
#define FDG_SUPERVISE_NUMBERS_H

#include <linux/audit.h>
#include <sys/syscall.h>

#define FDG_NO_NUMBER (-1)

#if defined(__x86_64__)
#define FDG_ARCH AUDIT_ARCH_X86_64
#define FDG_ARCH_32 AUDIT_ARCH_I386
#define FDG_X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define FDG_ARCH AUDIT_ARCH_AARCH64 /* 32-bit programs of ARM are not watched */
#endif

#define FDG_NR_fcntl SYS_fcntl
#define FDG_NR_ioctl SYS_ioctl
#define FDG_NR_dup SYS_dup
#ifdef SYS_dup2
#define FDG_NR_dup2 SYS_dup2
#else
#define FDG_NR_dup2 FDG_NO_NUMBER
#endif
#define FDG_NR_dup3 SYS_dup3
#ifdef SYS_select
#define FDG_NR_select SYS_select
#else
#define FDG_NR_select FDG_NO_NUMBER
#endif
#define FDG_NR_pselect6 SYS_pselect6
#define FDG_NR_prctl SYS_prctl
#define FDG_NR_setsockopt SYS_setsockopt
#define FDG_NR_execve SYS_execve
#define FDG_NR_execveat SYS_execveat

#endif
