/* SPDX-License-Identifier: MIT */
/*
 * The process tree as the log tells it: images that started (run.start) and ended (run.end), and the ones that somebody set out to start (run.exec). One that was to start
 * and never said so ran unguarded.
 *
 * run.exec comes before run.start where a process execs; a spawn's is written by the parent, and may come before or after. popen's child has no number: any
 * image of that parent will do.
 */
#ifndef FDG_TOOLS_TREE_H
#define FDG_TOOLS_TREE_H

#include "tools/log.h"

#define TREE_IMAGES_MAX 200000

struct tree;

/* Called with a finding that was made up: run.uncovered. Its strings live as long as the run. */
typedef void tree_finding(void *cookie, const struct log_line *l);

struct tree *tree_new(struct run *r, tree_finding *say, void *cookie);
void tree_free(struct tree *t);

/* CMD itself: it will be run by process pid. */
void tree_expect(struct tree *t, int64_t pid, const char *file, const char *time);
void tree_start(struct tree *t, const struct log_line *l);
void tree_end(struct tree *t, const struct log_line *l);
void tree_exec(struct tree *t, const struct log_line *l);
/* Nothing is to be expected of this process: it was reported already, or it could not be run. */
void tree_excuse(struct tree *t, int64_t pid);
/* From time to time: looks at the files of what has not said anything yet, before they are gone. */
void tree_look(struct tree *t);
/* Its latest image said that it started, and never how it ended. */
bool tree_is_cut_short(struct tree *t, int64_t pid);
/* The run is over: what is still awaited is uncovered. Sets the run's images, opens, unended, execs. */
void tree_finish(struct tree *t);

#endif
