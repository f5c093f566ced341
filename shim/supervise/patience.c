// SPDX-License-Identifier: MIT
#include "supervise/patience.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/uncovered.h"
#include "options/options.h"
#include "supervise/rows.h"
#include "supervise/runs.h"

#include "base/poison.h"

struct wait {
	int pid;
	int64_t not_before;
};

static struct fdg_rows all;

int fdg_patience_start(void)
{
	return fdg_rows_start(&all, sizeof(struct wait));
}

static int64_t clock_of(int clock)
{
	struct timespec t = { 0 };

	fdg_sys_clock(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t fdg_patience_clock(void)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

int64_t fdg_patience_until(void)
{
	return fdg_options.run_exec ? INT64_MAX : fdg_patience_clock() + FDG_PATIENCE_NS;
}

bool fdg_patience_left(const struct fdg_process *maker)
{
	const struct wait *w = maker ? fdg_row(&all, maker->index) : NULL;

	return !w || fdg_options.run_exec || w->pid != maker->pid || clock_of(CLOCK_MONOTONIC) >= w->not_before;
}

bool fdg_patience_lost(const struct fdg_process *maker)
{
	struct wait *w = maker ? fdg_row(&all, maker->index) : NULL;
	bool is_first = w && w->pid != maker->pid;

	if (w)
		*w = (struct wait){ maker->pid, clock_of(CLOCK_MONOTONIC) + (int64_t)FDG_PATIENCE_NS * FDG_PATIENCE_SHARE };
	return is_first;
}

void fdg_patience_say(struct fdg_process *maker, int tid)
{
	char message[PATH_MAX + 160];
	struct fdg_buf b = FDG_BUF(message);

	fdg_fmt(&b, "%s has more descriptors than fdguard looks at while it starts a program: what those inherit is not mended, and not all of it is told of", fdg_base_name(fdg_facts_exe(maker)));
	fdg_runs_speak_for(maker, tid);
	fdg_uncovered_partly(message, "keep close-on-exec on all that it makes: the more it has open, the less is seen; or accept it, with a line in the suppressions file");
	fdg_runs_silent();
}
