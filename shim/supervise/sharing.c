// SPDX-License-Identifier: MIT
#include "supervise/sharing.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/hints.h"

#include "base/poison.h"

#define COPIES 8        /* of one that are asked about, the last ones */
#define CHILDREN 16     /* looked at, the last ones */
#define SCAN_MAX 4096   /* descriptors of a process that are looked at where the hints are not all there */

/* A child in the memory of its parent, between vfork and exec: a copy of all descriptors for a moment, which it makes no use of. */
static bool is_about_to_exec(const struct fdg_process *p, int pid)
{
	return pid != p->pid && fdg_sys5(SYS_kcmp, p->pid, pid, KCMP_VM, 0, 0) == 0 && fdg_facts_parent(pid) == p->pid;
}

static bool is_sharer(const struct fdg_process *p, int fd, const struct fdg_file *f, int pid, int other, struct fdg_sharer *ret)
{
	if ((pid == p->pid && other == fd) || !fdg_file_is_shared(f, p, fd, pid, other) || is_about_to_exec(p, pid))
		return false;
	*ret = (struct fdg_sharer){ pid, other };
	return true;
}

static bool find_by_hint(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret)
{
	int copied[COPIES];
	unsigned n = fdg_hint_find(p, &(struct fdg_identity){ f->dev, f->ino }, copied, COPIES);

	for (unsigned i = 0; i < n; i++)
		if (is_sharer(p, fd, f, p->pid, copied[i], ret))
			return true;
	return false;
}

static bool scan_part(const struct fdg_process *p, int fd, const struct fdg_file *f, char *at, const char *end, unsigned *left, struct fdg_sharer *ret)
{
	for (struct dirent64 *e; at < end && *left; at += e->d_reclen) {
		e = (struct dirent64 *)at;
		if (e->d_name[0] == '.')
			continue;
		(*left)--;
		if (is_sharer(p, fd, f, p->pid, atoi(e->d_name), ret))
			return true;
	}
	return false;
}

static int64_t now(void)
{
	struct timespec t;

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* All descriptors, up to a limit. */
static bool scan_all(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret)
{
	_Alignas(8) char entries[8192];
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	unsigned left = SCAN_MAX;
	bool found = false;
	long n;
	int directory;

	fdg_fmt(&b, "/proc/%d/fd", p->pid);
	directory = fdg_sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	while (directory >= 0 && !found && left && (n = fdg_sys3(SYS_getdents64, directory, entries, sizeof(entries))) > 0)
		found = scan_part(p, fd, f, entries, entries + n, &left, ret);
	if (directory >= 0)
		fdg_sys_close(directory);
	return found;
}

/* A program that copies many and changes others waits for this: it takes a twentieth of the time at most. */
static bool scan(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret)
{
	static int64_t not_before;
	int64_t begin = now(), end;
	bool found;

	if (begin < not_before)
		return false;
	found = scan_all(p, fd, f, ret);
	end = now();
	not_before = end + 20 * (end - begin);
	return found;
}

/* fork gives a copy by the same number. */
static bool find_child(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret)
{
	char text[4096], *at, *next;
	struct fdg_buf path = FDG_BUF(text);
	int file, pid;
	long n;

	fdg_fmt(&path, "/proc/%d/task/%d/children", p->pid, p->pid);
	file = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return false;
	n = fdg_sys_read(file, text, sizeof(text) - 1);
	fdg_sys_close(file);
	text[n > 0 ? n : 0] = '\0';
	at = text;
	for (int i = 0; i < CHILDREN && (pid = (int)strtol(at, &next, 10)) > 0; i++, at = next)
		if (is_sharer(p, fd, f, pid, fd, ret))
			return true;
	return false;
}

static bool find_parent(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret)
{
	int parent = p->parent;

	return parent > 1 && fdg_facts_find(parent) && is_sharer(p, fd, f, parent, fd, ret);
}

bool fdg_sharing_find(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret)
{
	return find_by_hint(p, fd, f, ret) || (p->is_hint_lost && scan(p, fd, f, ret)) || find_parent(p, fd, f, ret) || find_child(p, fd, f, ret);
}
