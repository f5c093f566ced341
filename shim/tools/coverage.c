// SPDX-License-Identifier: MIT
#include "tools/coverage.h"

#include "base/fmt.h"

static void say(FILE *f, uint64_t n, const char *one, const char *many)
{
	char digits[40];
	struct fdg_buf b = FDG_BUF(digits);

	if (!n)
		return;
	fdg_put_count(&b, n);
	fprintf(f, "Not in these counts: %s %s\n", digits, n == 1 ? one : many);
}

void coverage_write(const struct run *r, FILE *f)
{
	say(f, r->left_out, "program that only or skip left out", "programs that only or skip left out");
	say(f, r->unbegun, "program that ended before it began: killed, or it could not be loaded", "programs that ended before they began: killed, or they could not be loaded");
	if (r->o.leaks)
		say(f, r->unended, "image that ended without telling what it had open", "images that ended without telling what they had open");
}
