// SPDX-License-Identifier: MIT
#include "supervise/known.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "base/sys.h"

#include "base/poison.h"

static bool ask(int fd, const char *path, int flags, unsigned what, struct statx *ret)
{
	return fdg_sys5(SYS_statx, fd, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, what, ret) >= 0;
}

static bool look(int fd, const char *path, int flags, struct stat *ret)
{
	struct statx x;

	if (!ask(fd, path, flags, STATX_TYPE | STATX_MODE | STATX_INO, &x))
		return false;
	*ret = (struct stat){ .st_dev = makedev(x.stx_dev_major, x.stx_dev_minor), .st_ino = x.stx_ino, .st_mode = x.stx_mode };
	return true;
}

bool fdg_stat_known(const char *path, struct stat *ret)
{
	return look(AT_FDCWD, path, 0, ret);
}

bool fdg_fstat_known(int fd, struct stat *ret)
{
	return look(fd, "", AT_EMPTY_PATH, ret);
}

bool fdg_mount_known(const char *path, dev_t *ret_device, uint64_t *ret_mount)
{
	struct statx x;

	if (!ask(AT_FDCWD, path, 0, STATX_TYPE | STATX_MNT_ID, &x))
		return false;
	*ret_device = makedev(x.stx_dev_major, x.stx_dev_minor);
	*ret_mount = x.stx_mask & STATX_MNT_ID ? x.stx_mnt_id : 0;
	return true;
}
