// SPDX-License-Identifier: MIT
#include "supervise/open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/known.h"
#include "supervise/patience.h"
#include "supervise/rows.h"

#include "base/poison.h"

#define KEPT 256
#define CLOCK_EACH 16 /* looks */

struct kept {
	int pid;
	bool more;
	unsigned count;
	struct fdg_identity what[KEPT];
};

static struct fdg_rows all;

/* The first lines of a file in fdinfo: "flags:\t02004002", close-on-exec among them; "mnt_id:\t9"; "ino:\t4711", which old kernels do not have (Linux 5.14). */
struct told {
	bool stays_open;
	unsigned long mount, ino;
};

static unsigned long number_behind(const char *text, const char *word, int base)
{
	const char *line = strstr(text, word);

	return line ? strtoul(line + strlen(word), NULL, base) : 0;
}

/* False: there is none of that name. */
static bool read_told(int directory, const char *name, struct told *ret)
{
	char text[128];
	long n;
	int fd = (int)fdg_sys4(SYS_openat, directory, name, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	n = fdg_sys_read(fd, text, sizeof(text) - 1);
	fdg_sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
	ret->stays_open = strstr(text, "flags:\t") && !(number_behind(text, "flags:\t", 8) & O_CLOEXEC);
	ret->mount = ret->stays_open ? number_behind(text, "mnt_id:\t", 10) : 0;
	ret->ino = ret->stays_open ? number_behind(text, "\nino:\t", 10) : 0;
	return true;
}

/* Of all sockets: on which mount they are, by the number that fdinfo has, and their device. 0: not known. */
static struct { unsigned long mount; uint64_t dev; } sockets;

static bool is_socket(const struct told *t)
{
	return t->mount && t->mount == sockets.mount && t->ino;
}

static void learn_sockets(void)
{
	int fd = (int)fdg_sys3(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	struct told t = { false, 0, 0 };
	struct stat st;

	fdg_fmt(&b, "/proc/self/fdinfo/%d", fd);
	if (fd >= 0 && read_told(AT_FDCWD, path, &t) && fdg_fstat_known(fd, &st) && st.st_ino == t.ino) {
		sockets.mount = t.mount;
		sockets.dev = st.st_dev;
	}
	if (fd >= 0)
		fdg_sys_close(fd);
}

int fdg_open_start(void)
{
	learn_sockets();
	return fdg_rows_start(&all, sizeof(struct kept));
}

static bool add(int pid, int fd, const struct told *t, struct fdg_open_list *ret)
{
	struct fdg_open *o = &ret->file[ret->count];
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	struct stat st = { .st_mode = S_IFSOCK | 0777, .st_dev = sockets.dev, .st_ino = t->ino };

	if (ret->count == FDG_OPEN_MAX)
		return false;
	fdg_fmt(&b, "/proc/%d/fd/%d", pid, fd);
	if (!is_socket(t) && !fdg_stat_known(path, &st))
		return true;
	*o = (struct fdg_open){ .fd = fd, .mode = st.st_mode, .what = { st.st_dev, st.st_ino } };
	ret->count++;
	return true;
}

/* One batch of names; false: the time is over, or the room. */
static bool list_part(int pid, int directory, const char *at, const char *end, int64_t until, struct fdg_open_list *ret)
{
	unsigned looked = 0;

	for (const struct dirent64 *d; at < end; at += d->d_reclen) {
		struct told t;
		int fd;

		d = (const struct dirent64 *)at;
		fd = d->d_name[0] == '.' ? -1 : atoi(d->d_name);
		if (fd > 2 && read_told(directory, d->d_name, &t) && t.stays_open && !add(pid, fd, &t, ret))
			return false;
		if (looked++ % CLOCK_EACH == 0 && fdg_patience_clock() >= until)
			return false;
	}
	return true;
}

void fdg_open_list(int pid, struct fdg_open_list *ret, int64_t until)
{
	char batch[4096] __attribute__((aligned(8))), path[64];
	struct fdg_buf b = FDG_BUF(path);
	int directory;
	long n;

	ret->count = 0;
	ret->is_whole = true;
	fdg_fmt(&b, "/proc/%d/fdinfo", pid);
	directory = fdg_sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	ret->is_whole = directory >= 0;
	ret->is_cut = false;
	while (directory >= 0 && !ret->is_cut && (n = fdg_sys3(SYS_getdents64, directory, batch, sizeof(batch))) > 0)
		ret->is_cut = !list_part(pid, directory, batch, batch + n, until, ret);
	ret->is_whole &= !ret->is_cut;
	if (directory >= 0)
		fdg_sys_close(directory);
}

const struct fdg_open *fdg_open_find(const struct fdg_open_list *l, int fd)
{
	unsigned low = 0, high = l->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (l->file[middle].fd == fd)
			return &l->file[middle];
		if (l->file[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

fdg_kindword fdg_open_kind(int pid, const struct fdg_open *o)
{
	char path[64], link[64];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	if (S_ISSOCK(o->mode))
		return fdg_kindword_of(FDG_KIND_SOCKET, 0, 0);
	if (S_ISFIFO(o->mode))
		return fdg_kindword_of(FDG_KIND_PIPE, 0, 0);
	if (S_ISREG(o->mode) || S_ISDIR(o->mode) || S_ISBLK(o->mode))
		return fdg_kindword_of(S_ISDIR(o->mode) ? FDG_KIND_DIR : FDG_KIND_FILE, 0, 0);
	fdg_fmt(&b, "/proc/%d/fd/%d", pid, o->fd);
	n = fdg_sys_readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	if (strcmp(link, "anon_inode:[eventpoll]") == 0)
		return fdg_kindword_of(FDG_KIND_EPOLL, 0, 0);
	return fdg_kindword_of(S_ISCHR(o->mode) ? FDG_KIND_DEVICE : FDG_KIND_UNKNOWN, 0, 0);
}

void fdg_open_keep(const struct fdg_process *p, const struct fdg_open_list *l)
{
	struct kept *k = fdg_row(&all, p->index);

	k->pid = p->pid;
	k->more = l->count > KEPT || !l->is_whole;
	k->count = l->count < KEPT ? l->count : KEPT;
	for (unsigned i = 0; i < k->count; i++)
		k->what[i] = l->file[i].what;
}

bool fdg_open_was_there(const struct fdg_process *p, const struct fdg_identity *what)
{
	const struct kept *k = fdg_row(&all, p->index);

	if (k->pid != p->pid || k->more)
		return true;
	for (unsigned i = 0; i < k->count; i++)
		if (fdg_identity_same(&k->what[i], what))
			return true;
	return false;
}
