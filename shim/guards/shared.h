/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: the finding nonblock.shared.
 */
#ifndef FDG_GUARDS_SHARED_H
#define FDG_GUARDS_SHARED_H

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

#endif
