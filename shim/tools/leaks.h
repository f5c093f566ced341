/* SPDX-License-Identifier: MIT */
/* What programs had open when they ended: the "open" of run.end, added up by kind, place and program. */
#ifndef FDG_TOOLS_LEAKS_H
#define FDG_TOOLS_LEAKS_H

#include "tools/log.h"

#define LEAKS_MAX 5000 /* different ones; what comes after is counted */

/* `room` is that of r->open: 0 at first. */
void leaks_add(struct run *r, size_t *room, const struct log_line *l);
void leaks_sort(struct run *r); /* most first */

#endif
