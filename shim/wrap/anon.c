// SPDX-License-Identifier: MIT
/* Descriptors without a name: pipes, sockets, event descriptors. Each creator has a flag of its own for close-on-exec. */
#include "wrap/wrap.h"

#include <errno.h>

#include "guards/closewait/keepalive.h"

WRAP(int, pipe, (int fd[2]))
{
	bool force;
	int r;

	FDG_PASS(pipe, fd);
	force = fdg_cloexec_forces(FDG_KIND_PIPE_BIT);
	r = FDG_WITH_ROOM(force ? real_pipe2(fd, O_CLOEXEC) : real_pipe(fd));
	if (r == 0)
		fdg_made_pair(fd, FDG_KINDWORD(PIPE), force, false, FDG_SITE);
	return r;
}
FDG_TWIN(__pipe, pipe)

WRAP(int, pipe2, (int fd[2], int flags))
{
	bool force;
	int r;

	FDG_PASS(pipe2, fd, flags);
	force = !(flags & O_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_PIPE_BIT);
	r = FDG_WITH_ROOM(real_pipe2(fd, flags | (force ? O_CLOEXEC : 0)));
	if (r == 0)
		fdg_made_pair(fd, FDG_KINDWORD(PIPE) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC, FDG_SITE);
	return r;
}

static bool force_socket(int flags)
{
	return !(flags & SOCK_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_SOCKET_BIT);
}

static fdg_kindword socket_kind(int domain, int type)
{
	return fdg_kindword_of(FDG_KIND_SOCKET, domain, type) | FDG_NONBLOCK_IN(type);
}

WRAP(int, socket, (int domain, int type, int protocol))
{
	bool force;
	int fd;

	FDG_PASS(socket, domain, type, protocol);
	force = force_socket(type);
	fd = FDG_WITH_ROOM(real_socket(domain, type | (force ? SOCK_CLOEXEC : 0), protocol));
	fdg_keepalive_socket(fd, domain, type);
	return fdg_made(fd, socket_kind(domain, type), force, type & SOCK_CLOEXEC, FDG_SITE);
}

WRAP(int, socketpair, (int domain, int type, int protocol, int fd[2]))
{
	bool force;
	int r;

	FDG_PASS(socketpair, domain, type, protocol, fd);
	force = force_socket(type);
	r = FDG_WITH_ROOM(real_socketpair(domain, type | (force ? SOCK_CLOEXEC : 0), protocol, fd));
	if (r == 0)
		fdg_made_pair(fd, socket_kind(domain, type), force, type & SOCK_CLOEXEC, FDG_SITE);
	return r;
}

/* A size that is not positive is an error that epoll_create1 does not know. */
WRAP(int, epoll_create, (int size))
{
	bool force;

	FDG_PASS(epoll_create, size);
	force = size > 0 && fdg_cloexec_forces(FDG_KIND_EPOLL_BIT);
	return fdg_made(FDG_WITH_ROOM(force ? real_epoll_create1(EPOLL_CLOEXEC) : real_epoll_create(size)), FDG_KINDWORD(EPOLL), force, false, FDG_SITE);
}

WRAP(int, epoll_create1, (int flags))
{
	bool force;

	FDG_PASS(epoll_create1, flags);
	force = !(flags & EPOLL_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_EPOLL_BIT);
	return fdg_made(FDG_WITH_ROOM(real_epoll_create1(flags | (force ? EPOLL_CLOEXEC : 0))), FDG_KINDWORD(EPOLL), force, flags & EPOLL_CLOEXEC, FDG_SITE);
}

WRAP(int, eventfd, (unsigned count, int flags))
{
	bool force;

	FDG_PASS(eventfd, count, flags);
	force = !(flags & EFD_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_EVENT_BIT);
	return fdg_made(FDG_WITH_ROOM(real_eventfd(count, flags | (force ? EFD_CLOEXEC : 0))), FDG_KINDWORD(EVENT) | FDG_NONBLOCK_IN(flags), force, flags & EFD_CLOEXEC, FDG_SITE);
}

WRAP(int, timerfd_create, (int clock, int flags))
{
	bool force;

	FDG_PASS(timerfd_create, clock, flags);
	force = !(flags & TFD_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_TIMER_BIT);
	return fdg_made(FDG_WITH_ROOM(real_timerfd_create(clock, flags | (force ? TFD_CLOEXEC : 0))), FDG_KINDWORD(TIMER) | FDG_NONBLOCK_IN(flags), force, flags & TFD_CLOEXEC, FDG_SITE);
}

/* With an fd it changes that descriptor's mask, and makes none. */
WRAP(int, signalfd, (int fd, const sigset_t *mask, int flags))
{
	bool force;

	FDG_PASS(signalfd, fd, mask, flags);
	if (fd != -1)
		return real_signalfd(fd, mask, flags);
	force = !(flags & SFD_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_SIGNAL_BIT);
	return fdg_made(FDG_WITH_ROOM(real_signalfd(fd, mask, flags | (force ? SFD_CLOEXEC : 0))), FDG_KINDWORD(SIGNAL) | FDG_NONBLOCK_IN(flags), force, flags & SFD_CLOEXEC, FDG_SITE);
}

WRAP(int, inotify_init, (void))
{
	bool force;

	FDG_PASS(inotify_init);
	force = fdg_cloexec_forces(FDG_KIND_INOTIFY_BIT);
	return fdg_made(FDG_WITH_ROOM(force ? real_inotify_init1(IN_CLOEXEC) : real_inotify_init()), FDG_KINDWORD(INOTIFY), force, false, FDG_SITE);
}

WRAP(int, inotify_init1, (int flags))
{
	bool force;

	FDG_PASS(inotify_init1, flags);
	force = !(flags & IN_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_INOTIFY_BIT);
	return fdg_made(FDG_WITH_ROOM(real_inotify_init1(flags | (force ? IN_CLOEXEC : 0))), FDG_KINDWORD(INOTIFY) | FDG_NONBLOCK_IN(flags), force, flags & IN_CLOEXEC, FDG_SITE);
}

WRAP(int, fanotify_init, (unsigned flags, unsigned event_flags))
{
	bool force;

	FDG_PASS(fanotify_init, flags, event_flags);
	force = !(flags & FAN_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_INOTIFY_BIT);
	return fdg_made(FDG_WITH_ROOM(real_fanotify_init(flags | (force ? FAN_CLOEXEC : 0), event_flags)), FDG_KINDWORD(FANOTIFY), force, flags & FAN_CLOEXEC,
			FDG_SITE);
}
