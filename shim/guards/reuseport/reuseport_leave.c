// SPDX-License-Identifier: MIT
/* Members that end with the process, or with its image: told together, a group at a time. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/reuseport.h"
#include "guards/sharer.h"
#include "options/options.h"

#include "base/poison.h"

#define MEMBERS 4096u
#define GROUPS 256u

/* A listening socket that nobody else has, each once. */
struct member {
	int fd;
	unsigned group, queued, backlog;
	uint64_t inode;
};

struct leave {
	unsigned members, groups;
	struct member member[MEMBERS];
	struct fdg_group group[GROUPS];
	int fd[MEMBERS]; /* for who else has them */
	uint64_t inode[MEMBERS];
	bool elsewhere[MEMBERS];
	enum fdg_unseen unseen;
};

/* GROUPS: there is no room. */
static unsigned group_of(struct leave *l, const struct fdg_group *g)
{
	unsigned i = 0;

	while (i < l->groups && !fdg_group_is_same(&l->group[i], g))
		i++;
	if (i == l->groups && i < GROUPS)
		l->group[l->groups++] = *g;
	return i;
}

static bool is_known(const struct leave *l, uint64_t inode)
{
	for (unsigned i = 0; i < l->members; i++)
		if (l->member[i].inode == inode)
			return true;
	return false;
}

/* A duplicate that outlives the exec keeps it. */
static bool stays(int fd, bool by_exec)
{
	if (!by_exec)
		return false;
	if (!(fdg_sys_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC))
		return true;
	for (int other = fdg_holders_next(fd, -1); other >= 0; other = fdg_holders_next(fd, other))
		if (!(fdg_sys_fcntl(other, F_GETFD, 0) & FD_CLOEXEC))
			return true;
	return false;
}

static void add(struct leave *l, int fd, bool by_exec)
{
	struct member m = { .fd = fd };
	struct fdg_group g;
	struct stat st;

	if (l->members == MEMBERS || !fdg_group_ask(fd, &g) || g.protocol != IPPROTO_TCP || fdg_sys_fstat(fd, &st) < 0 || is_known(l, st.st_ino))
		return;
	if (stays(fd, by_exec) || fdg_reuseport_is_from_elsewhere(fd) || !fdg_reuseport_queue(fd, &m.queued, &m.backlog))
		return;
	m.inode = st.st_ino;
	m.group = group_of(l, &g);
	if (m.group < GROUPS)
		l->member[l->members++] = m;
}

/* Those that another process may have go on. */
static void leave_out_others(struct leave *l)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->members; i++) {
		l->fd[i] = l->member[i].fd;
		l->inode[i] = l->member[i].inode;
	}
	l->unseen = fdg_lent_maybe_each(l->fd, l->inode, l->elsewhere, l->members);
	for (unsigned i = 0; i < l->members; i++)
		if (!l->elsewhere[i])
			l->member[n++] = l->member[i];
	l->members = n;
}

static void add_member(struct fdg_reset *r, const struct member *m)
{
	struct fdg_known k;

	r->listeners++;
	r->queued += m->queued;
	if (m->queued == 0)
		return;
	r->fd = r->fd < 0 ? m->fd : r->fd;
	r->backlog = m->backlog;
	if (r->made_at || !fdg_ledger_look(m->fd, &k))
		return;
	r->made_at = k.site;
	r->origin = k.origin;
}

/* The others that are in the group of these. False: /proc does not tell. */
static bool ask_survivors(const struct leave *l, const struct fdg_reset *r, unsigned group, unsigned *ret_n)
{
	struct fdg_group_sight sight = { 0 };

	for (unsigned i = 0; i < l->members && !sight.seen; i++)
		if (l->member[i].group == group)
			sight = fdg_group_look(&l->group[group], l->member[i].inode);
	*ret_n = sight.has_it && sight.members > r->listeners ? sight.members - r->listeners : 0;
	return sight.has_it;
}

/* A group that ends as a whole is no finding, unless it was said that a queue was saved to it. */
static bool is_last_of_given(struct fdg_reset *r)
{
	if (fdg_options.reuseport != FDG_FIX || !fdg_migrate_gave(&r->group))
		return false;
	r->how = r->how == FDG_RESET_EXEC ? FDG_RESET_LAST_BY_EXEC : FDG_RESET_LAST_BY_EXIT;
	return true;
}

static void judge(const struct leave *l, unsigned group, bool by_exec, const void *site)
{
	struct fdg_reset r = { .fd = -1, .group = l->group[group], .how = by_exec ? FDG_RESET_EXEC : FDG_RESET_EXIT, .site = site, .unseen = l->unseen };

	for (unsigned i = 0; i < l->members; i++)
		if (l->member[i].group == group)
			add_member(&r, &l->member[i]);
	if (r.queued == 0 || !ask_survivors(l, &r, group, &r.siblings) || (r.siblings == 0 && !is_last_of_given(&r)))
		return;
	r.migrate_req = fdg_reuseport_migrate_req();
	if (r.migrate_req >= 1 || fdg_migrate_is_the_programs(&r.group))
		return;
	if (r.siblings)
		fdg_reuseport_cured(&r);
	fdg_reset_say(&r);
}

/* The end of a process takes its time. Other threads may use a number until then. */
static void end_quietly(const struct leave *l)
{
	bool alone = fdg_sharer_stat(fdg_sys_getpid(), 20) == 1;

	for (unsigned i = 0; i < l->members; i++)
		if (fdg_reuseport_quieten(l->member[i].fd, &l->group[l->member[i].group]) && alone)
			fdg_sys_close(l->member[i].fd);
}

/* Who else has them is not asked for nothing. */
static bool any_queue(void)
{
	unsigned queued, backlog;

	for (int fd = fdg_groups_next(-1); fd >= 0; fd = fdg_groups_next(fd))
		if (fdg_reuseport_queue(fd, &queued, &backlog) && queued)
			return true;
	return false;
}

void fdg_reuseport_leaving_slow(bool by_exec, const void *site)
{
	struct leave *l;

	if (fdg_phase_now() != FDG_ACTIVE || fdg_options.reuseport == FDG_OFF || fdg_foreign_memory() || fdg_groups_next(-1) < 0)
		return;
	if (!by_exec) /* there they are taken back before */
		fdg_handover_leaving();
	if (fdg_options.reuseport != FDG_FIX && !any_queue())
		return;
	l = fdg_sys_mmap(sizeof(*l), false);
	if (!l)
		return;
	for (int fd = fdg_groups_next(-1); fd >= 0; fd = fdg_groups_next(fd))
		add(l, fd, by_exec);
	leave_out_others(l);
	for (unsigned i = 0; i < l->groups; i++)
		judge(l, i, by_exec, site);
	if (!by_exec) /* which may fail */
		end_quietly(l);
	fdg_sys_munmap(l, sizeof(*l));
}
