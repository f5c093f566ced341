/* SPDX-License-Identifier: MIT */
/* Where a run's log and its results lie. */
#ifndef FDG_TOOLS_PLACE_H
#define FDG_TOOLS_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tools/pool.h"

struct place {
	const char *directory; /* absolute */
	const char *live;      /* where the log is while it grows; the directory, or one in it */
	const char *log;       /* the log file, absolute; log.jsonl in the directory at the end, if that is kept */
	const char *final;     /* that */
	volatile bool left;    /* place_leave was here */
	bool kept;             /* --out; else it is removed at the end */
	int log_read, log_write;
	const char *lost;      /* beside it: how many lines it did not take; see report/lost.h */
	int lost_fd;
	int top, hold;         /* the directory and live, held open: CMD may put others in their places */
	bool made;             /* by us */
};

/* out: NULL makes a directory of its own. False: said why, and nothing of it is left. */
bool place_make(struct pool *pool, const char *out, struct place *ret);
/* A descriptor of a file of results in it; -1: errno says why. */
int place_open(const struct place *p, const char *name);
/* Can the log still take something? 0, or the errno that says why not. */
int place_is_full(const struct place *p);
/* Lines that programs of the tree could not write to it. */
uint64_t place_lost(const struct place *p);
/* A program that was started when one of them was lost, and that may have run unguarded; NULL: none. */
const char *place_lost_program(struct pool *pool, const struct place *p);
/* What somebody did to the log while it grew ("was deleted or replaced"); NULL: nothing. What was read is before log_read's position. */
const char *place_harm(const struct place *p);
/* Once; in a signal handler too. */
void place_leave(struct place *p);

#endif
