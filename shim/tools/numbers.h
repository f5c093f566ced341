/* SPDX-License-Identifier: MIT */
/* Processes of several PID namespaces, told apart: a key is the number itself in check's own, and one above 32 bits in any other. */
#ifndef FDG_TOOLS_NUMBERS_H
#define FDG_TOOLS_NUMBERS_H

#include "tools/log.h"

#define NUMBERS_MAX 4096 /* namespaces; what comes then is taken for the last one's */

struct numbers {
	bool looked;
	int64_t own;    /* check's namespace; 0: not known */
	int64_t *space;
	size_t spaces;
};

/* The key of the process that line l calls pid. */
int64_t numbers_key(struct numbers *n, struct pool *pool, const struct log_line *l, int64_t pid);

/* Can it be looked at from here? */
static inline bool numbers_is_own(int64_t key)
{
	return key > 0 && key <= INT32_MAX;
}

/* What it is called in its namespace. */
static inline int64_t numbers_pid(int64_t key)
{
	return key < 0 ? key : (int64_t)((uint64_t)key & INT32_MAX);
}

#endif
