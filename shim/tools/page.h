/* SPDX-License-Identifier: MIT */
/* The summary while it is written. */
#ifndef FDG_TOOLS_PAGE_H
#define FDG_TOOLS_PAGE_H

#include <stdio.h>

#include "tools/log.h"
#include "tools/sources.h"

struct page {
	const struct run *r;
	const struct sources *s;
	FILE *f;
};

/* Somebody's text. */
void page_text(const struct page *p, const char *s);
void page_number(const struct page *p, uint64_t n); /* 1,100 */
/* "3 things" */
void page_counted(const struct page *p, uint64_t n, const char *one, const char *many);

/* summary_finding.c: number n of what fails. */
void page_finding(const struct page *p, const struct run_finding *f, size_t n);

#endif
