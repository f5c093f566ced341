// SPDX-License-Identifier: MIT
/*
 * Calls that move data, and what else a program does with a connection: straight through, by a jump, unless the one byte of the ledger (ledger/watch.h) says that
 * a guard watches the descriptor. Nothing else is looked at before libc's own function runs: no phase, no thread-local storage. The slow half is in
 * blocking.h; that a call is none of ours just now (phase, foreign memory) is found out there. accept is in accept.c, connect in connect.c, the calls with control data in message.c.
 */
#include "wrap/wrap.h"

#include "guards/closewait/hush.h"
#include "guards/closewait/sweep.h"
#include "guards/reuseport/groups.h"
#include "wrap/blocking.h"

/*
 * DATA(type, name, (parameters), arguments): a call whose parameter `fd` is what it waits for. The wrapper itself keeps nothing over a call: it jumps to libc, or to the half that
 * tells guard closewait of the use.
 */
#define NOTED(name, used, ...) \
	{ \
		ssize_t r = used ? fdg_##name##_watched(__VA_ARGS__, site) : real_##name(__VA_ARGS__); \
		fdg_sweep_after(); \
		return r; \
	}
/* The same, of a call that sends. */
#define NOTED_OUT(name, ...) \
	{ \
		bool used = fdg_sweep_used(fd); \
		ssize_t r; \
		if (__builtin_expect(fdg_hush_wants(fd), 0)) \
			r = FDG_HUSHED(fd, used ? fdg_##name##_watched(__VA_ARGS__, site) : real_##name(__VA_ARGS__)); \
		else \
			r = used ? fdg_##name##_watched(__VA_ARGS__, site) : real_##name(__VA_ARGS__); \
		fdg_sweep_after(); \
		return r; \
	}
#define EACH(...) __VA_ARGS__
#define DATA(type, name, parameters, ...) \
	__attribute__((noinline)) static type noted_##name(EACH parameters, const void *site) NOTED(name, fdg_sweep_used(fd), __VA_ARGS__) \
	DIRECT(type, name, parameters, __VA_ARGS__)
#define DATA_OUT(type, name, parameters, ...) \
	__attribute__((noinline)) static type noted_##name(EACH parameters, const void *site) NOTED_OUT(name, __VA_ARGS__) \
	DIRECT(type, name, parameters, __VA_ARGS__)
#define DIRECT(type, name, parameters, ...) \
	WRAP(type, name, parameters) \
	{ \
		if (!fdg_sweep_passes(fd)) \
			return noted_##name(__VA_ARGS__, FDG_SITE); \
		return real_##name(__VA_ARGS__); \
	}

DATA(ssize_t, read, (int fd, void *to, size_t n), fd, to, n)
FDG_TWIN(__read, read)
DATA_OUT(ssize_t, write, (int fd, const void *from, size_t n), fd, from, n)
FDG_TWIN(__write, write)

DATA(ssize_t, readv, (int fd, const struct iovec *v, int n), fd, v, n)
DATA_OUT(ssize_t, writev, (int fd, const struct iovec *v, int n), fd, v, n)

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
DATA_OUT(ssize_t, send, (int fd, const void *from, size_t n, int flags), fd, from, n, flags)
FDG_TWIN(__send, send)
DATA_OUT(ssize_t, sendto, (int fd, const void *from, size_t n, int flags, const struct sockaddr *peer, socklen_t len), fd, from, n, flags, peer, len)


/* A listener that is shut down loses its queue. */
WRAP(int, shutdown, (int fd, int how))
{
	if (fdg_sweep_watched(fd) || fdg_groups_has(fd))
		return fdg_shutdown_watched(fd, how, FDG_SITE);
	return real_shutdown(fd, how);
}

/* Whoever asks about a connection does not use it. */
WRAP(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len))
{
	if (fdg_sweep_watched_else(fd))
		return fdg_getsockopt_watched(fd, level, name, value, len, FDG_SITE);
	return real_getsockopt(fd, level, name, value, len);
}

/* eventfd's own pair: libc's call read and write inside, past us. */
WRAP(int, eventfd_read, (int fd, eventfd_t *value))
{
	if (fdg_sweep_watched(fd))
		return fdg_read_watched(fd, value, sizeof(*value), FDG_SITE) == (ssize_t)sizeof(*value) ? 0 : -1;
	return real_eventfd_read(fd, value);
}

WRAP(int, eventfd_write, (int fd, eventfd_t value))
{
	if (fdg_sweep_watched(fd))
		return fdg_write_watched(fd, &value, sizeof(value), FDG_SITE) == (ssize_t)sizeof(value) ? 0 : -1;
	return real_eventfd_write(fd, value);
}

/* Two descriptors, and either may be the one to wait for. */
__attribute__((noinline)) static ssize_t noted_sendfile(int out, int in, off_t *at, size_t n, const void *site)
NOTED(sendfile, fdg_sweep_used_both(out, in), out, in, at, n)

WRAP(ssize_t, sendfile, (int out, int in, off_t *at, size_t n))
{
	if (!fdg_sweep_passes_both(out, in))
		return noted_sendfile(out, in, at, n, FDG_SITE);
	return real_sendfile(out, in, at, n);
}
FDG_TWIN(sendfile64, sendfile)

__attribute__((noinline)) static ssize_t noted_splice(int in, off64_t *at_in, int out, off64_t *at_out, size_t n, unsigned flags, const void *site)
NOTED(splice, fdg_sweep_used_both(in, out), in, at_in, out, at_out, n, flags)

WRAP(ssize_t, splice, (int in, off64_t *at_in, int out, off64_t *at_out, size_t n, unsigned flags))
{
	if (!fdg_sweep_passes_both(in, out))
		return noted_splice(in, at_in, out, at_out, n, flags, FDG_SITE);
	return real_splice(in, at_in, out, at_out, n, flags);
}

/* The fortified twins: libc's own abort for a count beyond the object. */
WRAP(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t room))
{
	if (!fdg_sweep_passes(fd) && n <= room)
		return noted_read(fd, to, n, FDG_SITE);
	return real___read_chk(fd, to, n, room);
}

WRAP(ssize_t, __pread_chk, (int fd, void *to, size_t n, off_t at, size_t room))
{
	if (!fdg_sweep_passes(fd) && n <= room)
		return noted_pread(fd, to, n, at, FDG_SITE);
	return real___pread_chk(fd, to, n, at, room);
}
FDG_TWIN(__pread64_chk, __pread_chk)

WRAP(ssize_t, __recv_chk, (int fd, void *to, size_t n, size_t room, int flags))
{
	if (!fdg_sweep_passes(fd) && n <= room)
		return noted_recv(fd, to, n, flags, FDG_SITE);
	return real___recv_chk(fd, to, n, room, flags);
}

WRAP(ssize_t, __recvfrom_chk, (int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *peer, socklen_t *len))
{
	if (!fdg_sweep_passes(fd) && n <= room)
		return noted_recvfrom(fd, to, n, flags, peer, len, FDG_SITE);
	return real___recvfrom_chk(fd, to, n, room, flags, peer, len);
}
