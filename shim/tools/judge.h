/* SPDX-License-Identifier: MIT */
/*
 * Findings -> groups with a verdict: suppressed, known from the baseline, fixed, or new; and what fails the run.
 *
 * Suppressions are matched line by line with the library's own code (report/suppress.h); for the baseline see baseline.h.
 */
#ifndef FDG_TOOLS_JUDGE_H
#define FDG_TOOLS_JUDGE_H

#include "tools/log.h"
#include "tools/sources.h"

#define JUDGE_FINDINGS_MAX 20000 /* different ones; what comes after is a problem */

struct judge;

struct judge *judge_new(struct run *r);
void judge_free(struct judge *j);

/* Both say on standard error what is wrong with the file, and return false. `must`: a file that is not there is wrong. */
bool judge_read_suppressions(struct judge *j, const char *path);
bool judge_read_baseline(struct judge *j, const char *path, bool must);

/* What it was counted to, good until the next call; NULL: there were too many different ones. */
struct run_finding *judge_finding(struct judge *j, const struct log_line *l);
/* Compares places with the baseline, and sorts the run's findings. s: NULL is a run without source lines. `whole`: CMD ran to its end and well, so that what matched
 * nothing is stale. */
void judge_finish(struct judge *j, const struct sources *s, bool whole);
/* Writes what is new into the baseline file, and, if the run was whole, leaves out what is stale. What was new is RUN_BASELINED then. False: said why. */
bool judge_update_baseline(struct judge *j, const char *path, bool whole);

#endif
