/* SPDX-License-Identifier: MIT */
/* Programs that did not run guarded, and that no finding is about: by name, added up. */
#ifndef FDG_TOOLS_ABSENT_H
#define FDG_TOOLS_ABSENT_H

#include "tools/log.h"

#define ABSENT_MAX 200 /* different ones; the run's counts have all */

/* Counts it in the run, whose list is kept in order. */
void absent_add(struct run *r, enum run_absence why, int64_t pid, const char *exe);
/* A line for each, for people; nothing if there is none. */
void absent_put(const struct run *r, enum run_absence why, FILE *f);

#endif
