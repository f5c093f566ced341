/* SPDX-License-Identifier: MIT */
/*
 * Runs CMD and waits for it and all that it started. check stays in CMD's process group and session, so that a terminal's signals reach both; it is the subreaper of the
 * tree, so that none of it gets lost.
 */
#ifndef FDG_TOOLS_HARNESS_H
#define FDG_TOOLS_HARNESS_H

#include <signal.h>

#include "tools/log.h"

#define HARNESS_LINGER_MS 2000 /* for what CMD leaves behind; left alone then, but ended if check was interrupted */
#define HARNESS_GRACE_MS 2000  /* between TERM and KILL */

struct harness {
	struct run *r;          /* gets cmd_status, interrupted, timed_out, stuck */
	const char *const *argv; /* what to execute: the launcher, or CMD through it */
	const char *preload;    /* LD_PRELOAD for it; NULL: none */
	/* In the child, before the exec: the value of FDGUARD_NOTE, or NULL. */
	const char *(*note)(void *cookie, int pid);
	void (*started)(void *cookie, int pid);
	void (*tick)(void *cookie); /* ten times a second, and at the end */
	void *cookie;
	sigset_t before; /* check's own signal mask, until harness_run changed it */
};

/* False: it could not be started, and that was said. */
bool harness_run(struct harness *h);
/*
 * What remains to be done may be held up by others (standard error is a pipe that nobody reads): from here on a signal ends check, after leave(), which is to be
 * async-signal-safe.
 */
void harness_release(const struct harness *h, void (*leave)(void));

#endif
