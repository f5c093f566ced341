/* SPDX-License-Identifier: MIT */
/*
 * The finding select.overflow, of a program that is watched from outside.
 */
#ifndef FDG_GUARDS_SELECT_OUTSIDE_H
#define FDG_GUARDS_SELECT_OUTSIDE_H

#include "report/report.h"

/* A select beyond FD_SETSIZE, as its arguments and the program's memory show it. */
struct fdg_select_seen {
	const char *self; /* the program's name */
	const char *call; /* "select" */
	int nfds, fd;     /* fd: the highest number that is in one of the sets */
	const char *kind; /* what it is; "": not known */
	const char *set;  /* "read set" */
	const char *into; /* what of the same call lies within that set's length: the set is not that long. NULL: nothing does, and it may be */
	const struct fdg_place *site;
	const struct fdg_source *source;
	unsigned sites;
};

/* An error where it is sure that memory is overwritten; else a note. */
void fdg_select_report_seen(const struct fdg_select_seen *s);

#endif
