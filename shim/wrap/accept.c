// SPDX-License-Identifier: MIT
/* accept and accept4. In a program with SO_REUSEPORT groups what comes may be a stand-in (guards/reuseport/handover.h): the program gets what it stands for. */
#include "wrap/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "guards/closewait/keepalive.h"
#include "guards/closewait/sweep.h"
#include "guards/reuseport/handover.h"
#include "wrap/blocking.h"

enum { PLAIN = -1 }; /* in the place of accept4's flags: accept */

/* An accepted socket is what its listener is. */
static fdg_kindword kind_of_listener(int fd)
{
	uint32_t state = fdg_ledger_state(fd) & FDG_KIND_MASK;

	return fdg_kindword_kind(state) == FDG_KIND_SOCKET ? state : FDG_KINDWORD(SOCKET);
}

static inline int once(int listener, struct sockaddr *peer, socklen_t *len, int flags, const void *site)
{
	if (fdg_sweep_watched_else(listener))
		return flags == PLAIN ? fdg_accept_watched(listener, peer, len, site) : fdg_accept4_watched(listener, peer, len, flags, site);
	return FDG_WITH_ROOM(flags == PLAIN ? real_accept(listener, peer, len) : real_accept4(listener, peer, len, flags));
}

/* May it be read? Less dear than a copy: the kernel reads eight bytes there, and then refuses to do what there is no name for. */
static bool is_readable(const socklen_t *p)
{
	uintptr_t word = (uintptr_t)p & ~(uintptr_t)7;

	return (uintptr_t)p % sizeof(*p) == 0 && fdg_sys4(SYS_rt_sigprocmask, -1, word, NULL, 8) == -EINVAL;
}

/* The room for the address, before the kernel writes there how much of it there was. */
static socklen_t room_of(const struct sockaddr *peer, const socklen_t *len)
{
	socklen_t room = 0;

	if (!peer)
		return 0;
	if (is_readable(len))
		return *(const volatile socklen_t *)len;
	return fdg_sys_peek(len, &room, sizeof(room)) ? room : 0;
}

/* The address of what was handed over takes the stand-in's place. One that has none by now is what accept says of such: aborted. */
static int with_peer(int fd, struct sockaddr *peer, socklen_t *len, socklen_t room)
{
	if (!peer)
		return fd;
	*len = room;
	if (fdg_sys3(SYS_getpeername, fd, peer, len) == 0)
		return fd;
	fdg_sys_close(fd);
	errno = ECONNABORTED;
	return -1;
}

/* What made the listener ready is gone, and the program may have been told of it: it is not left to wait for another. */
static int gone(int listener, bool *ret_again)
{
	struct pollfd p = { listener, POLLIN, 0 };

	*ret_again = fdg_sys_fcntl(listener, F_GETFL, 0) & O_NONBLOCK || fdg_sys_poll(&p, 1, 0) == 1;
	errno = ECONNABORTED;
	return -1;
}

static int accept_handed(int listener, int fd, struct sockaddr *peer, socklen_t *len, socklen_t room, int flags, bool *ret_again)
{
	int error = errno;

	*ret_again = false;
	if (!fdg_handover_any() || fdg_foreign_memory())
		return fd;
	fdg_handover_tick();
	if (fd < 0 && error == ECONNABORTED && fdg_handover_aborted())
		return gone(listener, ret_again);
	errno = error;
	if (fd < 0)
		return fd;
	switch (fdg_handover_accepted(fd, flags)) {
	case FDG_HANDED_GIVEN:
		return with_peer(fd, peer, len, room);
	case FDG_HANDED_GONE:
		if (peer)
			*len = room;
		return gone(listener, ret_again);
	default:
		break;
	}
	errno = error;
	return fd;
}

long fdg_accept_by_number(long (*call)(long, const long[6], const void *), long nr, const long a[6], const void *site)
{
	struct sockaddr *peer = (struct sockaddr *)a[1];
	socklen_t *len = (socklen_t *)a[2], room;
	bool again;
	int fd;

	if (!fdg_handover_may())
		return call(nr, a, site);
	room = room_of(peer, len);
	do {
		fd = (int)call(nr, a, site);
		fd = accept_handed((int)a[0], fd, peer, len, room, nr == SYS_accept4 ? (int)a[3] : 0, &again);
	} while (again);
	return fd;
}

__attribute__((noinline)) static int in_group(int listener, struct sockaddr *peer, socklen_t *len, int flags, const void *site)
{
	socklen_t room = room_of(peer, len);
	bool again;
	int fd;

	do {
		fd = once(listener, peer, len, flags, site);
		fd = accept_handed(listener, fd, peer, len, room, flags == PLAIN ? 0 : flags, &again);
	} while (again);
	return fd;
}

static inline int accept_with(int listener, struct sockaddr *peer, socklen_t *len, int flags, const void *site)
{
	return fdg_handover_may() ? in_group(listener, peer, len, flags, site) : once(listener, peer, len, flags, site);
}

static bool force_socket(int flags)
{
	return !(flags & SOCK_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_SOCKET_BIT);
}

WRAP(int, accept, (int listener, struct sockaddr *peer, socklen_t *len))
{
	bool force;
	int fd;

	FDG_PASS(accept, listener, peer, len);
	force = force_socket(0);
	fd = accept_with(listener, peer, len, force ? SOCK_CLOEXEC : PLAIN, FDG_SITE);
	fdg_keepalive_accepted(listener, fd);
	return fdg_accepted(fd, kind_of_listener(listener), force, false, FDG_SITE);
}

WRAP(int, accept4, (int listener, struct sockaddr *peer, socklen_t *len, int flags))
{
	bool force;
	int fd;

	FDG_PASS(accept4, listener, peer, len, flags);
	force = force_socket(flags);
	fd = accept_with(listener, peer, len, flags | (force ? SOCK_CLOEXEC : 0), FDG_SITE);
	fdg_keepalive_accepted(listener, fd);
	return fdg_accepted(fd, kind_of_listener(listener) | FDG_NONBLOCK_IN(flags), force, flags & SOCK_CLOEXEC, FDG_SITE);
}
