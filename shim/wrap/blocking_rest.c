// SPDX-License-Identifier: MIT
/*
 * What a blocking call does after its first part. Writes to streams go on until all is out. Reads return with what there is, but for MSG_WAITALL, SO_RCVLOWAT, and
 * terminals with VMIN.
 */
#include "wrap/blocking_wait.h"

#include "wrap/wrap.h"

#include <fcntl.h>
#include <string.h>

#include "guards/nonblock/nonblock.h"

enum { WINDOW = 32, SLICE = 5, PASSPIDFD = 76 }; /* iovecs; ms; SO_PASSPIDFD of newer headers */

/* read(2) and its like move no more at once. */
#define MOST ((size_t)0x7ffff000)

/* A piece of the program's list, without what was moved. */
struct window {
	struct iovec v[WINDOW];
	size_t n, bytes;
};

size_t fdg_iov_total(const struct iovec *v, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += v[i].iov_len < MOST - total ? v[i].iov_len : MOST - total;
	return total;
}

static void cut(struct window *w, const struct iovec *v, size_t count, size_t skip, size_t most)
{
	w->n = w->bytes = 0;
	for (size_t i = 0; i < count && w->n < WINDOW && w->bytes < most; i++) {
		size_t from = skip < v[i].iov_len ? skip : v[i].iov_len, n = v[i].iov_len - from;

		skip -= from;
		if (n > most - w->bytes)
			n = most - w->bytes;
		if (n)
			w->v[w->n++] = (struct iovec){ (char *)v[i].iov_base + from, n };
		w->bytes += n;
	}
}

/* Of a message, what goes with each of its parts: who sends it, of which kind its bytes are. Descriptors went with the first one. */
struct control {
	size_t n;
	_Alignas(struct cmsghdr) char data[512];
};

static void keep_control(struct control *k, const struct msghdr *m)
{
	struct msghdr all = m ? *m : (struct msghdr){ 0 };

	k->n = 0;
	for (struct cmsghdr *x = CMSG_FIRSTHDR(&all); x; x = CMSG_NXTHDR(&all, x)) {
		bool descriptors = x->cmsg_level == SOL_SOCKET && x->cmsg_type == SCM_RIGHTS;

		if (descriptors || x->cmsg_len > sizeof(k->data) - k->n)
			continue;
		memcpy(k->data + k->n, x, x->cmsg_len);
		k->n += CMSG_ALIGN(x->cmsg_len);
	}
}

/* The kernel keeps SIGPIPE back where a part was sent; and one call is one number to those who count the answers to MSG_ZEROCOPY. */
static ssize_t give(struct fdg_call *c, struct window *w, int flags, struct control *k, bool socket)
{
	struct msghdr m = { .msg_iov = w->v, .msg_iovlen = w->n, .msg_control = k->n ? k->data : NULL, .msg_controllen = k->n };

	flags = (flags & ~(MSG_ZEROCOPY | MSG_FASTOPEN)) | MSG_NOSIGNAL;
	return socket ? FDG_REAL(c, sendmsg, c->fd, &m, flags) : FDG_REAL(c, writev, c->fd, w->v, (long)w->n);
}

long fdg_give_rest(struct fdg_call *c, long r, const struct iovec *v, size_t count, int flags, const struct msghdr *message)
{
	size_t total, asked;
	struct control k;
	struct window w;
	bool socket;

	if (!(c->blocks || c->settles) || r <= 0)
		return r;
	asked = total = fdg_iov_total(v, count);
	if ((size_t)r >= total || !fdg_call_is_stream(c))
		return r;
	c->cut = true;
	if (!c->blocks)
		return r;
	socket = fdg_call_socket(c, SO_TYPE) >= 0;
	keep_control(&k, message);
	while (fdg_call_more(c, r, asked, total)) {
		cut(&w, v, count, c->moved, total - c->moved);
		asked = w.bytes;
		r = give(c, &w, flags, &k, socket);
	}
	return r;
}

/*
 * Reading
 */

static bool passes_credentials(const struct fdg_call *c)
{
	return fdg_call_socket(c, SO_PASSCRED) > 0 || fdg_call_socket(c, SO_PASSSEC) > 0 || fdg_call_socket(c, PASSPIDFD) > 0;
}

/* Does the kernel alone know where the message ends? It makes one control message of what comes with several parts, and never joins what two processes wrote. */
static bool is_kernels(const struct fdg_call *c, int flags, bool control)
{
	if (!(flags & MSG_WAITALL) && !(control && fdg_call_socket(c, SO_RCVLOWAT) > 1))
		return false;
	return fdg_call_socket(c, SO_TYPE) == SOCK_STREAM && (control || passes_credentials(c));
}

void fdg_call_takes(struct fdg_call *c, int flags, bool control)
{
	int mode;

	if (!c->blocks || !is_kernels(c, flags, control))
		return;
	fdg_nonblock_give_up(c->fd);
	mode = fdg_sys_fcntl(c->fd, F_GETFL, 0);
	c->blocks = mode >= 0 && mode & O_NONBLOCK;
}

struct take {
	struct fdg_call *c;
	const struct iovec *v;
	size_t count;
	int flags;
	struct msghdr *m; /* recvmsg's; else NULL */
	size_t least;     /* what is waited for */
	unsigned tenths;  /* VTIME, from one part to the next */
	bool socket;
	bool complete;    /* descriptors came: the kernel stops there */
};

/* None has room for them. */
static bool brought_descriptors(const struct fdg_call *c, const struct msghdr *m)
{
	return m->msg_flags & MSG_CTRUNC && fdg_call_socket(c, SO_DOMAIN) == AF_UNIX;
}

static ssize_t take_message(struct take *t, struct window *w)
{
	struct msghdr part = { .msg_iov = w->v, .msg_iovlen = w->n };
	ssize_t r = FDG_REAL(t->c, recvmsg, t->c->fd, &part, t->flags);

	if (r < 0)
		return r;
	t->complete = brought_descriptors(t->c, &part);
	if (t->m)
		t->m->msg_flags |= part.msg_flags;
	return r;
}

static ssize_t take(struct take *t, struct window *w)
{
	return t->socket ? take_message(t, w) : FDG_REAL(t->c, readv, t->c->fd, w->v, (long)w->n);
}

/* MSG_PEEK looks from the beginning each time. AF_UNIX looks once. */
static long peek(struct take *t, long r)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)t->v, .msg_iovlen = t->count };
	struct fdg_call *c = t->c;

	if (fdg_call_socket(c, SO_DOMAIN) == AF_UNIX)
		return r;
	c->peeks = true;
	c->slice = SLICE;
	while ((size_t)r < t->least && !c->hung_up) {
		c->moved = (size_t)r;
		if (fdg_call_wait(c))
			return r;
		r = FDG_REAL(c, recvmsg, c->fd, &m, t->flags);
		if (r <= 0)
			return (long)c->moved;
	}
	c->moved = (size_t)r;
	return r;
}

/* How much the read waits for, and how. */
static void ask_least(struct take *t, size_t total)
{
	int low, type = fdg_call_socket(t->c, SO_TYPE);
	unsigned min;

	t->least = 1;
	t->socket = type >= 0;
	if (type == SOCK_STREAM) {
		low = fdg_call_socket(t->c, SO_RCVLOWAT);
		if (low > 1)
			t->c->slice = SLICE; /* poll waits for as much once more */
		t->least = t->flags & MSG_WAITALL ? total : low > 1 ? (size_t)low : 1;
	} else if (!t->socket && fdg_terminal_rule(t->c->fd, &min, &t->tenths) && min) {
		t->c->slice = t->tenths ? 0 : SLICE;
		t->least = min;
	}
	if (t->least > total)
		t->least = total;
}

long fdg_take_rest(struct fdg_call *c, long r, const struct iovec *v, size_t count, int flags, struct msghdr *m)
{
	struct take t = { .c = c, .v = v, .count = count, .flags = flags, .m = m };
	size_t total, asked;
	struct window w;

	if (!c->blocks || r <= 0)
		return r;
	asked = total = fdg_iov_total(v, count);
	if ((size_t)r >= total || (m && brought_descriptors(c, m)))
		return r;
	ask_least(&t, total);
	if ((size_t)r >= t.least)
		return r;
	if (flags & MSG_PEEK)
		return peek(&t, r);
	for (;;) {
		if (t.tenths)
			fdg_call_terminal_limit(c, t.tenths);
		if (r < 0 && c->moved >= t.least)
			return r;
		if (!fdg_call_more(c, r, asked, (size_t)r == asked ? total : t.least)) /* what is there is taken */
			return r;
		cut(&w, v, count, c->moved, total - c->moved);
		asked = w.bytes;
		r = take(&t, &w);
		if (r > 0 && t.complete) {
			c->moved += (size_t)r;
			return r;
		}
	}
}
