// SPDX-License-Identifier: MIT
/*
 * Guard reuseport, its finding reuseport.reset.
 *
 * The bug. Listeners that share a port by SO_REUSEPORT have a queue each. The kernel resets what is queued on one that is closed, though the others could have served it:
 *
 *     wrong:  close(listener);                                                        the worker restarts
 *     right:  a BPF program that leaves it out; accept until EAGAIN; close(listener)
 *     right:  sysctl net.ipv4.tcp_migrate_req=1 (Linux 5.14)
 *
 * What we do.
 *  1. groups.c remembers which numbers are members. When one is closed, replaced, shut down, or goes with the process, and its queue is not empty, and others are in the group,
 *     and tcp_migrate_req is 0, that is reuseport.reset: how many, where, and who has the listener made.
 *  2. After a close /proc says whether the listener is gone: a description that somebody else holds goes on to listen, and nothing was reset. For an exit there is no after:
 *     there the relatives are asked, and what went to or came from another program is not judged.
 *  3. A group that ends as a whole is not one that loses its queue to its siblings: nothing is said.
 *  4. reuseport=fix: migrate.c has the kernel hand the queue over; where that cannot be, handover.c does it, within this process. The finding says which it was, or why neither.
 */
#include "guards/reuseport/reuseport.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/same.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/holders.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/quiet.h"
#include "guards/reuseport/resize.h"
#include "options/options.h"

#include "base/poison.h"

enum { PENDING = 64, NOT_KNOWN = 2 };

/* Closings under way. */
struct pending {
	_Atomic bool taken;
	_Atomic uint64_t owner; /* the thread that closes, and above that the number; 0: not described yet */
	uint64_t inode;
	bool is_seen; /* /proc has it; else is_last says what is known */
	bool is_last;
	struct fdg_reset r;
};

FDG_BIG static struct pending pending[PENDING];
static _Atomic unsigned pendings;
static _Atomic int last_known = NOT_KNOWN; /* of tcp_migrate_req: a chroot has no /proc */

static struct pending *take_free(void)
{
	for (unsigned i = 0; i < PENDING; i++) {
		bool taken = false;

		if (atomic_compare_exchange_strong(&pending[i].taken, &taken, true))
			return &pending[i];
	}
	return NULL;
}

static bool is_on(void)
{
	return fdg_phase_now() == FDG_ACTIVE && fdg_options.reuseport != FDG_OFF && !fdg_foreign_memory();
}

/* ---- who is a member ---- */

static bool is_wanted(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_groups_wanted, memory_order_relaxed), 0) && is_on();
}

void fdg_reuseport_listening(struct fdg_migrate_listen *l, int fd)
{
	if (is_wanted())
		fdg_migrate_before(l, fd);
	else
		*l = (struct fdg_migrate_listen){ -1, false, false };
}

void fdg_reuseport_listened(struct fdg_migrate_listen *l, int fd, int r)
{
	if (r == 0 && is_wanted() && fdg_groups_learn(fd) && atomic_load_explicit(&last_known, memory_order_relaxed) == NOT_KNOWN)
		fdg_reuseport_migrate_req();
	fdg_migrate_after(l, fd, r == 0);
}

void fdg_reuseport_bound(int fd)
{
	if (is_wanted())
		fdg_groups_learn(fd);
}

void fdg_reuseport_arrived(int fd)
{
	if (fdg_options.reuseport != FDG_OFF && !fdg_foreign_memory())
		fdg_groups_learn_arrived(fd);
}

void fdg_reuseport_copied_slow(int from, int to)
{
	if (fdg_options.reuseport == FDG_OFF || fdg_foreign_memory())
		return;
	fdg_groups_learn(to);
	fdg_lent_copied(from, to);
}

void fdg_reuseport_starting(void)
{
	if (fdg_foreign_memory())
		return;
	fdg_lent_starting();
	fdg_handover_starting();
}

void fdg_reuseport_forked(void)
{
	fdg_lent_forked();
	fdg_migrate_forked();
	fdg_handover_forked();
}

/* ---- what the kernel says ---- */

static bool is_there(const char *path)
{
	return fdg_sys3(SYS_faccessat, AT_FDCWD, path, 0) == 0;
}

int fdg_reuseport_migrate_req(void)
{
	char value[16];
	int file = fdg_sys_open("/proc/sys/net/ipv4/tcp_migrate_req", O_RDONLY | O_CLOEXEC, 0), known = NOT_KNOWN;
	long n = 0;

	if (file >= 0) {
		n = fdg_sys_read(file, value, sizeof(value));
		fdg_sys_close(file);
	}
	if (n > 0)
		known = value[0] >= '1' && value[0] <= '9';
	else if (file == -ENOENT && is_there("/proc/sys/net/ipv4/tcp_fin_timeout"))
		known = -1;
	if (known == NOT_KNOWN)
		return atomic_load_explicit(&last_known, memory_order_relaxed);
	atomic_store_explicit(&last_known, known, memory_order_relaxed);
	return known;
}

bool fdg_reuseport_queue(int fd, unsigned *ret_queued, unsigned *ret_backlog)
{
	struct tcp_info info;
	unsigned n = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return false;
	*ret_queued = info.tcpi_unacked;
	*ret_backlog = info.tcpi_sacked;
	return true;
}

static bool is_from_elsewhere(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return !state || state & FDG_PASSED || fdg_ledger_is_inherited(fd);
}

bool fdg_reuseport_is_elsewhere(int fd)
{
	return is_from_elsewhere(fd) || fdg_lent_maybe(fd);
}

bool fdg_reuseport_is_last(int fd)
{
	return fdg_holders_next(fd, -1) < 0 && !fdg_reuseport_is_elsewhere(fd);
}

static unsigned count_here(const struct fdg_group *g, int fd)
{
	unsigned n = 0;

	for (int other = fdg_groups_sibling(g, fd, -1); other >= 0; other = fdg_groups_sibling(g, fd, other))
		n++;
	return n;
}

/* ---- one is closed ---- */

/* Members besides it, as far as one can see. */
static unsigned count_siblings(struct pending *p, int fd)
{
	struct fdg_group_sight sight;
	struct stat st;

	p->inode = 0;
	if (fdg_sys_fstat(fd, &st) < 0)
		return 0;
	p->inode = st.st_ino;
	sight = fdg_group_look(&p->r.group, st.st_ino);
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

void fdg_reuseport_cured(struct fdg_reset *r)
{
	if (fdg_options.reuseport != FDG_FIX)
		return;
	r->is_migrated = fdg_migrate_has(&r->group);
	if (r->is_migrated)
		return;
	r->why = fdg_migrate_why(&r->group);
}

/* The second cure, where the first was refused. Of a queue that is empty, too: others connect at this moment. */
static bool may_save(const struct fdg_reset *r)
{
	return fdg_options.reuseport == FDG_FIX && r->how == FDG_RESET_CLOSE && fdg_migrate_is_refused(&r->group);
}

static void save(struct fdg_reset *r)
{
	unsigned left = 0, backlog;

	r->saved = fdg_handover(r->fd, &r->group, &r->not_saved);
	if (!r->not_saved)
		r->queued = r->saved;
	else if (fdg_reuseport_queue(r->fd, &left, &backlog) && r->queued < r->saved + left)
		r->queued = r->saved + left;
}

/* Another number of what this thread is closing already. */
static bool is_pending(const struct pending *p)
{
	uint32_t thread = (uint32_t)fdg_sys_gettid();

	for (unsigned i = 0; i < PENDING; i++)
		if (&pending[i] != p && (uint32_t)atomic_load_explicit(&pending[i].owner, memory_order_relaxed) == thread && pending[i].inode == p->inode)
			return true;
	return false;
}

/* False: there is nothing to be told. */
static bool describe(struct pending *p, int fd)
{
	struct fdg_reset *r = &p->r;

	if (!fdg_reuseport_queue(fd, &r->queued, &r->backlog) || (r->queued == 0 && !may_save(r)))
		return false;
	r->migrate_req = fdg_reuseport_migrate_req();
	if (r->migrate_req >= 1 || fdg_migrate_is_the_programs(&r->group))
		return false;
	r->siblings = count_siblings(p, fd);
	if (r->siblings == 0 || is_pending(p))
		return false;
	p->is_last = p->is_seen || r->how == FDG_RESET_SHUTDOWN || fdg_reuseport_is_last(fd);
	r->fd = fd;
	r->listeners = 1;
	put_maker(r, fd);
	fdg_reuseport_cured(r);
	if (may_save(r))
		save(r);
	return r->queued > 0;
}

static void begin(int fd, int how, const struct fdg_group *g, const void *site)
{
	struct pending *p = take_free();

	if (!p)
		return;
	memset(&p->r, 0, sizeof(p->r));
	p->r.group = *g;
	p->r.how = how;
	p->r.site = site;
	if (!describe(p, fd)) {
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

static void closing(int fd, const void *site)
{
	struct fdg_group g;

	if (!fdg_group_ask(fd, &g))
		return;
	fdg_resize_leaving(fd, &g, site);
	if (g.protocol != IPPROTO_TCP)
		return;
	begin(fd, FDG_RESET_CLOSE, &g, site);
	if (may_quieten(&g) && fdg_reuseport_is_last(fd))
		fdg_quiet(fd);
}

void fdg_reuseport_closing_slow(unsigned first, unsigned last, const void *site)
{
	if (!is_on() || first > INT32_MAX)
		return;
	for (int fd = fdg_groups_next((int)first - 1); fd >= 0 && (unsigned)fd <= last; fd = fdg_groups_next(fd))
		closing(fd, site);
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
static bool has_ended(const struct pending *p)
{
	struct fdg_group_sight sight;

	if (!p->is_seen)
		return p->is_last;
	sight = fdg_group_look(&p->r.group, p->inode);
	return sight.seen && !sight.has_it && sight.members > 0;
}

static unsigned take_lost(struct fdg_reset *r, unsigned lost, const char *why)
{
	unsigned n = lost < r->saved ? lost : r->saved;

	r->saved -= n;
	if (n && !r->not_saved)
		r->not_saved = why;
	return n;
}

/* `late` more were saved when the queue had been counted; `lost` of what was saved could not be given to others after all. */
static void judge(unsigned first, unsigned last, unsigned late, unsigned lost, const char *why)
{
	uint32_t thread = (uint32_t)fdg_sys_gettid();

	for (unsigned i = 0; i < PENDING; i++) {
		struct pending *p = &pending[i];
		uint64_t owner = atomic_load_explicit(&p->owner, memory_order_relaxed);

		if ((uint32_t)owner != thread || owner >> 32 < first || owner >> 32 > last)
			continue;
		p->r.queued += late;
		p->r.saved += late;
		late = 0;
		lost -= take_lost(&p->r, lost, why);
		if (has_ended(p))
			fdg_reset_say(&p->r);
		atomic_store_explicit(&p->owner, 0, memory_order_relaxed);
		atomic_store(&p->taken, false);
		atomic_fetch_sub_explicit(&pendings, 1, memory_order_relaxed);
	}
}

/* Is a finding about one of these to come from this thread? */
static bool is_told(unsigned first, unsigned last)
{
	uint32_t thread = (uint32_t)fdg_sys_gettid();

	for (unsigned i = 0; i < PENDING && atomic_load_explicit(&pendings, memory_order_relaxed); i++) {
		uint64_t owner = atomic_load_explicit(&pending[i].owner, memory_order_relaxed);

		if ((uint32_t)owner == thread && owner >> 32 >= first && owner >> 32 <= last)
			return true;
	}
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
	const char *why = NULL;
	unsigned lost, late;

	if (fdg_foreign_memory() || first > INT32_MAX)
		return;
	lost = fdg_handover_closed(is_told(first, last), &late, &why);
	if (fdg_phase_now() != FDG_ACTIVE)
		return;
	forget(first, last);
	fdg_resize_left(first, last);
	if (atomic_load_explicit(&pendings, memory_order_relaxed))
		judge(first, last, late, lost, why);
}

bool fdg_reuseport_shutting(int fd, int how, const void *site)
{
	struct fdg_group g;

	if ((how != SHUT_RD && how != SHUT_RDWR) || !is_on() || !fdg_group_ask(fd, &g) || g.protocol != IPPROTO_TCP)
		return false;
	begin(fd, FDG_RESET_SHUTDOWN, &g, site);
	return fdg_reuseport_quieten(fd, &g);
}

void fdg_reuseport_shut(int fd, bool quiet)
{
	const char *why = NULL;
	unsigned late;

	if (quiet)
		fdg_quiet_end(fd);
	if (!is_on())
		return;
	fdg_handover_closed(is_told((unsigned)fd, (unsigned)fd), &late, &why);
	if (atomic_load_explicit(&pendings, memory_order_relaxed))
		judge((unsigned)fd, (unsigned)fd, 0, 0, NULL);
}
