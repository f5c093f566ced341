/* SPDX-License-Identifier: MIT */
/* What was let through because something names it: a bare number among arguments may be none of a descriptor's. */
#ifndef FDG_TOOLS_MEANT_H
#define FDG_TOOLS_MEANT_H

#include "tools/page.h"

void meant_add(struct run *r, const struct log_line *l);
void meant_sort(struct run *r);
void meant_put(const struct page *p);

#endif
