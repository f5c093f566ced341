// SPDX-License-Identifier: MIT
#include "report/high.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "base/sys.h"

#include "base/poison.h"

/*
 * The top of what is allowed, but below 1024: the kernel sizes a process's table by its highest number, never shrinks it, and with a limit of a
 * million would give us 8 MiB for one line of text.
 */
static int floor_now(void)
{
	struct rlimit limit; /* the kernel's own on 64-bit machines */

	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0 || limit.rlim_cur > 1024)
		limit.rlim_cur = 1024;
	return limit.rlim_cur > 128 ? (int)limit.rlim_cur - 64 : (int)limit.rlim_cur / 2;
}

int fdg_dup_high(int fd)
{
	return fdg_sys_fcntl(fd, F_DUPFD_CLOEXEC, floor_now());
}

int fdg_move_high(int fd)
{
	int high;

	if (fd < 0)
		return fd;
	high = fdg_dup_high(fd);
	if (high < 0)
		return fd;
	fdg_sys_close(fd);
	return high;
}

int fdg_open_high(const char *path, int flags, unsigned mode)
{
	return fdg_move_high(fdg_sys_open(path, flags | O_CLOEXEC, mode));
}
