/* SPDX-License-Identifier: MIT */
/*
 * The findings cloexec.leaked and cloexec.forced, about the program that inherits: told by itself (inherited.c), or by the supervisor.
 */
#ifndef FDG_GUARDS_CLOEXEC_LEAK_H
#define FDG_GUARDS_CLOEXEC_LEAK_H

#include <stdbool.h>

#include "guards/cloexec/note.h"
#include "options/options.h"
#include "report/report.h"

struct fdg_leak {
	const char *self; /* what a person calls the program that inherits */
	int pid;
	char *const *argv;
	const struct fdg_note *note; /* who started it, and where */
	bool closes;                 /* leaks are closed before it begins */
	bool outside;                /* it is not this process */
	bool more;                   /* not all were looked at */
	const struct fdg_source *source; /* of the note's site; NULL: nothing is known but symbols */
};

/* letter: of leaked, forced or kept; g is the group of those that were found. */
void fdg_leak_report(const struct fdg_leak *l, enum fdg_finding_id id, enum fdg_level level, const struct fdg_note_group *g, char letter);
/* Of a leak of this kind. */
enum fdg_level fdg_leak_level(fdg_kindword kind);
/* The command line, as far as a report has room for it. */
void fdg_leak_put_command(struct fdg_buf *b, char *const argv[]);

#endif
