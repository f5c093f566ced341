/* SPDX-License-Identifier: MIT */
/*
 * The slow paths of the data calls: fd is watched (ledger/watch.h), and the wrapper calls the function of its name here instead of libc's. Each returns what the
 * program is to get, with errno as the call itself would have left it.
 *
 * What FDG_WATCH_BLOCKS asks for, a call that blocks on a description that does not, is in blocking_wait.c (waiting) and blocking_rest.c (what comes after a first
 * part); blocking.c, blocking_message.c, blocking_peer.c and blocking_splice.c have the calls. All are cancellation points where libc's are; the raw one is none.
 */
#ifndef FDG_WRAP_BLOCKING_H
#define FDG_WRAP_BLOCKING_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

ssize_t fdg_read_watched(int fd, void *b, size_t n, const void *site);
ssize_t fdg_readv_watched(int fd, const struct iovec *v, int n, const void *site);
ssize_t fdg_pread_watched(int fd, void *b, size_t n, off_t at, const void *site);
ssize_t fdg_preadv_watched(int fd, const struct iovec *v, int n, off_t at, const void *site);
ssize_t fdg_preadv2_watched(int fd, const struct iovec *v, int n, off_t at, int flags, const void *site);
ssize_t fdg_write_watched(int fd, const void *b, size_t n, const void *site);
ssize_t fdg_writev_watched(int fd, const struct iovec *v, int n, const void *site);
ssize_t fdg_pwrite_watched(int fd, const void *b, size_t n, off_t at, const void *site);
ssize_t fdg_pwritev_watched(int fd, const struct iovec *v, int n, off_t at, const void *site);
ssize_t fdg_pwritev2_watched(int fd, const struct iovec *v, int n, off_t at, int flags, const void *site);

ssize_t fdg_recv_watched(int fd, void *b, size_t n, int flags, const void *site);
ssize_t fdg_recvfrom_watched(int fd, void *b, size_t n, int flags, struct sockaddr *from, socklen_t *len, const void *site);
ssize_t fdg_recvmsg_watched(int fd, struct msghdr *m, int flags, const void *site);
int fdg_recvmmsg_watched(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout, const void *site);
ssize_t fdg_send_watched(int fd, const void *b, size_t n, int flags, const void *site);
ssize_t fdg_sendto_watched(int fd, const void *b, size_t n, int flags, const struct sockaddr *to, socklen_t len, const void *site);
ssize_t fdg_sendmsg_watched(int fd, const struct msghdr *m, int flags, const void *site);
int fdg_sendmmsg_watched(int fd, struct mmsghdr *v, unsigned n, int flags, const void *site);

int fdg_connect_watched(int fd, const struct sockaddr *to, socklen_t len, const void *site);
int fdg_accept_watched(int fd, struct sockaddr *peer, socklen_t *len, const void *site);
int fdg_accept4_watched(int fd, struct sockaddr *peer, socklen_t *len, int flags, const void *site);

/* Where one of the two is watched. */
ssize_t fdg_sendfile_watched(int out, int in, off_t *at, size_t n, const void *site);
ssize_t fdg_splice_watched(int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags, const void *site);

/* These two never block: what waits to be judged is judged. */
int fdg_shutdown_watched(int fd, int how, const void *site);
int fdg_getsockopt_watched(int fd, int level, int name, void *value, socklen_t *len, const void *site);

/* syscall(nr, …), nr one of the above. */
long fdg_raw_watched(long nr, const long a[6], const void *site);

#endif
