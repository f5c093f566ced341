// SPDX-License-Identifier: MIT
#include "tools/numbers.h"

#include <sys/stat.h>

static void look(struct numbers *n, struct pool *pool)
{
	struct stat st;

	n->looked = true;
	n->own = stat("/proc/self/ns/pid", &st) == 0 ? (int64_t)st.st_ino : 0;
	n->space = pool_take(pool, NUMBERS_MAX * sizeof(*n->space));
}

int64_t numbers_key(struct numbers *n, struct pool *pool, const struct log_line *l, int64_t pid)
{
	int64_t space = log_number(l, "pidns", 0);
	size_t i = 0;

	if (!n->looked)
		look(n, pool);
	if (space <= 0 || !n->own || space == n->own || pid <= 0 || pid > INT32_MAX)
		return pid;
	while (i < n->spaces && n->space[i] != space)
		i++;
	if (i == n->spaces && n->spaces < NUMBERS_MAX)
		n->space[n->spaces++] = space;
	return (int64_t)((uint64_t)(i < NUMBERS_MAX ? i + 1 : NUMBERS_MAX) << 32 | (uint64_t)pid);
}
