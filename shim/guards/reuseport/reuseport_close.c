// SPDX-License-Identifier: MIT
/* Members that are closed, replaced or shut down: what is queued there is looked at before, and told after, when it is seen that the listener is gone. */
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/same.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/quiet.h"
#include "guards/reuseport/resize.h"
#include "guards/reuseport/reuseport.h"
#include "guards/reuseport/sights.h"
#include "options/options.h"

#include "base/poison.h"

enum { CHUNK = 64, CHUNKS = FDG_LEDGER_MAX / CHUNK };

/* Closings under way. */
struct pending {
	_Atomic bool taken;
	_Atomic uint64_t owner; /* the thread that closes, and above that the number; 0: not described yet */
	uint64_t inode;
	bool is_seen; /* /proc has it; else is_last says what is known */
	bool is_last;
	struct fdg_reset r;
};

/* One call may close all that a process has. */
FDG_BIG static struct pending *_Atomic chunks[CHUNKS];
static _Atomic unsigned pendings;

static struct pending *chunk_of(unsigned i)
{
	struct pending *chunk = i < CHUNKS ? atomic_load(&chunks[i]) : NULL, *none = NULL;
	const size_t size = CHUNK * sizeof(*chunk);

	if (chunk || i >= CHUNKS)
		return chunk;
	chunk = fdg_sys_mmap(size, false);
	if (chunk && !atomic_compare_exchange_strong(&chunks[i], &none, chunk)) {
		fdg_sys_munmap(chunk, size);
		chunk = none;
	}
	return chunk;
}

/* NULL: there was never one with this number, nor a higher one. */
static struct pending *pending_at(unsigned i)
{
	struct pending *chunk = i / CHUNK < CHUNKS ? atomic_load(&chunks[i / CHUNK]) : NULL;

	return chunk ? &chunk[i % CHUNK] : NULL;
}

static struct pending *take_free(void)
{
	struct pending *p;

	for (unsigned i = 0; (p = chunk_of(i / CHUNK)); i++) {
		bool taken = false;

		if (!atomic_load_explicit(&p[i % CHUNK].taken, memory_order_relaxed) && atomic_compare_exchange_strong(&p[i % CHUNK].taken, &taken, true))
			return &p[i % CHUNK];
	}
	return NULL;
}

static unsigned count_here(const struct fdg_group *g, int fd)
{
	unsigned n = 0;

	for (int other = fdg_groups_sibling(g, fd, -1); other >= 0; other = fdg_groups_sibling(g, fd, other))
		n++;
	return n;
}

/* Members besides it, as far as one can see. */
static unsigned count_siblings(struct pending *p, int fd, struct fdg_sights *s)
{
	struct fdg_group_sight sight;
	struct stat st;

	p->inode = 0;
	if (fdg_sys_fstat(fd, &st) < 0)
		return 0;
	p->inode = st.st_ino;
	sight = fdg_sights_look(s, &p->r.group, st.st_ino);
	p->is_seen = sight.has_it;
	return sight.has_it ? sight.members - 1 : count_here(&p->r.group, fd);
}

static void put_maker(struct fdg_reset *r, int fd)
{
	struct fdg_known k;

	if (!fdg_ledger_look(fd, &k))
		return;
	r->made_at = k.site;
	r->origin = k.origin;
}

/* The second cure, where the first was refused. Of a queue that is empty, too: others connect at this moment. */
static bool may_save(const struct fdg_reset *r)
{
	return fdg_options.reuseport == FDG_FIX && r->how == FDG_RESET_CLOSE && fdg_migrate_is_refused(&r->group);
}

static void save(struct fdg_reset *r)
{
	unsigned left = 0, backlog;

	r->saved = fdg_handover(r->fd, &r->group, &r->not_saved, &r->gap);
	if (!r->not_saved)
		r->queued = r->saved;
	else if (fdg_reuseport_queue(r->fd, &left, &backlog) && r->queued < r->saved + left)
		r->queued = r->saved + left;
}

/* Another number of what this thread is closing already. */
static bool is_pending(const struct pending *p)
{
	uint32_t thread = (uint32_t)fdg_sys_gettid();
	const struct pending *at;

	for (unsigned i = 0; (at = pending_at(i)); i++)
		if (at != p && (uint32_t)atomic_load_explicit(&at->owner, memory_order_relaxed) == thread && at->inode == p->inode)
			return true;
	return false;
}

/* The last of its group. What others were said to have given it is reset with it: else that would not be true. */
static bool is_last_of_given(struct pending *p)
{
	struct fdg_reset *r = &p->r;

	if (fdg_options.reuseport != FDG_FIX || r->how != FDG_RESET_CLOSE || r->queued == 0 || !p->is_seen || !fdg_migrate_gave(&r->group))
		return false;
	r->how = FDG_RESET_LAST;
	return true;
}

/* False: there is nothing to be told. */
static bool describe(struct pending *p, int fd, struct fdg_sights *s)
{
	struct fdg_reset *r = &p->r;

	if (!fdg_reuseport_queue(fd, &r->queued, &r->backlog) || (r->queued == 0 && !may_save(r)))
		return false;
	r->migrate_req = fdg_reuseport_migrate_req();
	if (r->migrate_req >= 1 || fdg_migrate_is_the_programs(&r->group))
		return false;
	r->siblings = count_siblings(p, fd, s);
	if (is_pending(p) || (r->siblings == 0 && !is_last_of_given(p)))
		return false;
	p->is_last = p->is_seen || r->how == FDG_RESET_SHUTDOWN || fdg_reuseport_is_last(fd);
	r->fd = fd;
	r->listeners = 1;
	put_maker(r, fd);
	if (r->how == FDG_RESET_LAST)
		return true;
	fdg_reuseport_cured(r);
	if (may_save(r))
		save(r);
	return r->queued > 0;
}

static void begin(int fd, int how, const struct fdg_group *g, const void *site, struct fdg_sights *s)
{
	struct pending *p = take_free();

	if (!p)
		return;
	memset(&p->r, 0, sizeof(p->r));
	p->r.group = *g;
	p->r.how = how;
	p->r.site = site;
	if (!describe(p, fd, s)) {
		atomic_store(&p->taken, false);
		return;
	}
	atomic_fetch_add_explicit(&pendings, 1, memory_order_relaxed);
	atomic_store_explicit(&p->owner, (uint64_t)fd << 32 | (uint32_t)fdg_sys_gettid(), memory_order_relaxed);
}

static bool may_quieten(const struct fdg_group *g)
{
	return fdg_options.reuseport == FDG_FIX && (fdg_reuseport_migrate_req() == 1 || fdg_migrate_has(g)) && fdg_migrate_may_load();
}

bool fdg_reuseport_quieten(int fd, const struct fdg_group *g)
{
	return may_quieten(g) && fdg_quiet(fd);
}

static void closing(int fd, const void *site, struct fdg_sights *s)
{
	struct fdg_group g;

	if (!fdg_group_ask(fd, &g))
		return;
	fdg_resize_leaving(fd, &g, site);
	if (g.protocol != IPPROTO_TCP)
		return;
	begin(fd, FDG_RESET_CLOSE, &g, site, s);
	if (fdg_options.reuseport == FDG_FIX)
		fdg_migrate_leaving(fd, &g);
	if (may_quieten(&g) && fdg_reuseport_is_last(fd))
		fdg_quiet(fd);
}

void fdg_reuseport_closing_slow(unsigned first, unsigned last, const void *site)
{
	struct fdg_sights *s = NULL;

	if (!fdg_reuseport_is_on() || first > INT32_MAX)
		return;
	for (int fd = fdg_groups_next((int)first - 1), next; fd >= 0 && (unsigned)fd <= last; fd = next) {
		next = fdg_groups_next(fd);
		if (!s && next >= 0 && (unsigned)next <= last)
			s = fdg_sights_begin();
		closing(fd, site, s);
	}
	fdg_sights_end(s);
}

/* The kernel would refuse it, or put the same file there. */
void fdg_reuseport_replacing_slow(int from, int to, const void *site)
{
	struct rlimit64 limit;

	if (from == to || fdg_sys_fcntl(from, F_GETFD, 0) < 0 || fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) < 0 || (unsigned)to >= limit.rlim_cur)
		return;
	if (fdg_same_here(from, to) == FDG_NOT_SAME)
		fdg_reuseport_closing_slow((unsigned)to, (unsigned)to, site);
}

/* Did it close, and did others stay? */
static bool has_ended(struct pending *p, struct fdg_sights *s)
{
	struct fdg_group_sight sight;

	if (!p->is_seen)
		return p->is_last;
	sight = fdg_sights_look(s, &p->r.group, p->inode);
	p->r.siblings = sight.members;
	return sight.seen && !sight.has_it && (sight.members > 0) == (p->r.how != FDG_RESET_LAST);
}

static unsigned take_lost(struct fdg_reset *r, unsigned lost, const char *why)
{
	unsigned n = lost < r->saved ? lost : r->saved;

	r->saved -= n;
	if (n && !r->not_saved)
		r->not_saved = why;
	return n;
}

static void count(struct fdg_reset *r, struct fdg_handover_end *e)
{
	unsigned left = r->queued - r->saved;

	r->saved += e->moved < left ? e->moved : left;
	r->queued += e->late;
	r->saved += e->late;
	e->moved = e->late = 0;
	e->lost -= take_lost(r, e->lost, e->why);
	r->gap = r->gap ? r->gap : e->gap;
}

static bool is_mine(const struct pending *p, unsigned first, unsigned last)
{
	uint64_t owner = atomic_load_explicit(&p->owner, memory_order_relaxed);

	return owner && (uint32_t)owner == (uint32_t)fdg_sys_gettid() && owner >> 32 >= first && owner >> 32 <= last;
}

/* False: there is nothing to be told of it. */
static bool settle(struct pending *p, struct fdg_handover_end *e, struct fdg_sights *s, struct fdg_reset *ret)
{
	bool ended;

	count(&p->r, e);
	ended = has_ended(p, s) || e->gap;
	if (ended && p->r.is_migrated)
		fdg_migrate_gives(&p->r.group);
	*ret = p->r;
	atomic_store_explicit(&p->owner, 0, memory_order_relaxed);
	atomic_store(&p->taken, false);
	atomic_fetch_sub_explicit(&pendings, 1, memory_order_relaxed);
	return ended;
}

static void add(struct fdg_reset *sum, const struct fdg_reset *r)
{
	sum->listeners += r->listeners;
	sum->queued += r->queued;
	sum->saved += r->saved;
	sum->not_saved = sum->not_saved ? sum->not_saved : r->not_saved;
	sum->gap = sum->gap ? sum->gap : r->gap;
}

static bool is_like(const struct fdg_reset *a, const struct fdg_reset *b)
{
	return a->how == b->how && a->is_migrated == b->is_migrated && fdg_group_is_same(&a->group, &b->group);
}

/* With those of its group that the same call closed. */
static void tell_from(unsigned i, unsigned first, unsigned last, struct fdg_handover_end *e, struct fdg_sights *s)
{
	struct fdg_reset sum, r;
	struct pending *p = pending_at(i);
	bool any = settle(p, e, s, &sum);

	while ((p = pending_at(++i))) {
		if (!is_mine(p, first, last) || !is_like(&sum, &p->r) || !settle(p, e, s, &r))
			continue;
		if (any)
			add(&sum, &r);
		else
			sum = r;
		any = true;
	}
	if (any)
		fdg_reset_say(&sum);
}

static void judge(unsigned first, unsigned last, struct fdg_handover_end *e)
{
	struct fdg_sights *s = first < last && atomic_load_explicit(&pendings, memory_order_relaxed) > 1 ? fdg_sights_begin() : NULL;
	const struct pending *p;

	for (unsigned i = 0; (p = pending_at(i)); i++)
		if (is_mine(p, first, last))
			tell_from(i, first, last, e, s);
	fdg_sights_end(s);
}

/* Is a finding about one of these to come from this thread? */
static bool is_told(unsigned first, unsigned last)
{
	const struct pending *p;

	for (unsigned i = 0; atomic_load_explicit(&pendings, memory_order_relaxed) && (p = pending_at(i)); i++)
		if (is_mine(p, first, last))
			return true;
	return false;
}

static void forget(unsigned first, unsigned last)
{
	struct fdg_group g;

	for (int fd = fdg_groups_next((int)first - 1); fd >= 0 && (unsigned)fd <= last; fd = fdg_groups_next(fd))
		if (!fdg_group_ask(fd, &g))
			fdg_groups_forget(fd);
}

void fdg_reuseport_closed_slow(unsigned first, unsigned last)
{
	struct fdg_handover_end e;

	if (fdg_foreign_memory() || first > INT32_MAX)
		return;
	fdg_handover_closed(is_told(first, last), &e);
	if (fdg_phase_now() != FDG_ACTIVE)
		return;
	forget(first, last);
	fdg_resize_left(first, last);
	if (atomic_load_explicit(&pendings, memory_order_relaxed))
		judge(first, last, &e);
}

bool fdg_reuseport_shutting(int fd, int how, const void *site)
{
	struct fdg_group g;

	if ((how != SHUT_RD && how != SHUT_RDWR) || !fdg_reuseport_is_on() || !fdg_group_ask(fd, &g) || g.protocol != IPPROTO_TCP)
		return false;
	begin(fd, FDG_RESET_SHUTDOWN, &g, site, NULL);
	return fdg_reuseport_quieten(fd, &g);
}

void fdg_reuseport_shut(int fd, bool quiet)
{
	struct fdg_handover_end e;

	if (quiet)
		fdg_quiet_end(fd);
	if (!fdg_reuseport_is_on())
		return;
	fdg_handover_closed(is_told((unsigned)fd, (unsigned)fd), &e);
	if (atomic_load_explicit(&pendings, memory_order_relaxed))
		judge((unsigned)fd, (unsigned)fd, &e);
}
