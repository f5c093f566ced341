// SPDX-License-Identifier: MIT
/* Calls on messages, one or many. Of many, each waits for itself, and has the socket's whole time limit. */
#include "wrap/blocking.h"

#include "wrap/blocking_wait.h"
#include "wrap/wrap.h"

#include <errno.h>

#define NEVER_WAITS (MSG_DONTWAIT | MSG_ERRQUEUE | MSG_OOB)

/* What comes of a datagram socket that was shut down while the call slept: a message of nothing. */
static void empty(struct msghdr *m, int flags)
{
	if (m->msg_name)
		m->msg_namelen = 0;
	m->msg_controllen = 0;
	m->msg_flags = flags & MSG_CMSG_CLOEXEC;
}

/* For control data. */
static bool has_room(const struct msghdr *m)
{
	return fdg_sys_is_mapped(m, sizeof(*m)) && m->msg_controllen;
}

static ssize_t do_recvmsg(int fd, struct msghdr *m, int flags, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin_with(&c, fd, FDG_TAKES, "recvmsg", raw, site, flags & NEVER_WAITS);
	c.queue = flags & MSG_ERRQUEUE;
	if (c.blocks)
		fdg_call_takes(&c, flags, has_room(m));
	do
		r = FDG_REAL(&c, recvmsg, fd, m, flags);
	while (fdg_call_again(&c, r));
	if (r > 0 && c.blocks)
		r = fdg_take_rest(&c, r, m->msg_iov, m->msg_iovlen, flags, m);
	else if (fdg_call_found_end(&c, r))
		empty(m, flags);
	return fdg_call_end(&c, r);
}

ssize_t fdg_recvmsg_watched(int fd, struct msghdr *m, int flags, const void *site)
{
	return do_recvmsg(fd, m, flags, false, site);
}

static ssize_t do_sendmsg(int fd, const struct msghdr *m, int flags, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	fdg_call_begin_with(&c, fd, FDG_GIVES, "sendmsg", raw, site, flags & MSG_DONTWAIT);
	do
		r = FDG_REAL(&c, sendmsg, fd, m, flags);
	while (fdg_call_again(&c, r) || fdg_call_opens(&c, r, &flags));
	if (r > 0 && (c.blocks || c.settles))
		r = fdg_give_rest(&c, r, m->msg_iov, m->msg_iovlen, flags, m);
	return fdg_call_end(&c, r);
}

ssize_t fdg_sendmsg_watched(int fd, const struct msghdr *m, int flags, const void *site)
{
	return do_sendmsg(fd, m, flags, false, site);
}

/*
 * Many
 */

struct many {
	struct fdg_call c; /* c.moved: messages */
	struct mmsghdr *v;
	unsigned n;
	int flags;
};

static bool is_done(const struct many *a)
{
	return a->c.moved >= a->n;
}

/* After r, is there more to do? Waits for it. An error that comes after a message is left for the next call. */
static bool goes_on(struct many *a, int r)
{
	int e;

	if (r == 0 || (r < 0 && errno != EAGAIN) || fdg_call_found_end(&a->c, r))
		return false;
	e = r > 0 ? 0 : fdg_call_wait(&a->c);
	if (e)
		errno = e;
	return !e && !(a->c.way == FDG_TAKES && a->c.moved && fdg_call_leaves_error(&a->c));
}

/* The last message of a stream may lack a part. True: it is whole now. */
static bool fill_last(struct many *a)
{
	struct mmsghdr *last = &a->v[a->c.moved - 1];
	struct fdg_call part = a->c;
	long r = (long)last->msg_len;

	part.moved = 0;
	part.last = part.last == EINTR ? EINTR : 0;
	if (part.way == FDG_GIVES)
		fdg_give_rest(&part, r, last->msg_hdr.msg_iov, last->msg_hdr.msg_iovlen, a->flags, &last->msg_hdr);
	else
		fdg_take_rest(&part, r, last->msg_hdr.msg_iov, last->msg_hdr.msg_iovlen, a->flags, &last->msg_hdr);
	if (part.last == EINTR)
		a->c.last = EINTR;
	if (part.moved)
		last->msg_len = (unsigned)part.moved;
	return part.way == FDG_TAKES || !part.moved || part.moved >= fdg_iov_total(last->msg_hdr.msg_iov, last->msg_hdr.msg_iovlen);
}

static bool count(struct many *a, int r)
{
	if (r <= 0)
		return true;
	a->c.moved += (size_t)r;
	if (a->flags & MSG_WAITFORONE && a->c.moved > 1)
		return true;
	if (!fill_last(a))
		return false;
	fdg_call_next_message(&a->c);
	return true;
}

static int do_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags, bool raw, const void *site)
{
	struct many a = { .v = v, .n = n < 1024 ? n : 1024, .flags = flags };
	int r;

	fdg_call_begin_with(&a.c, fd, FDG_GIVES, "sendmmsg", raw, site, flags & MSG_DONTWAIT);
	do
		r = (int)FDG_REAL(&a.c, sendmmsg, fd, v + a.c.moved, n - (unsigned)a.c.moved, flags);
	while (a.c.blocks && count(&a, r) && !is_done(&a) && goes_on(&a, r));
	return (int)fdg_call_end(&a.c, r);
}

int fdg_sendmmsg_watched(int fd, struct mmsghdr *v, unsigned n, int flags, const void *site)
{
	return do_sendmmsg(fd, v, n, flags, false, site);
}

/*
 * recvmmsg's timeout is looked at after each message only, by the kernel; what is left of it is written back when a message came. It is the program's memory that
 * the first call gets, so that the kernel says what is wrong with it.
 */
struct patience {
	struct timespec *timeout; /* the program's; NULL: none */
	struct timespec left, end;
	bool started;
};

static void start(struct patience *p)
{
	p->started = true;
	p->left = *p->timeout;
	fdg_sys_clock(CLOCK_MONOTONIC, &p->end);
	p->end.tv_sec += p->left.tv_sec;
	p->end.tv_nsec += p->left.tv_nsec;
	if (p->end.tv_nsec >= 1000000000) {
		p->end.tv_sec++;
		p->end.tv_nsec -= 1000000000;
	}
}

static void measure(struct patience *p)
{
	struct timespec now;

	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	p->left.tv_sec = p->end.tv_sec - now.tv_sec;
	p->left.tv_nsec = p->end.tv_nsec - now.tv_nsec;
	if (p->left.tv_nsec < 0) {
		p->left.tv_sec--;
		p->left.tv_nsec += 1000000000;
	}
	if (p->left.tv_sec < 0)
		p->left = (struct timespec){ 0, 0 };
}

static struct timespec *timeout_of(struct patience *p)
{
	if (!p->timeout || !p->started)
		return p->timeout;
	measure(p);
	return &p->left;
}

/* False: the time is over. */
static bool has_patience(struct patience *p, int r)
{
	if (!p->timeout || (r < 0 && errno != EAGAIN))
		return true;
	if (!p->started)
		start(p);
	return r <= 0 || p->left.tv_sec || p->left.tv_nsec;
}

/* With MSG_WAITALL each message is waited for before the next is asked for. */
static unsigned asked(const struct many *a)
{
	return a->flags & MSG_WAITALL && !(a->flags & MSG_DONTWAIT) && a->c.blocks ? 1 : a->n - (unsigned)a->c.moved;
}

/* One that waits for one message only takes what there is behind it. */
static bool takes_more(struct many *a, struct patience *p, int r)
{
	if (!a->c.blocks)
		return false;
	if (a->flags & MSG_DONTWAIT) {
		a->c.moved += r > 0 ? (size_t)r : 0;
		return false;
	}
	count(a, r);
	if (!has_patience(p, r) || is_done(a))
		return false;
	if (r > 0 && a->flags & MSG_WAITFORONE) {
		a->flags |= MSG_DONTWAIT;
		return a->flags & MSG_WAITALL;
	}
	return goes_on(a, r);
}

/* A shut socket has a message of nothing as often as one is asked for. */
static void take_nothing(struct many *a, const struct patience *p)
{
	do {
		empty(&a->v[a->c.moved].msg_hdr, a->flags);
		a->v[a->c.moved++].msg_len = 0;
	} while (!is_done(a) && !(a->flags & MSG_WAITFORONE) && (!p->timeout || p->left.tv_sec || p->left.tv_nsec));
}

static bool have_room(const struct mmsghdr *v, unsigned n)
{
	for (unsigned i = 0; i < n && fdg_sys_is_mapped(&v[i], sizeof(*v)); i++)
		if (v[i].msg_hdr.msg_controllen)
			return true;
	return false;
}

static int do_recvmmsg(struct many *a, struct timespec *timeout, int fd, bool raw, const void *site)
{
	struct patience p = { .timeout = timeout };
	int r;

	fdg_call_begin_with(&a->c, fd, FDG_TAKES, "recvmmsg", raw, site, a->flags & NEVER_WAITS);
	if (a->c.blocks)
		fdg_call_takes(&a->c, a->flags, have_room(a->v, a->n));
	a->c.queue = a->flags & MSG_ERRQUEUE;
	do
		r = (int)FDG_REAL(&a->c, recvmmsg, fd, a->v + a->c.moved, asked(a), a->flags, timeout_of(&p));
	while (takes_more(a, &p, r));
	if (fdg_call_found_end(&a->c, r) && !is_done(a))
		take_nothing(a, &p);
	if (p.started && a->c.moved)
		*timeout = p.left;
	return (int)fdg_call_end(&a->c, r);
}

int fdg_recvmmsg_watched(int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout, const void *site)
{
	return do_recvmmsg(&(struct many){ .v = v, .n = n, .flags = flags }, timeout, fd, false, site);
}

bool fdg_raw_message(long nr, const long a[6], const void *site, long *ret)
{
	struct many m = { .v = (struct mmsghdr *)a[1], .n = (unsigned)a[2], .flags = (int)a[3] };

	switch (nr) {
	case SYS_recvmsg: *ret = do_recvmsg((int)a[0], (struct msghdr *)a[1], (int)a[2], true, site); return true;
	case SYS_sendmsg: *ret = do_sendmsg((int)a[0], (const struct msghdr *)a[1], (int)a[2], true, site); return true;
	case SYS_recvmmsg: *ret = do_recvmmsg(&m, (struct timespec *)a[4], (int)a[0], true, site); return true;
	case SYS_sendmmsg: *ret = do_sendmmsg((int)a[0], m.v, m.n, m.flags, true, site); return true;
	default: return false;
	}
}
