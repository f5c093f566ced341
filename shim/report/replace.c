// SPDX-License-Identifier: MIT
#include "report/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "base/apart.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "report/high.h"
#include "report/quiet.h"

#include "base/poison.h"

struct job {
	const char *path, *text;
	size_t n;
	char fresh[PATH_MAX];
};

static int write_all(int fd, const struct job *j)
{
	for (size_t done = 0; done < j->n;) {
		long r = fdg_quiet_write(fd, j->text + done, j->n - done);

		if (r <= 0)
			return r < 0 ? (int)r : -EIO;
		done += (size_t)r;
	}
	return 0;
}

static int rename_to(const struct job *j)
{
	return (int)fdg_sys4(SYS_renameat, AT_FDCWD, j->fresh, AT_FDCWD, j->path);
}

static bool may_be_replaced(const char *path)
{
	struct stat st;

	return fdg_sys4(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISREG(st.st_mode);
}

/* Within fdg_aside, and so positive errnos. */
static int replace(void *arg)
{
	const struct job *j = arg;
	int fd = fdg_open_high(j->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0644), r;

	if (fd < 0)
		return -fd;
	r = write_all(fd, j);
	fdg_sys_close(fd);
	if (r == 0)
		r = rename_to(j);
	if (r < 0)
		fdg_sys3(SYS_unlinkat, AT_FDCWD, j->fresh, 0);
	return -r;
}

/* Of several processes that write the same file each has one of its own; a pid can be there twice, in namespaces. */
static void put_fresh(struct fdg_buf *b, const char *path)
{
	struct timespec now = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	fdg_fmt(b, "%s.%d.%lx.tmp", path, fdg_sys_getpid(), (unsigned long)now.tv_nsec);
}

int fdg_replace_file(const char *path, const char *text, size_t n)
{
	struct job *j;
	struct fdg_buf b;
	int r;

	if (!may_be_replaced(path))
		return -FDG_REPLACE_OTHER;
	j = fdg_sys_mmap(sizeof(*j), false);
	if (!j)
		return -ENOMEM;
	j->path = path;
	j->text = text;
	j->n = n;
	b = (struct fdg_buf){ j->fresh, 0, sizeof(j->fresh), false };
	put_fresh(&b, path);
	r = b.cut ? ENAMETOOLONG : fdg_aside(replace, j);
	if (r == EMFILE && (r = fdg_aside_anyhow(replace, j)) < 0)
		r = EMFILE;
	fdg_sys_munmap(j, sizeof(*j));
	return r < 0 ? r : -r;
}
