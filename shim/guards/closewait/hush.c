// SPDX-License-Identifier: MIT
#include "guards/closewait/hush.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/closewait/connections.h"

#include "base/poison.h"

#define PIPE (UINT64_C(1) << (SIGPIPE - 1))

bool fdg_hush_wants(int fd)
{
	struct fdg_connection *c = fdg_connection_find(fd);

	return c && atomic_load_explicit(&c->bits, memory_order_relaxed) & FDG_CONNECTION_HUSH && fdg_phase_now() == FDG_ACTIVE && !fdg_foreign_memory();
}

void fdg_hush_begin(struct fdg_hush *h)
{
	uint64_t only = PIPE, pending = 0;

	*h = (struct fdg_hush){ 0, false };
	fdg_sys2(SYS_rt_sigpending, &pending, sizeof(pending));
	h->was_pending = pending & PIPE;
	fdg_sys4(SYS_rt_sigprocmask, SIG_BLOCK, &only, &h->mask, sizeof(only));
}

void fdg_hush_end(const struct fdg_hush *h, int fd, bool failed)
{
	struct fdg_connection *c = fdg_connection_find(fd);
	const struct timespec none = { 0, 0 };
	uint64_t only = PIPE;

	if (failed && c)
		atomic_fetch_and_explicit(&c->bits, ~(uint32_t)FDG_CONNECTION_HUSH, memory_order_relaxed);
	if (failed && !h->was_pending)
		fdg_sys4(SYS_rt_sigtimedwait, &only, NULL, &none, sizeof(only));
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &h->mask, NULL, sizeof(only));
}
