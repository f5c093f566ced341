// SPDX-License-Identifier: MIT
#include "tools/page.h"

#include "base/fmt.h"
#include "tools/plain.h"

void page_text(const struct page *p, const char *s)
{
	plain_put(p->f, s);
}

void page_number(const struct page *p, uint64_t n)
{
	char digits[40];
	struct fdg_buf b = FDG_BUF(digits);

	fdg_put_count(&b, n);
	fputs(digits, p->f);
}

void page_counted(const struct page *p, uint64_t n, const char *one, const char *many)
{
	page_number(p, n);
	fprintf(p->f, " %s", n == 1 ? one : many);
}
