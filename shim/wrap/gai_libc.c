// SPDX-License-Identifier: MIT
/* What libc alone can answer (other sources than files and dns, AI_IDN, …), and all of it under a filter: by getaddrinfo, in threads as libc's getaddrinfo_a has them. */

#include "wrap/gai.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/prctl.h>

#include "base/sys.h"

enum { THREADS = 20 };

static unsigned threads, idle, lined;
static _Atomic uint32_t bell;

static void end(struct fdg_gai *g, int error, struct addrinfo *found)
{
	uint64_t mask = fdg_gai_enter();

	fdg_gai_end(g, error, found);
	fdg_gai_publish();
	fdg_gai_leave(mask);
}

void fdg_gai_libc_here(struct fdg_gai *g)
{
	struct addrinfo *found = NULL;
	int error = fdg_getaddrinfo_for(g->cb, &found, g->batch->site);

	end(g, error, found);
}

/* NULL: for a second there was nothing to do, and the thread is counted no more. */
static struct fdg_gai *next(void)
{
	struct timespec second = { .tv_sec = 1 };
	bool waited = false;

	for (;;) {
		struct fdg_gai *g;
		uint32_t seen;

		fdg_gai_lock();
		g = fdg_gai_first(&fdg_gai_lined);
		seen = atomic_load(&bell);
		if (g) {
			fdg_gai_take(&fdg_gai_lined, g);
			g->state = FDG_GAI_ASKED;
			lined--;
		} else if (waited) {
			threads--;
		} else {
			idle++;
		}
		fdg_gai_unlock();
		if (g || waited)
			return g;
		waited = fdg_sys4(SYS_futex, &bell, FUTEX_WAIT_PRIVATE, seen, &second) == -ETIMEDOUT;
		fdg_gai_lock();
		idle--;
		fdg_gai_unlock();
	}
}

static void *serve(void *nothing)
{
	struct fdg_gai *g;

	fdg_sys2(SYS_prctl, PR_SET_NAME, "fdguard-libc");
	while ((g = next()))
		fdg_gai_libc_here(g);
	return nothing;
}

bool fdg_gai_libc(struct fdg_gai *g)
{
	if (idle <= lined && threads < THREADS && fdg_gai_thread(serve))
		threads++;
	if (!threads)
		return false;
	fdg_gai_put(&fdg_gai_lined, g, FDG_GAI_LINED);
	lined++;
	atomic_fetch_add(&bell, 1);
	fdg_sys3(SYS_futex, &bell, FUTEX_WAKE_PRIVATE, 1);
	return true;
}

void fdg_gai_libc_not(void)
{
	lined--;
}

void fdg_gai_libc_forked(void)
{
	threads = idle = lined = 0;
}
