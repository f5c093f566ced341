// SPDX-License-Identifier: MIT
#include "guards/sharer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fmt.h"
#include "base/same.h"
#include "base/sys.h"

#include "base/poison.h"

#define ANCESTORS 16
#define PROCESSES 4096
#define NUMBERS 1024 /* descriptors of an ancestor that are looked at */
#define LINK 128

struct search {
	int fd, self;
	char link[LINK]; /* what /proc says that fd is: compared first, because a look at a file of another process may hang with its file system */
	struct fdg_sharer *ret;
};

/* pid 0: this process. */
static long fd_link(int pid, int fd, char link[LINK])
{
	char path[48];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	if (pid)
		fdg_fmt(&b, "/proc/%d/fd/%d", pid, fd);
	else
		fdg_fmt(&b, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(path, link, LINK - 1);
	link[n > 0 ? n : 0] = '\0';
	return n;
}

static void name_of(int pid, char name[64])
{
	char path[32];
	struct fdg_buf b = FDG_BUF(path);
	long n = -1;
	int fd;

	fdg_fmt(&b, "/proc/%d/comm", pid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		n = fdg_sys_read(fd, name, 63);
		fdg_sys_close(fd);
	}
	name[n > 0 ? n - 1 : 0] = '\0';
}

/* 1: it does; 0: it does not; negative: we may not look. */
static int holds_at(const struct search *s, int pid, int number)
{
	char link[LINK];
	long n = fd_link(pid, number, link);

	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	if (strcmp(link, s->link) != 0 || fdg_same_there(s->fd, pid, number) == FDG_NOT_SAME)
		return 0;
	s->ret->pid = pid;
	s->ret->fd = number;
	name_of(pid, s->ret->program);
	return 1;
}

/* At the numbers where a shared description usually is. */
static int holds(const struct search *s, int pid)
{
	int r = holds_at(s, pid, s->fd);

	for (int n = 0; n <= 2 && r == 0; n++)
		if (n != s->fd)
			r = holds_at(s, pid, n);
	return r;
}

struct linux_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int number(const char *s)
{
	int n = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || n > 100000000)
			return -1;
		n = n * 10 + (*s - '0');
	}
	return n;
}

/* Calls f for at most max numbers that name an entry of the folder, until it returns something else than 0. */
static int each_number(const char *folder, unsigned max, int (*f)(void *cookie, int n), void *cookie)
{
	_Alignas(struct linux_dirent) char room[512];
	int dir = fdg_sys_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), r = 0;
	long n;

	if (dir < 0)
		return 0;
	while (r == 0 && max && (n = fdg_sys3(SYS_getdents64, dir, room, sizeof(room))) > 0)
		for (long at = 0; at < n && r == 0 && max;) {
			const struct linux_dirent *e = (const void *)(room + at);
			int value = number(e->name);

			if (value >= 0) {
				max--;
				r = f(cookie, value);
			}
			at += e->length;
		}
	fdg_sys_close(dir);
	return r;
}

struct ancestor {
	const struct search *s;
	int pid;
};

static int ancestor_number(void *cookie, int n)
{
	const struct ancestor *a = cookie;

	return holds_at(a->s, a->pid, n) == 1;
}

static int ancestor_holds(const struct search *s, int pid)
{
	struct ancestor a = { s, pid };
	char folder[32];
	struct fdg_buf b = FDG_BUF(folder);
	int r = holds(s, pid);

	if (r)
		return r;
	fdg_fmt(&b, "/proc/%d/fd", pid);
	return each_number(folder, NUMBERS, ancestor_number, &a);
}

/* The fourth field of /proc/PID/stat; the second is a name in parentheses, and may hold anything. Its frame is not to lie under the search: this may run on a signal stack. */
__attribute__((noinline)) static int parent_of(int pid)
{
	char text[512], *p;
	struct fdg_buf path = FDG_BUF(text);
	int fd, parent = 0;
	long n;

	fdg_fmt(&path, "/proc/%d/stat", pid);
	fd = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = fdg_sys_read(fd, text, sizeof(text) - 1);
	fdg_sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
	p = strrchr(text, ')');
	if (!p || strlen(p) < 5)
		return 0;
	for (p += 4; *p >= '0' && *p <= '9'; p++)
		parent = parent * 10 + (*p - '0');
	return parent;
}

static int process(void *cookie, int pid)
{
	const struct search *s = cookie;

	return pid != s->self && holds(s, pid) == 1;
}

enum fdg_shared fdg_find_sharer(int fd, struct fdg_sharer *ret)
{
	struct search s = { .fd = fd, .self = fdg_sys_getpid(), .ret = ret };
	int pid = fdg_sys_getppid(), r = 0;
	bool hidden = false;

	if (fd_link(0, fd, s.link) <= 0)
		return FDG_SHARED_NOT_TOLD;
	for (unsigned i = 0; i < ANCESTORS && pid > 0 && r != 1; i++, pid = parent_of(pid)) {
		r = ancestor_holds(&s, pid);
		hidden = hidden || r < 0;
	}
	if (r == 1 || each_number("/proc", PROCESSES, process, &s) == 1)
		return FDG_SHARED_BY_ONE;
	return hidden ? FDG_SHARED_NOT_TOLD : FDG_SHARED_BY_NONE;
}
