// SPDX-License-Identifier: MIT
#include "tools/coverage.h"

#include "base/fmt.h"
#include "tools/absent.h"
#include "tools/plain.h"

#define FILTERED_SHOWN 20

static void say(FILE *f, uint64_t n, const char *one, const char *many)
{
	char digits[40];
	struct fdg_buf b = FDG_BUF(digits);

	if (!n)
		return;
	fdg_put_count(&b, n);
	fprintf(f, "Not in these counts: %s %s\n", digits, n == 1 ? one : many);
}

static void say_filtered(const struct run *r, FILE *f)
{
	size_t shown = r->filtereds < FILTERED_SHOWN ? r->filtereds : FILTERED_SHOWN;

	if (r->filtereds)
		fputs("Guarded until a seccomp filter went in, after which fdguard makes no system call; what was done and started then is not known:\n", f);
	for (size_t i = 0; i < shown; i++) {
		fprintf(f, "  pid %lld, ", (long long)r->filtered[i].pid);
		fputs(r->filtered[i].forked ? "a forked child of " : "", f);
		plain_put(f, r->filtered[i].command);
		fputc('\n', f);
	}
	if (r->filtereds > shown)
		fprintf(f, "  and %llu more: --json has a list\n", (unsigned long long)(r->filtereds - shown + r->more_filtered));
}

static uint64_t count_silent(const struct run *r)
{
	uint64_t n = r->unended;

	for (size_t i = 0; i < r->images; i++)
		n += r->image[i].filtered;
	return n;
}

void coverage_write(const struct run *r, FILE *f)
{
	say(f, r->left_out, "program that only or skip left out", "programs that only or skip left out");
	absent_put(r, RUN_LEFT_OUT, f);
	say(f, r->unbegun, "program that was started, and was never heard of: killed at once, or not loaded", "programs that were started, and were never heard of: killed at once, or not loaded");
	absent_put(r, RUN_NEVER_BEGAN, f);
	if (r->o.leaks)
		say(f, count_silent(r), "image that ended without telling what it had open", "images that ended without telling what they had open");
	say_filtered(r, f);
	if (r->cmd_mute)
		fputs("The command's last word is missing: it was guarded, and ended past the C library or out of the log's reach (a chroot). What it had open then is not known.\n", f);
}
