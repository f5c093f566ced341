/* SPDX-License-Identifier: MIT */
/* A log that is being written -> the run: each line goes to the tree or to the judge. */
#ifndef FDG_TOOLS_COLLECT_H
#define FDG_TOOLS_COLLECT_H

#include "tools/caller.h"
#include "tools/judge.h"
#include "tools/tree.h"

struct collect;

/* `log` is open for reading, at its beginning; the caller's to close. */
struct collect *collect_new(struct run *r, struct tree *t, struct judge *j, const struct caller *c, int log);
void collect_free(struct collect *c);
/* What was written since the last time. */
void collect_more(struct collect *c);
/* The last time: a line without an end is a problem, and so is what could not be read. */
void collect_finish(struct collect *c);

/* A sentence about what makes this run no proof. */
void run_problem(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
