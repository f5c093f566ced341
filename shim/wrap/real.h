/* SPDX-License-Identifier: MIT */
/*
 * libc's own functions, typed by libc's own headers: real_close is what a program without us would have called (or the next preload's). Valid
 * at any time: see bind.c. A function that this libc lacks is one that fails with ENOSYS.
 */
#ifndef FDG_WRAP_REAL_H
#define FDG_WRAP_REAL_H

#include <aio.h>
#include <dirent.h>
#include <execinfo.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utmp.h>
#include <wordexp.h>

/* Declared by <bits/fcntl2.h> under _FORTIFY_SOURCE alone, and <mqueue.h> likewise. */
int __open_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
mqd_t __mq_open_2(const char *name, int flags);
/* Declared by <bits/select2.h> likewise, by <bits/poll2.h>, <bits/unistd.h>, <bits/socket2.h> and <bits/stdio2.h>. */
long __fdelt_chk(long fd);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room);
ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *peer, socklen_t *len);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __vdprintf_chk(int fd, int flag, const char *format, va_list v);

#pragma GCC visibility push(hidden) /* a call through one of them is one instruction */
#define CALL(name, need) extern __typeof__(name) *real_##name;
#define TWIN(name, call)
#define OLD(name, call, version) extern __typeof__(call) *real_##name;
#include "calls.def"
#undef CALL
#undef TWIN
#undef OLD
#pragma GCC visibility pop

/* Copies the loader's list of objects; in the constructor. */
void fdg_bind_start(void);
/* For the stubs: finds what `pointer`, one of the above, is to point to, stores and returns it. */
void *fdg_bind(void **pointer);
/* libc's own, past any preload behind us; it is not stored. */
void *fdg_bind_libcs(void **pointer);

#endif
