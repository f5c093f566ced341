// SPDX-License-Identifier: MIT
#include "wrap/wrap.h"

#include "guards/closewait/connections.h"
#include "guards/closewait/keepalive.h"
#include "guards/closewait/sweep.h"
#include "guards/epoll/stale.h"
#include "guards/nonblock/marks.h"
#include "guards/nonblock/nonblock.h"
#include "guards/origin.h"
#include "guards/passed.h"
#include "guards/reuseport/reuseport.h"
#include "guards/select/select.h"
#include "options/options.h"
#include "wrap/sweeper.h"

/* Standard input, output and error are for children: a program that closed 0 and opened something there means it. */
static bool keeps_force(int fd, bool forced)
{
	if (!forced || fd > 2)
		return forced;
	fdg_sys_fcntl(fd, F_SETFD, 0);
	return false;
}

static void keep_stack(int fd)
{
	if (__builtin_expect(fdg_options.stacks > 1, 0) && !fdg_foreign_memory())
		fdg_ledger_origin(fd, fdg_origin_keep());
}

void fdg_copied(int from, int to, uint32_t flags, const void *site)
{
	uint32_t state;

	fdg_ledger_copy(from, to, flags, site);
	state = fdg_ledger_state(to);
	if (fdg_connection_is_tcp(state))
		fdg_connection_copied(from, to);
	if (__builtin_expect(fdg_kindword_kind(state & FDG_KIND_MASK) == FDG_KIND_EPOLL, 0))
		fdg_interest_list_copied();
	fdg_stale_returned(to);
	fdg_reuseport_copied(from, to);
	if (fdg_mark_any())
		fdg_nonblock_copied(from, to);
	if (__builtin_expect(state & FDG_PASSED, 0))
		fdg_passed_add(to);
	fdg_select_numbered(to);
	fdg_room_touched((unsigned)to);
	keep_stack(to);
}

static void learn(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site)
{
	forced = keeps_force(fd, forced);
	fdg_ledger_learn(fd, kind, (forced ? FDG_FORCED : 0) | (cloexec ? FDG_CLOEXEC : 0) | (kind & FDG_NONBLOCK), site);
	fdg_nonblock_tick();
	fdg_sweep_tick();
	fdg_room_obtained(fd);
	keep_stack(fd);
	fdg_select_obtained(fd);
	fdg_sweeper_made(kind);
}

int fdg_made(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site)
{
	if (fd >= 0)
		learn(fd, kind, forced, cloexec, site);
	return fd;
}

int fdg_accepted(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site)
{
	fdg_made(fd, kind, forced, cloexec, site);
	if (fd >= 0)
		fdg_connection_accepted(fd, site);
	return fd;
}

void fdg_made_pair(const int fd[2], fdg_kindword kind, bool forced, bool cloexec, const void *site)
{
	learn(fd[0], kind, forced, cloexec, site);
	learn(fd[1], kind, forced, cloexec, site);
}

void fdg_arrived(int fd, fdg_kindword kind, bool forced, bool cloexec, const void *site)
{
	int flags = fd >= 0 ? fdg_sys_fcntl(fd, F_GETFL, 0) : -1;

	if (fd < 0)
		return;
	fdg_made(fd, kind | (flags >= 0 ? FDG_NONBLOCK_IN(flags) : 0), forced, cloexec, site);
	fdg_ledger_flag(fd, FDG_SHARED | FDG_PASSED, 0);
	fdg_passed_add(fd);
	fdg_connection_arrived(fd);
	fdg_keepalive_arrived(fd);
	fdg_reuseport_arrived(fd);
}

int fdg_made_inside(int fd, fdg_kindword kind, bool cloexec, const void *site)
{
	bool force = fd > 2 && !cloexec && fdg_cloexec_forces(fdg_kind_bit(fdg_kindword_kind(kind)));

	if (force)
		fdg_sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fdg_made(fd, kind, force, cloexec, site);
}
