// SPDX-License-Identifier: MIT
#include "supervise/marks.h"

#include <errno.h>

#include "base/sys.h"

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

/* By fdg_facts_index; mappings: what is not used costs nothing. */
static struct marks *all;
static struct copies *copies;

int fdg_marks_start(void)
{
	all = fdg_sys_mmap(FDG_PROCESSES * sizeof(*all), false);
	copies = fdg_sys_mmap(FDG_PROCESSES * sizeof(*copies), false);
	return all && copies ? 0 : -ENOMEM;
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
	struct marks *m = all ? &all[fdg_facts_index(p)] : NULL;
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
	const struct marks *m = all ? &all[fdg_facts_index(p)] : NULL;

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
	struct copies *c = copies ? &copies[fdg_facts_index(p)] : NULL;
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
	const struct copies *c = copies ? &copies[fdg_facts_index(p)] : NULL;

	return c && c->pid == p->pid && (c->count > KEPT || is_copied(c, what));
}

void fdg_marks_forget(const struct fdg_process *p)
{
	if (all)
		all[fdg_facts_index(p)].pid = copies[fdg_facts_index(p)].pid = 0;
}
