// SPDX-License-Identifier: MIT
/* Closing. The entry goes before the real call: after it the number may be another thread's. */
#include "wrap/wrap.h"

#include <errno.h>
#include <linux/close_range.h>
#include <pthread.h>

#include "guards/epoll/stale.h"
#include "guards/nonblock/nonblock.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/reuseport.h"

/* What is lost with a member of a SO_REUSEPORT group is known when it is gone. */
__attribute__((noinline)) static int close_member(int fd, const void *site)
{
	int r;

	fdg_reuseport_closing(fd, site);
	fdg_closing(fd, site);
	fdg_ledger_forget(fd);
	if (fdg_handover_may())
		fdg_handover_last(fd);
	r = (int)fdg_sys_close(fd); /* no cancellation here, with the listener half gone; close had its chance before */
	fdg_reuseport_closed(fd);
	if (r < 0)
		errno = -r;
	return r < 0 ? -1 : 0;
}

/* A cancellation that is pending acts before the descriptor is closed: let it act before the entry is forgotten, too. */
WRAP(int, close, (int fd))
{
	FDG_PASS(close, fd);
	pthread_testcancel();
	fdg_nonblock_tick();
	fdg_handover_tick();
	fdg_room_touched((unsigned)fd);
	if (fdg_groups_has(fd))
		return close_member(fd, FDG_SITE);
	fdg_closing(fd, FDG_SITE);
	fdg_ledger_forget(fd);
	return real_close(fd);
}
FDG_TWIN(__close, close)

WRAP(int, mq_close, (mqd_t q))
{
	FDG_PASS(mq_close, q);
	fdg_closing(q, FDG_SITE);
	fdg_ledger_forget(q);
	return real_mq_close(q);
}

/* A call that the kernel will refuse (EINVAL) must not cost us what we know. */
int fdg_close_range(unsigned first, unsigned last, int flags, const void *site)
{
	bool closes = first <= last && !(flags & ~CLOSE_RANGE_UNSHARE);
	int r;

	if (closes) {
		fdg_room_touched(last);
		if (flags & CLOSE_RANGE_UNSHARE) /* of another table, perhaps: what is closed here stays open there */
			fdg_stdio_closing(first, last);
		else {
			fdg_reuseport_closing_range(first, last, site);
			fdg_closing_range(first, last, site);
		}
		fdg_ledger_forget_range(first, last);
	}
	r = real_close_range(first, last, flags);
	if (closes)
		fdg_reuseport_closed_range(first, last);
	if (r == 0 && flags & CLOSE_RANGE_CLOEXEC)
		fdg_ledger_flag_range(first, last, FDG_CLOEXEC, FDG_FORCED | FDG_MEANT);
	return r;
}

WRAP(int, close_range, (unsigned first, unsigned last, int flags))
{
	FDG_PASS(close_range, first, last, flags);
	return fdg_close_range(first, last, flags, FDG_SITE);
}

WRAP(void, closefrom, (int first))
{
	if (fdg_out()) {
		real_closefrom(first);
		return;
	}
	fdg_room_touched(~0u);
	fdg_reuseport_closing_range(first < 0 ? 0 : (unsigned)first, ~0u, FDG_SITE);
	fdg_closing_range(first < 0 ? 0 : (unsigned)first, ~0u, FDG_SITE);
	fdg_ledger_forget_range(first < 0 ? 0 : (unsigned)first, ~0u);
	real_closefrom(first);
	fdg_reuseport_closed_range(first < 0 ? 0 : (unsigned)first, ~0u);
}
