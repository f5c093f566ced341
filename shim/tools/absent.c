// SPDX-License-Identifier: MIT
#include "tools/absent.h"

#include <string.h>

#include "tools/plain.h"

#define SHOWN 10

static int compare(const struct run_absent *a, enum run_absence why, const char *exe)
{
	return a->why != why ? (int)a->why - (int)why : strcmp(a->exe, exe);
}

void absent_add(struct run *r, enum run_absence why, int64_t pid, const char *exe)
{
	size_t at = 0;

	*(why == RUN_LEFT_OUT ? &r->left_out : &r->unbegun) += 1;
	if (!r->absent)
		r->absent = pool_take(&r->pool, ABSENT_MAX * sizeof(*r->absent));
	while (at < r->absents && compare(&r->absent[at], why, exe) < 0)
		at++;
	if (at < r->absents && compare(&r->absent[at], why, exe) == 0) {
		r->absent[at].count++;
		r->absent[at].pid = pid < r->absent[at].pid ? pid : r->absent[at].pid;
		return;
	}
	if (r->absents == ABSENT_MAX)
		return;
	memmove(&r->absent[at + 1], &r->absent[at], (r->absents++ - at) * sizeof(*r->absent));
	r->absent[at] = (struct run_absent){ why, pool_copy(&r->pool, exe), pid, 1 };
}

void absent_put(const struct run *r, enum run_absence why, FILE *f)
{
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < r->absents; i++) {
		const struct run_absent *a = &r->absent[i];

		if (a->why != why || all++ >= SHOWN)
			continue;
		shown++;
		fputs("  ", f);
		plain_put(f, a->exe);
		if (a->count > 1)
			fprintf(f, ", %llu times, once as pid %lld\n", (unsigned long long)a->count, (long long)a->pid);
		else
			fprintf(f, ", pid %lld\n", (long long)a->pid);
	}
	if (all > shown)
		fprintf(f, "  and %zu more: --json or --out DIR has a list\n", all - shown);
}
