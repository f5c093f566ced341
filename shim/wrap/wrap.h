/* SPDX-License-Identifier: MIT */
/*
 * What every wrapper is made of. The beats are the same everywhere:
 *
 *     FDG_PASS(call, …)          not taking part: make the real call, return
 *     facts, before              flags forced, entries forgotten
 *     real_call(…)
 *     after                      entries learned
 *
 * errno needs no care: our own work uses raw system calls (base/sys.h), so it is what the real call left.
 *
 * Exported functions have C names of ours (fdg_wrap_x) and libc's names for the linker. So libc's declarations do not reach them: no "nonnull" mark
 * that deletes a NULL test, and variadic ones (open, fcntl, ioctl) are defined with the one argument that they have; on x86-64 and aarch64 a variadic
 * integer argument is passed like a named one.
 */
#ifndef FDG_WRAP_WRAP_H
#define FDG_WRAP_WRAP_H

#include <stdbool.h>

#include "base/kind.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/cloexec/cloexec.h"
#include "ledger/ledger.h"
#include "wrap/real.h"
#include "wrap/room.h"

/* WRAP(int, close, (int fd)) { … } */
#define WRAP(type, name, args) \
	type fdg_wrap_##name args __asm__(#name); \
	__attribute__((visibility("default"))) type fdg_wrap_##name args
/* Another name of a function defined above in the same file. */
#define FDG_TWIN(twin, name) \
	extern __typeof__(fdg_wrap_##name) fdg_twin_##twin __asm__(#twin) __attribute__((alias(#name), visibility("default")));

#define FDG_SITE __builtin_return_address(0)

static inline bool fdg_out(void)
{
	return __builtin_expect(fdg_phase_now() != FDG_ACTIVE, 0);
}

#define FDG_PASS(name, ...) \
	do { \
		if (fdg_out()) \
			return real_##name(__VA_ARGS__); \
	} while (0)

/* O_NONBLOCK, SOCK_NONBLOCK, EFD_NONBLOCK and so on are one bit: for the kind word of a new descriptor. */
#define FDG_NONBLOCK_IN(flags) ((flags) & O_NONBLOCK ? (fdg_kindword)FDG_NONBLOCK : 0)

/* A new descriptor, of a kind that may have FDG_NONBLOCK with it: `forced` says that we asked for close-on-exec, `cloexec` that the program did. Returns fd, so that it can end a wrapper. */
int fdg_made(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site);
/* The same for what accept made. */
int fdg_accepted(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site);
/* … and for a call that made two. */
void fdg_made_pair(const int fd[2], fdg_kindword kind, bool forced, bool cloexec, const void *site);
/* One that came from another process. */
void fdg_arrived(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site);
/* For descriptors that libc made inside: close-on-exec after the fact, if the kind is to be forced. */
int fdg_made_inside(int fd, fdg_kindword kind, bool cloexec, const void *site);

/* `to` is a new descriptor of what `from` refers to. */
void fdg_copied(int from, int to, uint32_t flags, const void *site);

/* dup2(fd, fd). */
void fdg_named_itself(int fd);
/* listen and bind, done. */
int fdg_listen(int fd, int backlog);
int fdg_bind_socket(int fd, const struct sockaddr *address, socklen_t len);
/* close_range, done. */
int fdg_close_range(unsigned first, unsigned last, int flags, const void *site);
/* epoll_ctl, done. */
int fdg_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site);
/* fcntl(fd, F_SETFL, flags) and ioctl, done. */
int fdg_set_flags(int fd, long flags, const void *site);
int fdg_ioctl(int fd, unsigned long request, void *arg, const void *site);
/* What fcntl returned, as the program is to see it; and what it did, into the ledger. */
int fdg_after_fcntl(int fd, int cmd, long arg, int r, const void *site);

/* The raw calls, for syscall(2): `site` is where that was called. */
int fdg_execve(const char *path, char *const argv[], char *const envp[], const void *site);
int fdg_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags, const void *site);
/* recvmsg: is the kernel to be asked for close-on-exec? And what came. */
bool fdg_message_forces(int flags);
void fdg_message_arrived(struct msghdr *m, bool forced, bool cloexec, const void *site);
/* sendmsg is about to send this. Only where fdg_mark_any(). */
void fdg_message_leaves(const struct msghdr *m);
/* sendmsg sent this, with control data. */
void fdg_message_left(const struct msghdr *m);

/* In the parent of a vfork child that is gone, or a program of its own now. A negative number: there was none. */
void fdg_vfork_returned(int child);
/* In the parent, before its memory is copied. */
void fdg_before_fork(void);
/* In a child of fork, before the program goes on. */
void fdg_after_fork_child(void);
/* In the parent: a child that is a program of its own now. */
void fdg_started(int child);
/* In either, with what fork returned. */
void fdg_after_fork(int child);

/* syscall(SYS_select, …) and syscall(SYS_pselect6, …), done. */
long fdg_raw_select(long nr, const long a[6], const void *site);
/* The same for SYS_epoll_wait, SYS_epoll_pwait and SYS_epoll_pwait2; what woke is not looked at. */
long fdg_raw_epoll_wait(long nr, const long a[6]);
/* The same for SYS_poll and SYS_ppoll. */
long fdg_raw_poll(long nr, const long a[6], const void *site);

/* syscall(SYS_tee, …) and syscall(SYS_io_submit, …) are about to wait in the kernel. */
void fdg_used_by_number(long nr, const long a[6]);

/* syscall(SYS_accept, …) and syscall(SYS_accept4, …), made by `call`: what comes may be a stand-in. */
long fdg_accept_by_number(long (*call)(long, const long[6], const void *), long nr, const long a[6], const void *site);

/* The process ends, by whatever way; not in memory that is not ours. */
void fdg_leaving(void);

/* Does this prctl(PR_SET_SECCOMP), or the seccomp() like it, set a filter? */
bool fdg_sets_filter(unsigned mode, unsigned long argument);
/* Before it does, and when it has. */
void fdg_before_filter(void);
void fdg_retire(void);

#define FDG_KINDWORD(kind) ((fdg_kindword)FDG_KIND_##kind)

#endif
