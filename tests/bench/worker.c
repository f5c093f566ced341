// SPDX-License-Identifier: MIT
#include "bench.h"

#include <unistd.h>

int worker_main(void)
{
	struct request q;
	while (read(0, &q, sizeof q) == sizeof q) {
		work_time = q.wall ? WALL : works[q.work].kind == CALLS ? OWN_CPU : CHILDREN_CPU;
		int64_t ns = works[q.work].run(q.n);
		if (write(1, &ns, sizeof ns) != sizeof ns)
			return 1;
	}
	return 0;
}
