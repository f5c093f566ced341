// SPDX-License-Identifier: MIT
#include "report/quiet.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#include "base/sys.h"

#include "base/poison.h"

/* Signal sets as the kernel has them: bit n - 1. */
#define BIT(signal) (UINT64_C(1) << ((signal) - 1))
#define SET_SIZE sizeof(uint64_t)

long fdg_quiet_write(int fd, const char *text, size_t n)
{
	uint64_t ours = BIT(SIGPIPE) | BIT(SIGXFSZ), before = 0;
	struct timespec now = { 0, 0 };
	long r;

	fdg_sys2(SYS_rt_sigpending, &before, SET_SIZE);
	r = fdg_sys_write(fd, text, n);
	ours &= ~before;
	if (ours && (r == -EPIPE || r == -EFBIG))
		fdg_sys4(SYS_rt_sigtimedwait, &ours, NULL, &now, SET_SIZE);
	return r;
}
