// SPDX-License-Identifier: MIT
#include "supervise/marks.h"

#include <errno.h>

#include "supervise/rows.h"

#include "base/poison.h"

#define KEPT 64

struct marks {
	int pid;
	unsigned count;
	struct { int fd; struct fdg_identity what; } mark[KEPT];
};

/* What was copied to a number that the kernel chose. */
struct copies {
	int pid;
	unsigned count;
	struct fdg_identity what[KEPT];
};

static struct fdg_rows all, copies;
static bool is_started;

int fdg_marks_start(void)
{
	is_started = fdg_rows_start(&all, sizeof(struct marks)) == 0 && fdg_rows_start(&copies, sizeof(struct copies)) == 0;
	return is_started ? 0 : -ENOMEM;
}

static bool is_kept(const struct marks *m, int fd, const struct fdg_identity *what)
{
	for (unsigned i = 0; i < m->count && i < KEPT; i++)
		if (m->mark[i].fd == fd && fdg_identity_same(&m->mark[i].what, what))
			return true;
	return false;
}

void fdg_marks_add(const struct fdg_process *p, int source, int fd)
{
	struct marks *m = is_started ? fdg_row(&all, p->index) : NULL;
	struct fdg_identity what;

	if (!m || fd < 3)
		return;
	if (m->pid != p->pid)
		*m = (struct marks){ .pid = p->pid };
	if (m->count > KEPT || !fdg_identity_of(p->pid, source, &what) || is_kept(m, fd, &what))
		return;
	if (m->count < KEPT) {
		m->mark[m->count].fd = fd;
		m->mark[m->count].what = what;
	}
	m->count++;
}

bool fdg_marks_has(const struct fdg_process *p, int fd, const struct fdg_identity *what)
{
	const struct marks *m = is_started ? fdg_row(&all, p->index) : NULL;

	return m && m->pid == p->pid && (m->count > KEPT || is_kept(m, fd, what));
}

static bool is_copied(const struct copies *c, const struct fdg_identity *what)
{
	for (unsigned i = 0; i < c->count && i < KEPT; i++)
		if (fdg_identity_same(&c->what[i], what))
			return true;
	return false;
}

void fdg_marks_copy(const struct fdg_process *p, int source)
{
	struct copies *c = is_started ? fdg_row(&copies, p->index) : NULL;
	struct fdg_identity what;

	if (!c)
		return;
	if (c->pid != p->pid) {
		c->pid = p->pid;
		c->count = 0;
	}
	if (c->count > KEPT || !fdg_identity_of(p->pid, source, &what) || is_copied(c, &what))
		return;
	if (c->count < KEPT)
		c->what[c->count] = what;
	c->count++;
}

bool fdg_marks_copied(const struct fdg_process *p, const struct fdg_identity *what)
{
	const struct copies *c = is_started ? fdg_row(&copies, p->index) : NULL;

	return c && c->pid == p->pid && (c->count > KEPT || is_copied(c, what));
}

void fdg_marks_forget(const struct fdg_process *p)
{
	if (!is_started)
		return;
	((struct marks *)fdg_row(&all, p->index))->pid = 0;
	((struct copies *)fdg_row(&copies, p->index))->pid = 0;
}
