// SPDX-License-Identifier: MIT
#include "base/same.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#define DUPFD_QUERY 1027 /* Linux 6.10 */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* 1, 0, or a negative errno where the kernel cannot or will not tell. */
static long kcmp_files(int pid1, int pid2, int fd1, int fd2)
{
	long r = fdg_sys5(SYS_kcmp, pid1, pid2, KCMP_FILE, fd1, fd2);

	return r < 0 ? r : r == 0;
}

enum fdg_same fdg_same_here(int a, int b)
{
	struct stat sa, sb;
	int pid;
	long r;

	if (fdg_sys_fstat(a, &sa) < 0 || fdg_sys_fstat(b, &sb) < 0 || !same_file(&sa, &sb))
		return FDG_NOT_SAME;
	if (a == b || S_ISSOCK(sa.st_mode))
		return FDG_SAME;
	r = fdg_sys_fcntl(a, DUPFD_QUERY, b);
	if (r < 0) {
		pid = fdg_sys_getpid();
		r = kcmp_files(pid, pid, a, b);
	}
	if (r >= 0)
		return r ? FDG_SAME : FDG_NOT_SAME;
	return (fdg_sys_fcntl(a, F_GETFL, 0) & O_ACCMODE) == (fdg_sys_fcntl(b, F_GETFL, 0) & O_ACCMODE) ? FDG_MAYBE_SAME : FDG_NOT_SAME;
}

/* The access mode in /proc/PID/fdinfo/N: "flags:\t0100002". -1: not to be had. */
__attribute__((noinline)) static int access_there(int pid, int fd)
{
	char text[256];
	struct fdg_buf path = FDG_BUF(text);
	const char *flags;
	int value = 0;
	long n;

	fdg_fmt(&path, "/proc/%d/fdinfo/%d", pid, fd);
	n = fdg_read_file(text, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	flags = strstr(text, "flags:\t");
	if (!flags)
		return -1;
	for (flags += 7; *flags >= '0' && *flags <= '7'; flags++)
		value = value * 8 + (*flags - '0');
	return value & O_ACCMODE;
}

enum fdg_same fdg_same_there(int fd, int pid, int theirs)
{
	char text[64];
	struct fdg_buf path = FDG_BUF(text);
	struct stat here, there;
	long r;

	fdg_fmt(&path, "/proc/%d/fd/%d", pid, theirs);
	if (fdg_sys_fstat(fd, &here) < 0 || fdg_sys_stat(text, &there) < 0 || !same_file(&here, &there))
		return FDG_NOT_SAME;
	if (S_ISSOCK(here.st_mode))
		return FDG_SAME;
	r = kcmp_files(fdg_sys_getpid(), pid, fd, theirs);
	if (r >= 0)
		return r ? FDG_SAME : FDG_NOT_SAME;
	return (fdg_sys_fcntl(fd, F_GETFL, 0) & O_ACCMODE) == access_there(pid, theirs) ? FDG_MAYBE_SAME : FDG_NOT_SAME;
}
