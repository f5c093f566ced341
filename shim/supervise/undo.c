// SPDX-License-Identifier: MIT
#include "supervise/undo.h"

#include <errno.h>
#include <sys/stat.h>

#include "supervise/rows.h"

#include "base/poison.h"

#define KEPT 1024
#define ANCESTORS 16

/* Sockets alone, whose inode is enough. */
struct set {
	int pid;
	unsigned count;
	struct { int fd; uint64_t ino; } file[KEPT];
};

static struct fdg_rows all;

int fdg_undo_start(void)
{
	return fdg_rows_start(&all, sizeof(struct set));
}

static struct set *set_of(const struct fdg_process *p)
{
	struct set *s = fdg_row(&all, p->index);

	return s->pid == p->pid && s->count ? s : NULL;
}

void fdg_undo_keep(const struct fdg_process *p, const struct fdg_open *o)
{
	struct set *s = fdg_row(&all, p->index);

	if (s->pid != p->pid)
		s->count = 0;
	s->pid = p->pid;
	if (s->count == KEPT)
		return;
	s->file[s->count].fd = o->fd;
	s->file[s->count++].ino = o->what.ino;
}

void fdg_undo_forget(const struct fdg_process *p)
{
	((struct set *)fdg_row(&all, p->index))->pid = 0;
}

/* Those that an execve which did not fail has closed are none any more. */
static void keep_what_is_there(struct set *s)
{
	unsigned left = 0;
	struct fdg_identity what;

	for (unsigned i = 0; i < s->count; i++)
		if (fdg_identity_of(s->pid, s->file[i].fd, &what) && what.ino == s->file[i].ino)
			s->file[left++] = s->file[i];
	s->count = left;
}

static const struct fdg_process *next_of(const struct fdg_process *p)
{
	return p->execs ? NULL : fdg_facts_find(p->parent);
}

static void insert(struct fdg_open_list *l, int fd, const struct fdg_identity *what)
{
	unsigned i = l->count;

	if (l->count == FDG_OPEN_MAX || fdg_open_find(l, fd))
		return;
	for (; i > 0 && l->file[i - 1].fd > fd; i--)
		l->file[i] = l->file[i - 1];
	l->file[i] = (struct fdg_open){ .fd = fd, .mode = S_IFSOCK, .what = *what, .is_held = true };
	l->count++;
}

void fdg_undo_look(const struct fdg_process *p, struct fdg_open_list *l)
{
	const struct fdg_process *a = p;
	struct fdg_identity what;
	struct set *s;

	for (int i = 0; i < ANCESTORS && a; i++, a = next_of(a)) {
		if (!(s = set_of(a)))
			continue;
		keep_what_is_there(s);
		for (unsigned k = 0; k < s->count; k++)
			if (fdg_identity_of(p->pid, s->file[k].fd, &what) && what.ino == s->file[k].ino)
				insert(l, s->file[k].fd, &what);
	}
}

void fdg_undo_done(const struct fdg_process *p, int fd)
{
	struct set *s = set_of(p);

	for (unsigned i = 0; s && i < s->count; i++)
		if (s->file[i].fd == fd)
			s->file[i] = s->file[--s->count];
}
