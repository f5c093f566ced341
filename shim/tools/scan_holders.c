// SPDX-License-Identifier: MIT
/* A socket's inode is the same in all processes that have it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/scan.h"

#define PATIENCE 2000000000 /* nanoseconds: on machines with very many processes others are left out */

struct walk {
	struct scan_holders *to;
	uint64_t *wanted; /* rising */
	size_t count;
	int pid, dir, except;
	uint64_t until;
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int by_ino(const void *a, const void *b)
{
	const struct scan_holder *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino > y->ino ? 1 : -1;
	return x->pid != y->pid ? x->pid - y->pid : x->fd - y->fd;
}

static bool stays_open(int dir, int fd)
{
	char name[32];
	struct scan_fdinfo info;
	size_t n;
	char *text;
	bool r;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	text = scan_read_file(dir, name, 4096, &n);
	r = text && scan_read_fdinfo(text, &info) && !(info.flags & O_CLOEXEC);
	free(text);
	return r;
}

static bool look_at_fd(void *cookie, int fd)
{
	struct walk *w = cookie;
	char name[32], link[64];
	uint64_t ino;
	ssize_t n;

	snprintf(name, sizeof(name), "fd/%d", fd);
	n = readlinkat(w->dir, name, link, sizeof(link) - 1);
	if (n <= 0)
		return true;
	link[n] = '\0';
	scan_kind_of(link, &ino);
	if (!ino || !bsearch(&ino, w->wanted, w->count, sizeof(ino), by_value))
		return scan_now() < w->until;
	w->to->held = pool_grow(w->to->held, w->to->count, &w->to->room, sizeof(*w->to->held));
	w->to->held[w->to->count++] = (struct scan_holder){ ino, w->pid, fd, stays_open(w->dir, fd) };
	return true;
}

static bool look_at_process(void *cookie, int pid)
{
	struct walk *w = cookie;
	char path[32];

	if (pid == w->except || pid == getpid())
		return true;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	w->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->dir < 0)
		return true;
	w->pid = pid;
	scan_each_number(w->dir, "fd", look_at_fd, w);
	close(w->dir);
	return scan_now() < w->until;
}

void scan_holders_read(struct scan_holders *h, const struct scan_process *p)
{
	struct walk w = { .to = h, .except = p->pid, .until = scan_now() + PATIENCE };

	w.wanted = calloc(p->fds + p->interests + 1, sizeof(*w.wanted));
	if (!w.wanted)
		return;
	for (size_t i = 0; i < p->fds; i++)
		if (p->fd[i].ino)
			w.wanted[w.count++] = p->fd[i].ino;
	for (size_t i = 0; i < p->interests; i++)
		if (p->interest[i].has_ino)
			w.wanted[w.count++] = p->interest[i].ino;
	qsort(w.wanted, w.count, sizeof(*w.wanted), by_value);
	scan_each_number(AT_FDCWD, "/proc", look_at_process, &w);
	h->is_cut = scan_now() >= w.until;
	free(w.wanted);
	if (h->count)
		qsort(h->held, h->count, sizeof(*h->held), by_ino);
}

const struct scan_holder *scan_holder_find(const struct scan_holders *h, uint64_t ino)
{
	size_t low = 0, high = h->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (h->held[middle].ino < ino)
			low = middle + 1;
		else
			high = middle;
	}
	return low < h->count && h->held[low].ino == ino ? &h->held[low] : NULL;
}

void scan_holders_free(struct scan_holders *h)
{
	free(h->held);
	*h = (struct scan_holders){ .held = NULL };
}
