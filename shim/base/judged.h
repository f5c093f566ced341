/* SPDX-License-Identifier: MIT */
/*
 * For a program that is preloaded into and supervised as well: the preload hands this to fcntl and ioctl as a sixth argument, which they do not have and which libc leaves in its register, and
 * the supervisor's filter lets such a call pass without telling. Where libc or another preload does not leave it there, the supervisor is told, sees that the call comes from a C library that has
 * our preload, and lets it pass too.
 */
#ifndef FDG_BASE_JUDGED_H
#define FDG_BASE_JUDGED_H

#define FDG_JUDGED 0x66646701u
/*
 * prctl(PR_GET_SECCOMP, FDG_PROBE) is answered by a supervisor with FDG_PROBE_SUPERVISED and what else is so; the kernel says 0 or 2, and no filter minds. JUDGED: what this program was started with has been looked
 * at, and told of. LEAKED: it has leaks, and not only what is meant for it. ALONE: the caller is under no other filter.
 */
#define FDG_PROBE 0x66646770u
/* As a third argument, with an offset as the fourth: seven bytes of what supervise/above.h tells, in place of these. */
#define FDG_PROBE_TEXT 0x66646774u
/* As a third argument: is this a Go program, in which F_SETFL and FIONBIO are judged by the supervisor, whoever makes them? FDG_PROBE_MODES says so. */
#define FDG_PROBE_ASK_MODES 0x6664676du
enum { FDG_PROBE_SUPERVISED = 64, FDG_PROBE_JUDGED = 128, FDG_PROBE_LEAKED = 256, FDG_PROBE_ALONE = 512, FDG_PROBE_MODES = 1024 };

#endif
