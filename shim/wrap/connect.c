// SPDX-License-Identifier: MIT
/* connect: straight through as the data calls are (data.c), unless somebody asked for it to be tried again (guards/reuseport/retry.h). */
#include "wrap/wrap.h"

#include <errno.h>

#include "guards/closewait/connections.h"
#include "guards/closewait/sweep.h"
#include "guards/nonblock/stall.h"
#include "guards/reuseport/retry.h"
#include "wrap/blocking.h"

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

static inline int connect_once(int fd, const struct sockaddr *peer, socklen_t len, const void *site)
{
	if (fdg_sweep_watched_else(fd))
		return fdg_connect_watched(fd, peer, len, site);
	if (__builtin_expect(fdg_has_loop, 0))
		return connect_in_loop(fd, peer, len, site);
	return real_connect(fd, peer, len);
}

/* There, or under way. */
__attribute__((noinline)) static int connected(int fd, int r, const void *site)
{
	if ((r == 0 || errno == EINPROGRESS || errno == EINTR) && !fdg_out())
		fdg_connection_connected(fd, site);
	fdg_sweep_tick();
	return r;
}

/* libc's poll: the pause is a cancellation point, as connect is. False: a signal came. */
static bool sleeps(int ms)
{
	return real_poll(NULL, 0, ms) == 0;
}

__attribute__((noinline)) static int connect_retried(int fd, const struct sockaddr *peer, socklen_t len, const void *site)
{
	struct fdg_retry t;
	int r, error, ms;

	fdg_retry_begin(&t, fd);
	do {
		r = connect_once(fd, peer, len, site);
		error = errno;
	} while (r != 0 && (ms = fdg_retry_pause(&t, fd, error)) >= 0 && sleeps(ms) && fdg_retry_may(&t, fd));
	fdg_retry_end(&t, r == 0);
	errno = error;
	return r;
}

WRAP(int, connect, (int fd, const struct sockaddr *peer, socklen_t len))
{
	if (fdg_retry_is_on() && !fdg_out())
		return connected(fd, connect_retried(fd, peer, len, FDG_SITE), FDG_SITE);
	return connected(fd, connect_once(fd, peer, len, FDG_SITE), FDG_SITE);
}
FDG_TWIN(__connect, connect)
