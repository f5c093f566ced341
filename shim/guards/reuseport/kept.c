// SPDX-License-Identifier: MIT
#include "guards/reuseport/kept.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/sys.h"

#include "base/poison.h"

#define LOW 960 /* the kernel's table stays as small as may be */
#define LEFT 64

uint64_t fdg_socket_cookie(int fd)
{
	uint64_t cookie = 0;
	unsigned n = sizeof(cookie);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

int fdg_kept_raise(int fd)
{
	struct rlimit limit; /* the kernel's own on 64-bit machines */
	int r;

	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0)
		return -1;
	r = fdg_sys_fcntl(fd, F_DUPFD_CLOEXEC, limit.rlim_cur > LOW * 2 ? LOW : (int)limit.rlim_cur / 2);
	if (r < 0 || (rlim_t)r + LEFT < limit.rlim_cur)
		return r < 0 ? -1 : r;
	fdg_sys_close(r);
	return -1;
}

void fdg_kept_put(struct fdg_kept *k, int fd)
{
	atomic_store(&k->cookie, fd < 0 ? 0 : fdg_socket_cookie(fd));
	atomic_store(&k->fd, fd + 1);
}

int fdg_kept_take(struct fdg_kept *k)
{
	int fd = atomic_exchange(&k->fd, 0) - 1;
	uint64_t cookie = atomic_load(&k->cookie); /* it was there before fd */

	return fd >= 0 && cookie && fdg_socket_cookie(fd) == cookie ? fd : -1;
}

void fdg_kept_close(struct fdg_kept *k)
{
	int fd = fdg_kept_take(k);

	if (fd >= 0)
		fdg_sys_close(fd);
}
