// SPDX-License-Identifier: MIT
/* From one descriptor to another: the one that is to block is waited for, and the other one if it really blocks. */
#include "wrap/blocking.h"

#include "wrap/blocking_wait.h"
#include "wrap/wrap.h"

#include <errno.h>
#include <fcntl.h>

#include "guards/epoll/acts.h"
#include "guards/nonblock/nonblock.h"
#include "ledger/watch.h"

/* Into a pipe goes what fits, once. */
static bool is_pipe(int fd)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* A part may be all that the file had: the next call tells, and poll would not. */
static bool sends_more(struct fdg_call *c, ssize_t r, size_t n)
{
	if (r > 0 && c->blocks && !c->moved && (size_t)r < n && is_pipe(c->fd))
		n = (size_t)r;
	return fdg_call_more(c, r, r > 0 ? (size_t)r : 0, n);
}

static ssize_t do_sendfile(int out, int in, off_t *at, size_t n, bool raw, const void *site)
{
	struct fdg_call c;
	ssize_t r;

	if (fdg_watched(in) & FDG_WATCH_BLOCKS && !fdg_out())
		fdg_nonblock_give_up(in); /* no file: the kernel waits for it, and then for the other */
	fdg_call_begin(&c, out, FDG_GIVES, "sendfile", raw, site);
	do
		r = FDG_REAL(&c, sendfile, out, in, at, n - c.moved);
	while (sends_more(&c, r, n));
	r = fdg_call_end(&c, r);
	if (!fdg_out())
		fdg_act(in, "sendfile", r, r < 0 ? errno : 0, FDG_DEED_ANY);
	return r;
}

ssize_t fdg_sendfile_watched(int out, int in, off_t *at, size_t n, const void *site)
{
	return do_sendfile(out, in, at, n, false, site);
}

/*
 * splice
 */

struct ends {
	struct fdg_call in, out;
};

/* The one that is waited for: NULL if it is one that does not block. */
static struct fdg_call *late_end(struct ends *e)
{
	struct fdg_call *late = &e->in;

	if (!fdg_call_is_ready(&e->in))
		late = &e->in;
	else if (!fdg_call_is_ready(&e->out) || !e->in.blocks)
		late = &e->out;
	return late->blocks ? late : NULL;
}

/* Does the kernel wait there, or have we been told to? One that is neither watched nor O_NONBLOCK has no mark to be looked at. */
static void ask_end(struct fdg_call *c, const struct fdg_call *other)
{
	int flags;

	if (c->blocks || !other->blocks)
		return;
	flags = fdg_sys_fcntl(c->fd, F_GETFL, 0);
	c->blocks = c->unmarked = flags >= 0 && !(flags & O_NONBLOCK);
}

/* A pipe that is emptied into something else is written until it is empty. */
static bool goes_on(struct ends *e, ssize_t r, size_t n)
{
	e->out.moved += r > 0 ? (size_t)r : 0;
	if (r <= 0 || !e->out.blocks || e->out.moved >= n)
		return false;
	return fdg_call_socket(&e->out, SO_TYPE) == SOCK_STREAM && fdg_call_is_ready(&e->in);
}

static bool splices_again(struct ends *e, ssize_t r, size_t n)
{
	struct fdg_call *late;
	int error;

	if (!e->in.blocks && !e->out.blocks)
		return false;
	if (r >= 0)
		return goes_on(e, r, n);
	if (errno != EAGAIN || (e->out.moved && !fdg_call_is_ready(&e->in)))
		return false;
	late = late_end(e);
	if (!late)
		return false;
	late->moved = e->out.moved;
	error = fdg_call_wait(late);
	errno = error ? error : EAGAIN;
	return !error;
}

/* EAGAIN is for the one that is not ready. */
static void blame(struct ends *e)
{
	e->in.settles = e->in.settles && !fdg_call_is_ready(&e->in);
	e->out.settles = e->out.settles && !fdg_call_is_ready(&e->out);
}

static ssize_t do_splice(int in, off_t *in_at, int out, off_t *out_at, const size_t n, unsigned flags, bool raw, const void *site)
{
	struct ends e;
	ssize_t r;

	fdg_call_begin_with(&e.in, in, FDG_TAKES, "splice", raw, site, flags & SPLICE_F_NONBLOCK);
	fdg_call_begin_with(&e.out, out, FDG_GIVES, "splice", raw, site, flags & SPLICE_F_NONBLOCK);
	ask_end(&e.in, &e.out);
	ask_end(&e.out, &e.in);
	do
		r = FDG_REAL(&e.in, splice, in, in_at, out, out_at, n - e.out.moved, flags);
	while (splices_again(&e, r, n));
	e.in.moved = e.out.moved;
	if (e.in.settles || e.out.settles)
		blame(&e);
	return fdg_call_end(&e.in, fdg_call_end(&e.out, r));
}

ssize_t fdg_splice_watched(int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags, const void *site)
{
	return do_splice(in, in_at, out, out_at, n, flags, false, site);
}

bool fdg_raw_splice(long nr, const long a[6], const void *site, long *ret)
{
	switch (nr) {
	case SYS_sendfile: *ret = do_sendfile((int)a[0], (int)a[1], (off_t *)a[2], (size_t)a[3], true, site); return true;
	case SYS_splice: *ret = do_splice((int)a[0], (off_t *)a[1], (int)a[2], (off_t *)a[3], (size_t)a[4], (unsigned)a[5], true, site); return true;
	default: return false;
	}
}
