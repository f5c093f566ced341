// SPDX-License-Identifier: MIT
#include "calls.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef LINKED
#include "guards/nonblock/marks.h"
#include "ledger/watch.h"
#include "wrap/blocking.h"
#include "wrap/real.h"

/* What the slow paths call; the preload's are bound in wrap/bind.c. */
#define REAL(call) __typeof__(call) *real_##call = call;
REAL(syscall)
REAL(ppoll)
REAL(read)
REAL(readv)
REAL(pread)
REAL(preadv)
REAL(preadv2)
REAL(write)
REAL(writev)
REAL(pwrite)
REAL(pwritev)
REAL(pwritev2)
REAL(recv)
REAL(recvfrom)
REAL(recvmsg)
REAL(recvmmsg)
REAL(send)
REAL(sendto)
REAL(sendmsg)
REAL(sendmmsg)
REAL(connect)
REAL(accept)
REAL(accept4)
REAL(sendfile)
REAL(splice)
REAL(shutdown)
REAL(getsockopt)
#endif

/* NUMBERED(prefix, raw): the calls by number, by syscall() or by what it leads to. */
#define NUMBERED(prefix, raw) \
	static ssize_t prefix##_take(int fd, void *b, size_t n) { return raw(SYS_read, fd, b, n, 0, 0, 0); } \
	static ssize_t prefix##_take_parts(int fd, const struct iovec *v, int n) { return raw(SYS_readv, fd, v, n, 0, 0, 0); } \
	static ssize_t prefix##_take_parts2(int fd, const struct iovec *v, int n, off_t at, int flags) { return raw(SYS_preadv2, fd, v, n, at, 0, flags); } \
	static ssize_t prefix##_give(int fd, const void *b, size_t n) { return raw(SYS_write, fd, b, n, 0, 0, 0); } \
	static ssize_t prefix##_give_parts(int fd, const struct iovec *v, int n) { return raw(SYS_writev, fd, v, n, 0, 0, 0); } \
	static ssize_t prefix##_give_parts2(int fd, const struct iovec *v, int n, off_t at, int flags) { return raw(SYS_pwritev2, fd, v, n, at, 0, flags); } \
	static ssize_t prefix##_receive(int fd, void *b, size_t n, int flags) { return raw(SYS_recvfrom, fd, b, n, flags, 0, 0); } \
	static ssize_t prefix##_receive_from(int fd, void *b, size_t n, int flags, struct sockaddr *a, socklen_t *len) { return raw(SYS_recvfrom, fd, b, n, flags, a, len); } \
	static ssize_t prefix##_receive_message(int fd, struct msghdr *m, int flags) { return raw(SYS_recvmsg, fd, m, flags, 0, 0, 0); } \
	static int prefix##_receive_messages(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *t) { return (int)raw(SYS_recvmmsg, fd, v, n, flags, t, 0); } \
	static ssize_t prefix##_post(int fd, const void *b, size_t n, int flags) { return raw(SYS_sendto, fd, b, n, flags, 0, 0); } \
	static ssize_t prefix##_post_to(int fd, const void *b, size_t n, int flags, const struct sockaddr *a, socklen_t len) { return raw(SYS_sendto, fd, b, n, flags, a, len); } \
	static ssize_t prefix##_post_message(int fd, const struct msghdr *m, int flags) { return raw(SYS_sendmsg, fd, m, flags, 0, 0, 0); } \
	static int prefix##_post_messages(int fd, struct mmsghdr *v, unsigned n, int flags) { return (int)raw(SYS_sendmmsg, fd, v, n, flags, 0, 0); } \
	static int prefix##_join(int fd, const struct sockaddr *a, socklen_t len) { return (int)raw(SYS_connect, fd, a, len, 0, 0, 0); } \
	static int prefix##_admit(int fd, struct sockaddr *a, socklen_t *len) { return (int)raw(SYS_accept, fd, a, len, 0, 0, 0); } \
	static int prefix##_admit4(int fd, struct sockaddr *a, socklen_t *len, int flags) { return (int)raw(SYS_accept4, fd, a, len, flags, 0, 0); } \
	static ssize_t prefix##_post_file(int out, int in, off_t *at, size_t n) { return raw(SYS_sendfile, out, in, at, n, 0, 0); } \
	static ssize_t prefix##_move(int in, off_t *a, int out, off_t *b, size_t n, unsigned flags) { return raw(SYS_splice, in, a, out, b, n, flags); }

#define NAMED(title, f) \
	{ title, f(read), f(readv), f(preadv2), f(write), f(writev), f(pwritev2), f(recv), f(recvfrom), f(recvmsg), f(recvmmsg), f(send), f(sendto), f(sendmsg), f(sendmmsg), \
	  f(connect), f(accept), f(accept4), f(sendfile), f(splice) }
#define BY(title, prefix) \
	{ title, prefix##_take, prefix##_take_parts, prefix##_take_parts2, prefix##_give, prefix##_give_parts, prefix##_give_parts2, prefix##_receive, \
	  prefix##_receive_from, prefix##_receive_message, prefix##_receive_messages, prefix##_post, prefix##_post_to, prefix##_post_message, prefix##_post_messages, \
	  prefix##_join, prefix##_admit, prefix##_admit4, prefix##_post_file, prefix##_move }
#define LIBC(name) name

NUMBERED(kernel, syscall)
const struct calls bare_calls[WAYS] = { NAMED("by name", LIBC), BY("by number", kernel) };

#ifdef LINKED
static long raw_watched(long nr, long a, long b, long c, long d, long e, long f)
{
	long list[6] = { a, b, c, d, e, f };

	return fdg_raw_watched(nr, list, NULL);
}
#define WATCHED(nr, a, b, c, d, e, f) raw_watched(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
NUMBERED(watched, WATCHED)

static ssize_t slow_read(int fd, void *b, size_t n) { return fdg_read_watched(fd, b, n, NULL); }
static ssize_t slow_readv(int fd, const struct iovec *v, int n) { return fdg_readv_watched(fd, v, n, NULL); }
static ssize_t slow_preadv2(int fd, const struct iovec *v, int n, off_t at, int flags) { return fdg_preadv2_watched(fd, v, n, at, flags, NULL); }
static ssize_t slow_write(int fd, const void *b, size_t n) { return fdg_write_watched(fd, b, n, NULL); }
static ssize_t slow_writev(int fd, const struct iovec *v, int n) { return fdg_writev_watched(fd, v, n, NULL); }
static ssize_t slow_pwritev2(int fd, const struct iovec *v, int n, off_t at, int flags) { return fdg_pwritev2_watched(fd, v, n, at, flags, NULL); }
static ssize_t slow_recv(int fd, void *b, size_t n, int flags) { return fdg_recv_watched(fd, b, n, flags, NULL); }
static ssize_t slow_recvfrom(int fd, void *b, size_t n, int flags, struct sockaddr *a, socklen_t *len) { return fdg_recvfrom_watched(fd, b, n, flags, a, len, NULL); }
static ssize_t slow_recvmsg(int fd, struct msghdr *m, int flags) { return fdg_recvmsg_watched(fd, m, flags, NULL); }
static int slow_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *t) { return fdg_recvmmsg_watched(fd, v, n, flags, t, NULL); }
static ssize_t slow_send(int fd, const void *b, size_t n, int flags) { return fdg_send_watched(fd, b, n, flags, NULL); }
static ssize_t slow_sendto(int fd, const void *b, size_t n, int flags, const struct sockaddr *a, socklen_t len) { return fdg_sendto_watched(fd, b, n, flags, a, len, NULL); }
static ssize_t slow_sendmsg(int fd, const struct msghdr *m, int flags) { return fdg_sendmsg_watched(fd, m, flags, NULL); }
static int slow_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags) { return fdg_sendmmsg_watched(fd, v, n, flags, NULL); }
static int slow_connect(int fd, const struct sockaddr *a, socklen_t len) { return fdg_connect_watched(fd, a, len, NULL); }
static int slow_accept(int fd, struct sockaddr *a, socklen_t *len) { return fdg_accept_watched(fd, a, len, NULL); }
static int slow_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags) { return fdg_accept4_watched(fd, a, len, flags, NULL); }
static ssize_t slow_sendfile(int out, int in, off_t *at, size_t n) { return fdg_sendfile_watched(out, in, at, n, NULL); }
static ssize_t slow_splice(int in, off_t *a, int out, off_t *b, size_t n, unsigned flags) { return fdg_splice_watched(in, a, out, b, n, flags, NULL); }
#define SLOW(name) slow_##name
const struct calls marked_calls[WAYS] = { NAMED("by name", SLOW), BY("by number", watched) };

/* What nonblock.c knows of a mark is not asked here. */
bool __wrap_fdg_nonblock_still(int fd);
bool __wrap_fdg_nonblock_still(int fd)
{
	return fdg_watched(fd) & FDG_WATCH_BLOCKS;
}

void mark(int fd)
{
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_mark_set(fd, fdg_ledger_generation(fd), (const void *)mark, "F_SETFL");
}

void unmark(int fd)
{
	fdg_watch_forget(fd);
}
#else
const struct calls marked_calls[WAYS] = { NAMED("by name", LIBC), BY("by number", kernel) };

void mark(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

void unmark(int fd)
{
	(void)fd;
}
#endif

void make_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
#ifdef LINKED
	unmark(fd);
#endif
}
