/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: the finding nonblock.shared.
 */
#ifndef FDG_GUARDS_NONBLOCK_SHARED_H
#define FDG_GUARDS_NONBLOCK_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "options/options.h"
#include "report/report.h"

/* The mode of a description was changed through fd, and another descriptor of it did not ask for that. */
struct fdg_shared {
	int fd, pid;             /* through which it was changed; pid 0: this process */
	int other, other_pid;    /* whose mode changed with it; 0: this process */
	bool asked;              /* it was to be non-blocking */
	bool fixed;              /* each has the mode that it asked for: by us */
	const char *call;        /* "F_SETFL", "FIONBIO" */
	const void *site;        /* of that call; NULL: see `place` */
	uint32_t origin;         /* the call stack there, if it was kept */
	struct fdg_place place;  /* where another process made it; object NULL: not known */
	enum fdg_level level;
};

void fdg_shared_report(const struct fdg_shared *s);

/* What the finding says of a process that is not this one, whose `fd` and `other` these are: the supervisor's facts. */
struct fdg_shared_facts {
	const char *self;               /* the program's name */
	const char *what, *peer, *local; /* "" : not known */
	const struct fdg_place *site;
	const struct fdg_source *source; /* of the site's frames, or NULL */
	unsigned sites;
	uint64_t count; /* descriptions that this happened to, at this place */
	const char *fix; /* what is better than the usual advice; NULL: nothing */
};
/* As above; `site`, `origin` and `place` of s are not looked at, and what was fixed is kept for all: the caller was told that it blocks, and it does not. */
void fdg_shared_report_of(const struct fdg_shared *s, const struct fdg_shared_facts *facts);

#endif
