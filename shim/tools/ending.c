// SPDX-License-Identifier: MIT
#include "tools/ending.h"

#include <string.h>

#define FILTERED_MAX 200

bool ending_is_filter(const struct log_line *l)
{
	const char *until = log_field(l, "until");

	return until && strcmp(until, "seccomp") == 0;
}

uint64_t ending_lost(const struct log_line *l)
{
	static const char *const names[] = { "lost", "lost_run", "lost_below", "dropped" };
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int64_t n = log_number(l, names[i], 0);

		sum += (uint64_t)(n > 0 ? n : 0);
	}
	return sum;
}

void filtered_add(struct run *r, int64_t pid, const char *command, bool forked)
{
	if (!r->filtered)
		r->filtered = pool_take(&r->pool, FILTERED_MAX * sizeof(*r->filtered));
	if (r->filtereds < FILTERED_MAX)
		r->filtered[r->filtereds++] = (struct run_filtered){ pid, command, forked };
	else
		r->more_filtered++;
}
