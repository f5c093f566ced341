// SPDX-License-Identifier: MIT
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/apart.h"
#include "base/sys.h"

#include "base/poison.h"

#define FIRST_ROOM ((size_t)65536)

struct reading {
	const char *path;
	char *to;
	size_t n, room, most;
	long r;
};

static int open_it(struct reading *w, int flags)
{
	int fd = fdg_sys_open(w->path, O_RDONLY | O_CLOEXEC | flags, 0);

	w->r = fd;
	return fd;
}

static int read_first(void *arg)
{
	struct reading *w = arg;
	int fd = open_it(w, 0);

	if (fd < 0)
		return 0;
	w->r = fdg_sys_read(fd, w->to, w->n);
	fdg_sys_close(fd);
	return 0;
}

long fdg_read_file(const char *path, void *ret, size_t n)
{
	struct reading w = { .path = path, .to = ret, .n = n, .r = -EIO };

	fdg_aside(read_first, &w);
	return w.r;
}

static bool grow(struct reading *w)
{
	size_t room = w->room ? 2 * w->room : FIRST_ROOM;
	char *to = fdg_sys_mmap(room, false);

	if (!to)
		return false;
	if (w->to) {
		memcpy(to, w->to, w->n);
		fdg_sys_munmap(w->to, w->room);
	}
	w->to = to;
	w->room = room;
	return true;
}

static int read_on(void *arg)
{
	struct reading *w = arg;
	int fd = open_it(w, 0);

	while (w->r >= 0 && w->n < w->most) {
		if (w->n == w->room && !grow(w)) {
			w->r = -ENOMEM;
			break;
		}
		w->r = fdg_sys_read(fd, w->to + w->n, (w->room < w->most ? w->room : w->most) - w->n);
		if (w->r <= 0)
			break;
		w->n += (size_t)w->r;
	}
	if (fd >= 0)
		fdg_sys_close(fd);
	return 0;
}

char *fdg_read_all(const char *path, size_t most, size_t *ret_n, size_t *ret_room)
{
	struct reading w = { .path = path, .most = most, .r = -EIO };

	fdg_aside(read_on, &w);
	if (w.r < 0 && w.to) {
		fdg_sys_munmap(w.to, w.room);
		w.to = NULL;
	}
	*ret_n = w.n;
	*ret_room = w.room;
	return w.to;
}

struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t length;
	unsigned char type;
	char name[];
};

void fdg_numbers_begin(struct fdg_numbers *n, const char *path)
{
	n->path = path;
	n->next = 0;
	n->at = n->len = 0;
}

static int read_entries(void *arg)
{
	struct fdg_numbers *n = arg;
	struct reading w = { .path = n->path };
	int fd = open_it(&w, O_DIRECTORY);

	n->len = w.r;
	if (fd < 0)
		return 0;
	n->len = n->next ? fdg_sys3(SYS_lseek, fd, n->next, SEEK_SET) : 0;
	if (n->len >= 0)
		n->len = fdg_sys3(SYS_getdents64, fd, n->room, sizeof(n->room));
	fdg_sys_close(fd);
	return 0;
}

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

int fdg_numbers_next(struct fdg_numbers *n)
{
	for (;;) {
		const struct entry *e = (const void *)(n->room + n->at);
		int value;

		if (n->at >= n->len) {
			n->at = 0;
			n->len = -EIO;
			fdg_aside(read_entries, n);
			if (n->len <= 0)
				return -1;
			continue;
		}
		n->at += e->length;
		n->next = e->next;
		value = number(e->name);
		if (value >= 0)
			return value;
	}
}

int fdg_each_number(struct fdg_numbers *room, const char *path, unsigned max, int (*f)(void *cookie, int n), void *cookie)
{
	int r = 0;

	fdg_numbers_begin(room, path);
	for (int n; r == 0 && (n = fdg_numbers_next(room)) >= 0;)
		r = max-- ? f(cookie, n) : -1;
	return r;
}

/* "32768\t60999\n" */
bool fdg_local_ports(unsigned *ret_from, unsigned *ret_to)
{
	char text[32];
	long n = fdg_read_file("/proc/sys/net/ipv4/ip_local_port_range", text, sizeof(text));
	unsigned range[2] = { 0, 0 }, i = 0;

	for (long at = 0; at < n && i < 2; at++) {
		if (text[at] >= '0' && text[at] <= '9')
			range[i] = range[i] * 10 + (unsigned)(text[at] - '0');
		else
			i++;
	}
	if (i < 2 || range[0] > range[1])
		return false;
	*ret_from = range[0];
	*ret_to = range[1];
	return true;
}
