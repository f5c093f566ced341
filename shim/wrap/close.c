// SPDX-License-Identifier: MIT
/* Closing. The entry goes before the real call: after it the number may be another thread's. */
#include "wrap/wrap.h"

#include <linux/close_range.h>
#include <pthread.h>

#include "guards/nonblock.h"
#include "guards/stdio.h"

/* A cancellation that is pending acts before the descriptor is closed: let it act before the entry is forgotten, too. */
WRAP(int, close, (int fd))
{
	FDG_PASS(close, fd);
	pthread_testcancel();
	fdg_nonblock_tick();
	fdg_stdio_closing((unsigned)fd, (unsigned)fd);
	fdg_ledger_forget(fd);
	return real_close(fd);
}
FDG_TWIN(__close, close)

WRAP(int, mq_close, (mqd_t q))
{
	FDG_PASS(mq_close, q);
	fdg_ledger_forget(q);
	return real_mq_close(q);
}

/* A call that the kernel will refuse (EINVAL) must not cost us what we know. */
WRAP(int, close_range, (unsigned first, unsigned last, int flags))
{
	bool closes = first <= last && !(flags & ~CLOSE_RANGE_UNSHARE);
	int r;

	FDG_PASS(close_range, first, last, flags);
	if (closes) {
		fdg_stdio_closing(first, last);
		fdg_ledger_forget_range(first, last);
	}
	r = real_close_range(first, last, flags);
	if (r == 0 && flags & CLOSE_RANGE_CLOEXEC)
		fdg_ledger_flag_range(first, last, FDG_CLOEXEC, FDG_FORCED | FDG_MEANT);
	return r;
}

WRAP(void, closefrom, (int first))
{
	if (fdg_out()) {
		real_closefrom(first);
		return;
	}
	fdg_stdio_closing(first < 0 ? 0 : (unsigned)first, ~0u);
	fdg_ledger_forget_range(first < 0 ? 0 : (unsigned)first, ~0u);
	real_closefrom(first);
}
