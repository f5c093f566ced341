/* SPDX-License-Identifier: MIT */
/*
 * libc's own poll and recv, whoever stands between it and us: a preload that has faster clocks for the program (libfaketime), or switches to another coroutine in poll, has
 * no part in what libc waits for in its own lookups, nor in ours.
 */
#ifndef FDG_WRAP_LIBCS_H
#define FDG_WRAP_LIBCS_H

#include <poll.h>
#include <pthread.h>
#include <sys/types.h>

/* As libc's: cancellation points, -1 and errno. */
int fdg_libcs_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
ssize_t fdg_libcs_recv(int fd, void *message, size_t room, int flags);

/* What its header leaves out: its own list of cleanup handlers, which it calls where a thread leaves by longjmp, too. */
void _pthread_cleanup_push(struct _pthread_cleanup_buffer *buffer, void (*routine)(void *), void *arg);
void _pthread_cleanup_pop(struct _pthread_cleanup_buffer *buffer, int execute);

#endif
