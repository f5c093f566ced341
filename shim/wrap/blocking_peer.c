// SPDX-License-Identifier: MIT
/* connect and accept; and the two calls on sockets that never wait. */
#include "wrap/blocking.h"

#include "wrap/blocking_wait.h"
#include "wrap/wrap.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "guards/epoll/acts.h"
#include "guards/reuseport/reuseport.h"

/* TCP and MPTCP tell how a connection that was begun ended when connect is called again, and are ready for another one then. To others that would be another one. */
static bool is_told_by_connect(const struct fdg_call *c)
{
	int protocol = fdg_call_socket(c, SO_PROTOCOL);

	return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
}

/* Until the connection that was begun is there: 0, or what connect fails with. `begun` is that, where the time is over. */
static int finish(struct fdg_call *c, int begun)
{
	int e = fdg_call_wait(c);

	return e == EAGAIN ? begun : e;
}

/* Shut down by another thread meanwhile, the socket took the question for a new beginning: that is shut, too. */
static int undo(const struct fdg_call *c)
{
	fdg_sys2(SYS_shutdown, c->fd, SHUT_RDWR);
	return ECONNRESET;
}

static bool connects_again(struct fdg_call *c, int *r, int *begun)
{
	int e, told = errno;

	if (!c->blocks || *r == 0)
		return false;
	if (told == EISCONN && *begun) {
		*r = 0;
		return false;
	}
	if (told == EINPROGRESS && *begun) {
		errno = undo(c);
		return false;
	}
	if (told == EAGAIN && fdg_call_socket(c, SO_DOMAIN) == AF_UNIX) {
		e = fdg_call_doze(c); /* the listener's queue is full: poll does not tell when it is not */
	} else if (told == EINPROGRESS || told == EALREADY) {
		*begun = *begun ? *begun : told;
		e = finish(c, *begun);
		if (!e && !is_told_by_connect(c)) {
			e = fdg_call_socket(c, SO_ERROR);
			*r = e ? -1 : 0;
			errno = e ? e : told;
			return false;
		}
	} else {
		return false;
	}
	errno = e ? e : told;
	return !e;
}

static int do_connect(int fd, const struct sockaddr *to, socklen_t len, bool raw, const void *site)
{
	struct fdg_call c;
	int r, begun = 0;

	fdg_call_begin(&c, fd, FDG_GIVES, "connect", raw, site);
	do
		r = (int)FDG_REAL(&c, connect, fd, to, len);
	while (connects_again(&c, &r, &begun));
	return (int)fdg_call_end(&c, r);
}

int fdg_connect_watched(int fd, const struct sockaddr *to, socklen_t len, const void *site)
{
	return do_connect(fd, to, len, false, site);
}

/* Of a listener that was shut down while the call slept. */
static int end_accept(struct fdg_call *c, int r)
{
	if (fdg_call_found_end(c, r)) {
		c->shut = false;
		errno = EINVAL;
	}
	return (int)fdg_call_end(c, r);
}

static int do_accept(int fd, struct sockaddr *peer, socklen_t *len, bool raw, const void *site)
{
	struct fdg_call c;
	int r;

	fdg_call_begin(&c, fd, FDG_TAKES, "accept", raw, site);
	do
		r = (int)FDG_REAL(&c, accept, fd, peer, len);
	while (fdg_call_again(&c, r));
	return end_accept(&c, r);
}

int fdg_accept_watched(int fd, struct sockaddr *peer, socklen_t *len, const void *site)
{
	return do_accept(fd, peer, len, false, site);
}

static int do_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags, bool raw, const void *site)
{
	struct fdg_call c;
	int r;

	fdg_call_begin(&c, fd, FDG_TAKES, "accept4", raw, site);
	do
		r = (int)FDG_REAL(&c, accept4, fd, peer, len, flags);
	while (fdg_call_again(&c, r));
	return end_accept(&c, r);
}

int fdg_accept4_watched(int fd, struct sockaddr *peer, socklen_t *len, int flags, const void *site)
{
	return do_accept4(fd, peer, len, flags, false, site);
}

static int do_shutdown(int fd, int how, bool raw, const void *site)
{
	bool member = fdg_groups_has(fd), quiet = member && fdg_reuseport_shutting(fd, how, site);
	int r;

	r = raw ? (int)real_syscall(SYS_shutdown, fd, how) : real_shutdown(fd, how);
	if (member)
		fdg_reuseport_shut(fd, quiet);
	if (!fdg_out())
		fdg_act(fd, "shutdown", r, r < 0 ? errno : 0, FDG_DEED_ANY);
	return r;
}

int fdg_shutdown_watched(int fd, int how, const void *site)
{
	return do_shutdown(fd, how, false, site);
}

/* To ask for the error takes it away. */
static int do_getsockopt(int fd, int level, int name, void *value, socklen_t *len, bool raw)
{
	int r = raw ? (int)real_syscall(SYS_getsockopt, fd, level, name, value, len) : real_getsockopt(fd, level, name, value, len);
	int error = 0;

	if (r == 0 && level == SOL_SOCKET && name == SO_ERROR && *len == sizeof(error))
		memcpy(&error, value, sizeof(error));
	if (error && !fdg_out())
		fdg_act(fd, "getsockopt", r, 0, FDG_DEED_ANY);
	return r;
}

int fdg_getsockopt_watched(int fd, int level, int name, void *value, socklen_t *len, const void *site)
{
	(void)site;
	return do_getsockopt(fd, level, name, value, len, false);
}

bool fdg_raw_peer(long nr, const long a[6], const void *site, long *ret)
{
	struct sockaddr *peer = (struct sockaddr *)a[1];

	switch (nr) {
	case SYS_connect: *ret = do_connect((int)a[0], peer, (socklen_t)a[2], true, site); return true;
	case SYS_accept: *ret = do_accept((int)a[0], peer, (socklen_t *)a[2], true, site); return true;
	case SYS_accept4: *ret = do_accept4((int)a[0], peer, (socklen_t *)a[2], (int)a[3], true, site); return true;
	case SYS_shutdown: *ret = do_shutdown((int)a[0], (int)a[1], true, site); return true;
	case SYS_getsockopt: *ret = do_getsockopt((int)a[0], (int)a[1], (int)a[2], (void *)a[3], (socklen_t *)a[4], true); return true;
	default: return false;
	}
}
