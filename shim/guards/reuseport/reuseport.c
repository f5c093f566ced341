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

#include "base/files.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/holders.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/lent.h"
#include "options/options.h"

#include "base/poison.h"

enum { NOT_KNOWN = 2 };

static _Atomic int last_known = NOT_KNOWN; /* of tcp_migrate_req: a chroot has no /proc */

bool fdg_reuseport_is_on(void)
{
	return fdg_phase_now() == FDG_ACTIVE && fdg_options.reuseport != FDG_OFF && !fdg_foreign_memory();
}

/* ---- who is a member ---- */

static bool is_wanted(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_groups_wanted, memory_order_relaxed), 0) && fdg_reuseport_is_on();
}

void fdg_reuseport_listening(struct fdg_migrate_listen *l, int fd)
{
	if (is_wanted())
		fdg_migrate_before(l, fd);
	else
		*l = (struct fdg_migrate_listen){ .lock = -1 };
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
	long n = fdg_read_file("/proc/sys/net/ipv4/tcp_migrate_req", value, sizeof(value));
	int known = NOT_KNOWN;

	if (n > 0)
		known = value[0] >= '1' && value[0] <= '9';
	else if (n == -ENOENT && is_there("/proc/sys/net/ipv4/tcp_fin_timeout"))
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

bool fdg_reuseport_is_from_elsewhere(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return !state || state & FDG_PASSED || fdg_ledger_is_inherited(fd);
}

bool fdg_reuseport_is_elsewhere(int fd)
{
	return fdg_reuseport_is_from_elsewhere(fd) || fdg_lent_maybe(fd);
}

bool fdg_reuseport_is_last(int fd)
{
	return fdg_holders_next(fd, -1) < 0 && !fdg_reuseport_is_elsewhere(fd);
}

void fdg_reuseport_cured(struct fdg_reset *r)
{
	if (fdg_options.reuseport != FDG_FIX)
		return;
	r->is_migrated = fdg_migrate_has(&r->group);
	if (r->is_migrated)
		return;
	r->is_refused = fdg_migrate_is_refused(&r->group);
	r->why = fdg_migrate_why(&r->group);
	r->mend = fdg_migrate_mend(&r->group);
}
