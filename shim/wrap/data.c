// SPDX-License-Identifier: MIT
/*
 * Calls that move data, and what else a program does with a connection: straight through, by a jump, unless the one byte of the ledger (ledger/watch.h) says that
 * a guard watches the descriptor. Nothing else is looked at before libc's own function runs: no phase, no thread-local storage. The slow half is in
 * blocking.h; that a call is none of ours just now (phase, foreign memory) is found out there. accept is in anon.c, the calls with control data in message.c.
 */
#include "wrap/wrap.h"

#include "guards/stall.h"
#include "ledger/watch.h"
#include "wrap/blocking.h"

/* DATA(type, name, (parameters), arguments): a call whose parameter `fd` is what it waits for. */
#define DATA(type, name, parameters, ...) \
	WRAP(type, name, parameters) \
	{ \
		if (fdg_is_watched(fd)) \
			return fdg_##name##_watched(__VA_ARGS__, FDG_SITE); \
		return real_##name(__VA_ARGS__); \
	}

DATA(ssize_t, read, (int fd, void *to, size_t n), fd, to, n)
FDG_TWIN(__read, read)
DATA(ssize_t, write, (int fd, const void *from, size_t n), fd, from, n)
FDG_TWIN(__write, write)

DATA(ssize_t, readv, (int fd, const struct iovec *v, int n), fd, v, n)
DATA(ssize_t, writev, (int fd, const struct iovec *v, int n), fd, v, n)

DATA(ssize_t, pread, (int fd, void *to, size_t n, off_t at), fd, to, n, at)
FDG_TWIN(pread64, pread)
FDG_TWIN(__pread64, pread)
DATA(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), fd, from, n, at)
FDG_TWIN(pwrite64, pwrite)
FDG_TWIN(__pwrite64, pwrite)
DATA(ssize_t, preadv, (int fd, const struct iovec *v, int n, off_t at), fd, v, n, at)
FDG_TWIN(preadv64, preadv)
DATA(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t at), fd, v, n, at)
FDG_TWIN(pwritev64, pwritev)
DATA(ssize_t, preadv2, (int fd, const struct iovec *v, int n, off_t at, int flags), fd, v, n, at, flags)
FDG_TWIN(preadv64v2, preadv2)
DATA(ssize_t, pwritev2, (int fd, const struct iovec *v, int n, off_t at, int flags), fd, v, n, at, flags)
FDG_TWIN(pwritev64v2, pwritev2)

DATA(ssize_t, recv, (int fd, void *to, size_t n, int flags), fd, to, n, flags)
DATA(ssize_t, recvfrom, (int fd, void *to, size_t n, int flags, struct sockaddr *peer, socklen_t *len), fd, to, n, flags, peer, len)
DATA(ssize_t, send, (int fd, const void *from, size_t n, int flags), fd, from, n, flags)
FDG_TWIN(__send, send)
DATA(ssize_t, sendto, (int fd, const void *from, size_t n, int flags, const struct sockaddr *peer, socklen_t len), fd, from, n, flags, peer, len)

DATA(int, shutdown, (int fd, int how), fd, how)
DATA(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len), fd, level, name, value, len)

/* eventfd's own pair: libc's call read and write inside, past us. */
WRAP(int, eventfd_read, (int fd, eventfd_t *value))
{
	if (fdg_is_watched(fd))
		return fdg_read_watched(fd, value, sizeof(*value), FDG_SITE) == (ssize_t)sizeof(*value) ? 0 : -1;
	return real_eventfd_read(fd, value);
}

WRAP(int, eventfd_write, (int fd, eventfd_t value))
{
	if (fdg_is_watched(fd))
		return fdg_write_watched(fd, &value, sizeof(value), FDG_SITE) == (ssize_t)sizeof(value) ? 0 : -1;
	return real_eventfd_write(fd, value);
}

/* Two descriptors, and either may be the one to wait for. */
WRAP(ssize_t, sendfile, (int out, int in, off_t *at, size_t n))
{
	if (fdg_is_watched(out) || fdg_is_watched(in))
		return fdg_sendfile_watched(out, in, at, n, FDG_SITE);
	return real_sendfile(out, in, at, n);
}
FDG_TWIN(sendfile64, sendfile)

WRAP(ssize_t, splice, (int in, off64_t *at_in, int out, off64_t *at_out, size_t n, unsigned flags))
{
	if (fdg_is_watched(in) || fdg_is_watched(out))
		return fdg_splice_watched(in, at_in, out, at_out, n, flags, FDG_SITE);
	return real_splice(in, at_in, out, at_out, n, flags);
}

/* A thread with an event loop may block in connect on a descriptor that no list has yet. */
__attribute__((noinline)) static int connect_in_loop(int fd, const struct sockaddr *peer, socklen_t len, const void *site)
{
	int64_t begun;
	int r;

	if (fdg_ledger_state(fd) & FDG_NONBLOCK || fdg_out() || fdg_foreign_memory())
		return real_connect(fd, peer, len);
	begun = fdg_stall_begin();
	r = real_connect(fd, peer, len);
	fdg_stall_end(begun, fd, "connect", site);
	return r;
}

WRAP(int, connect, (int fd, const struct sockaddr *peer, socklen_t len))
{
	if (fdg_is_watched(fd))
		return fdg_connect_watched(fd, peer, len, FDG_SITE);
	if (__builtin_expect(fdg_has_loop, 0))
		return connect_in_loop(fd, peer, len, FDG_SITE);
	return real_connect(fd, peer, len);
}
FDG_TWIN(__connect, connect)

/* The fortified twins: libc's own abort for a count beyond the object. */
WRAP(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t room))
{
	if (fdg_is_watched(fd) && n <= room)
		return fdg_read_watched(fd, to, n, FDG_SITE);
	return real___read_chk(fd, to, n, room);
}

WRAP(ssize_t, __pread_chk, (int fd, void *to, size_t n, off_t at, size_t room))
{
	if (fdg_is_watched(fd) && n <= room)
		return fdg_pread_watched(fd, to, n, at, FDG_SITE);
	return real___pread_chk(fd, to, n, at, room);
}
FDG_TWIN(__pread64_chk, __pread_chk)

WRAP(ssize_t, __recv_chk, (int fd, void *to, size_t n, size_t room, int flags))
{
	if (fdg_is_watched(fd) && n <= room)
		return fdg_recv_watched(fd, to, n, flags, FDG_SITE);
	return real___recv_chk(fd, to, n, room, flags);
}

WRAP(ssize_t, __recvfrom_chk, (int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *peer, socklen_t *len))
{
	if (fdg_is_watched(fd) && n <= room)
		return fdg_recvfrom_watched(fd, to, n, flags, peer, len, FDG_SITE);
	return real___recvfrom_chk(fd, to, n, room, flags, peer, len);
}
