// SPDX-License-Identifier: MIT
#include "bench.h"

#include <time.h>
#include <unistd.h>

int worker_main(void)
{
	struct request q;
	while (read(0, &q, sizeof q) == sizeof q) {
		bool wall = q.wall || works[q.work].kind != CALLS;
		work_clock = wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
		int64_t ns = works[q.work].run(q.n);
		if (write(1, &ns, sizeof ns) != sizeof ns)
			return 1;
	}
	return 0;
}
