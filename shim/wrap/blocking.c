// SPDX-License-Identifier: MIT
/* Calls on bytes. Each is made as the program made it; what blocking adds comes after. */
#include "wrap/blocking.h"

#include "wrap/blocking_wait.h"
#include "wrap/wrap.h"

/* recv and send: what comes to an end at once whatever the mode. */
#define NEVER_WAITS (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)

static ssize_t do_read(int fd, void *b, size_t n, bool raw, const void *site)
{
	struct iovec v = { b, n };
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin(&c, fd, FDG_TAKES, "read", raw, site);
	do
		r = FDG_REAL(&c, read, fd, b, n);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, fdg_take_rest(&c, r, &v, 1, 0, NULL));
}

ssize_t fdg_read_watched(int fd, void *b, size_t n, const void *site)
{
	return do_read(fd, b, n, false, site);
}

static ssize_t do_readv(int fd, const struct iovec *v, long n, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin(&c, fd, FDG_TAKES, "readv", raw, site);
	do
		r = raw ? real_syscall(SYS_readv, fd, v, n) : real_readv(fd, v, (int)n);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, fdg_take_rest(&c, r, v, (size_t)n, 0, NULL));
}

ssize_t fdg_readv_watched(int fd, const struct iovec *v, int n, const void *site)
{
	return do_readv(fd, v, n, false, site);
}

static ssize_t do_write(int fd, const void *b, size_t n, bool raw, const void *site)
{
	struct iovec v = { (void *)(uintptr_t)b, n };
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin(&c, fd, FDG_GIVES, "write", raw, site);
	do
		r = FDG_REAL(&c, write, fd, b, n);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, fdg_give_rest(&c, r, &v, 1, 0, NULL));
}

ssize_t fdg_write_watched(int fd, const void *b, size_t n, const void *site)
{
	return do_write(fd, b, n, false, site);
}

static ssize_t do_writev(int fd, const struct iovec *v, long n, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin(&c, fd, FDG_GIVES, "writev", raw, site);
	do
		r = raw ? real_syscall(SYS_writev, fd, v, n) : real_writev(fd, v, (int)n);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, fdg_give_rest(&c, r, v, (size_t)n, 0, NULL));
}

ssize_t fdg_writev_watched(int fd, const struct iovec *v, int n, const void *site)
{
	return do_writev(fd, v, n, false, site);
}

/*
 * At a position: what has one never moves only a part for want of data or room. -1 is the one that the file has.
 */

/* POSITIONED(name, way, (parameters), (arguments)) */
#define POSITIONED(name, way, parameters, ...) \
	ssize_t fdg_##name##_watched parameters \
	{ \
		struct fdg_call c; \
		ssize_t r; \
\
		fdg_call_begin(&c, fd, way, #name, false, site); \
		do \
			r = real_##name(__VA_ARGS__); \
		while (fdg_call_again(&c, r)); \
		return fdg_call_end(&c, r); \
	}

POSITIONED(pread, FDG_TAKES, (int fd, void *b, size_t n, off_t at, const void *site), fd, b, n, at)
POSITIONED(preadv, FDG_TAKES, (int fd, const struct iovec *v, int n, off_t at, const void *site), fd, v, n, at)
POSITIONED(pwrite, FDG_GIVES, (int fd, const void *b, size_t n, off_t at, const void *site), fd, b, n, at)
POSITIONED(pwritev, FDG_GIVES, (int fd, const struct iovec *v, int n, off_t at, const void *site), fd, v, n, at)

static ssize_t do_preadv2(int fd, const struct iovec *v, long n, const long at[2], int flags, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin_with(&c, fd, FDG_TAKES, "preadv2", raw, site, flags & RWF_NOWAIT);
	do
		r = raw ? real_syscall(SYS_preadv2, fd, v, n, at[0], at[1], flags) : real_preadv2(fd, v, (int)n, at[0], flags);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, at[0] == -1 ? fdg_take_rest(&c, r, v, (size_t)n, 0, NULL) : r);
}

ssize_t fdg_preadv2_watched(int fd, const struct iovec *v, int n, off_t at, int flags, const void *site)
{
	return do_preadv2(fd, v, n, (long[]){ at, 0 }, flags, false, site);
}

static ssize_t do_pwritev2(int fd, const struct iovec *v, long n, const long at[2], int flags, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin_with(&c, fd, FDG_GIVES, "pwritev2", raw, site, flags & RWF_NOWAIT);
	do
		r = raw ? real_syscall(SYS_pwritev2, fd, v, n, at[0], at[1], flags) : real_pwritev2(fd, v, (int)n, at[0], flags);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, at[0] == -1 ? fdg_give_rest(&c, r, v, (size_t)n, 0, NULL) : r);
}

ssize_t fdg_pwritev2_watched(int fd, const struct iovec *v, int n, off_t at, int flags, const void *site)
{
	return do_pwritev2(fd, v, n, (long[]){ at, 0 }, flags, false, site);
}

/*
 * recv and send
 */

struct bytes {
	int fd;
	struct iovec v;
	int flags;
	bool raw;
	const char *name;
	const void *site;
};

/* The program's own call is made: a next preload may know one of the two only. */
static ssize_t real_take(const struct bytes *b, struct sockaddr *from, socklen_t *len, bool plain)
{
	if (b->raw)
		return real_syscall(SYS_recvfrom, b->fd, b->v.iov_base, b->v.iov_len, b->flags, from, len);
	return plain ? real_recv(b->fd, b->v.iov_base, b->v.iov_len, b->flags) : real_recvfrom(b->fd, b->v.iov_base, b->v.iov_len, b->flags, from, len);
}

static ssize_t do_recv(const struct bytes *b, struct sockaddr *from, socklen_t *len, bool plain)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin_with(&c, b->fd, FDG_TAKES, b->name, b->raw, b->site, b->flags & NEVER_WAITS);
	fdg_call_takes(&c, b->flags, false);
	c.queue = b->flags & MSG_ERRQUEUE;
	do
		r = real_take(b, from, len, plain);
	while (fdg_call_again(&c, r));
	if (fdg_call_found_end(&c, r) && from && len)
		*len = 0;
	return fdg_call_end(&c, fdg_take_rest(&c, r, &b->v, 1, b->flags, NULL));
}

ssize_t fdg_recv_watched(int fd, void *b, size_t n, int flags, const void *site)
{
	return do_recv(&(struct bytes){ fd, { b, n }, flags, false, "recv", site }, NULL, NULL, true);
}

ssize_t fdg_recvfrom_watched(int fd, void *b, size_t n, int flags, struct sockaddr *from, socklen_t *len, const void *site)
{
	return do_recv(&(struct bytes){ fd, { b, n }, flags, false, "recvfrom", site }, from, len, false);
}

static ssize_t real_give(const struct bytes *b, const struct sockaddr *to, socklen_t len, bool plain)
{
	if (b->raw)
		return real_syscall(SYS_sendto, b->fd, b->v.iov_base, b->v.iov_len, b->flags, to, len);
	return plain ? real_send(b->fd, b->v.iov_base, b->v.iov_len, b->flags) : real_sendto(b->fd, b->v.iov_base, b->v.iov_len, b->flags, to, len);
}

static ssize_t do_send(struct bytes *b, const struct sockaddr *to, socklen_t len, bool plain)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin_with(&c, b->fd, FDG_GIVES, b->name, b->raw, b->site, b->flags & MSG_DONTWAIT);
	do
		r = real_give(b, to, len, plain);
	while (fdg_call_again(&c, r) || fdg_call_opens(&c, r, &b->flags));
	return fdg_call_end(&c, fdg_give_rest(&c, r, &b->v, 1, b->flags, NULL));
}

ssize_t fdg_send_watched(int fd, const void *b, size_t n, int flags, const void *site)
{
	return do_send(&(struct bytes){ fd, { (void *)(uintptr_t)b, n }, flags, false, "send", site }, NULL, 0, true);
}

ssize_t fdg_sendto_watched(int fd, const void *b, size_t n, int flags, const struct sockaddr *to, socklen_t len, const void *site)
{
	return do_send(&(struct bytes){ fd, { (void *)(uintptr_t)b, n }, flags, false, "sendto", site }, to, len, false);
}

/*
 * By number
 */

static long raw_positioned(long nr, const long a[6], enum fdg_way way, const char *name, const void *site)
{
	struct fdg_call c;
	long r;

	fdg_call_begin(&c, (int)a[0], way, name, true, site);
	do
		r = real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	while (fdg_call_again(&c, r));
	return fdg_call_end(&c, r);
}

bool fdg_raw_bytes(long nr, const long a[6], const void *site, long *ret)
{
	const struct iovec *v = (const struct iovec *)a[1];
	struct bytes b = { (int)a[0], { (void *)a[1], (size_t)a[2] }, (int)a[3], true, nr == SYS_sendto ? "sendto" : "recvfrom", site };

	switch (nr) {
	case SYS_read: *ret = do_read((int)a[0], (void *)a[1], (size_t)a[2], true, site); return true;
	case SYS_readv: *ret = do_readv((int)a[0], v, a[2], true, site); return true;
	case SYS_write: *ret = do_write((int)a[0], (const void *)a[1], (size_t)a[2], true, site); return true;
	case SYS_writev: *ret = do_writev((int)a[0], v, a[2], true, site); return true;
	case SYS_pread64: *ret = raw_positioned(nr, a, FDG_TAKES, "pread", site); return true;
	case SYS_preadv: *ret = raw_positioned(nr, a, FDG_TAKES, "preadv", site); return true;
	case SYS_pwrite64: *ret = raw_positioned(nr, a, FDG_GIVES, "pwrite", site); return true;
	case SYS_pwritev: *ret = raw_positioned(nr, a, FDG_GIVES, "pwritev", site); return true;
	case SYS_preadv2: *ret = do_preadv2((int)a[0], v, a[2], &a[3], (int)a[5], true, site); return true;
	case SYS_pwritev2: *ret = do_pwritev2((int)a[0], v, a[2], &a[3], (int)a[5], true, site); return true;
	case SYS_recvfrom: *ret = do_recv(&b, (struct sockaddr *)a[4], (socklen_t *)a[5], false); return true;
	case SYS_sendto: *ret = do_send(&b, (const struct sockaddr *)a[4], (socklen_t)a[5], false); return true;
	default: return false;
	}
}

long fdg_raw_watched(long nr, const long a[6], const void *site)
{
	long r;

	if (fdg_raw_bytes(nr, a, site, &r) || fdg_raw_message(nr, a, site, &r) || fdg_raw_peer(nr, a, site, &r) || fdg_raw_splice(nr, a, site, &r))
		return r;
	return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
