/* SPDX-License-Identifier: MIT */
/*
 * run.start and run.end of programs that no preload gets into, and whom a finding is about. The kernel does not tell that an exec succeeded, so it is foreseen: of one that fails all the same
 * there is a run.start too much.
 */
#ifndef FDG_SUPERVISE_RUNS_H
#define FDG_SUPERVISE_RUNS_H

#include "supervise/facts.h"

#define FDG_ARGUMENTS 64
#define FDG_ARGUMENT_BYTES 2048

/* A program that is about to be. */
struct fdg_run_image {
	char exe[PATH_MAX];
	struct fdg_identity file; /* of exe */
	int argc;
	char *argv[FDG_ARGUMENTS + 1];
	char text[FDG_ARGUMENT_BYTES]; /* of the arguments */
	bool is_preloaded; /* it will speak for itself */
	bool is_go;        /* and of a Go program the preload sees neither waits nor the end */
};

/* In the supervisor, while it has the program's standard error. first: the program's process. */
int fdg_runs_start(int first);
/* By the options `only` and `skip`. */
bool fdg_runs_leave_out(const char *exe);
/* Are they written at all? Or is it told of them by option metrics? */
bool fdg_runs_are_told(void);
bool fdg_runs_are_written(void);
/* Did we write its run.start, and so foresee what it became? */
bool fdg_runs_is_known(struct fdg_process *p);
/* What is reported until the next fdg_runs_silent is of this process. */
void fdg_runs_speak_for(struct fdg_process *p, int tid);
/* The same, while it is about to become this program. */
void fdg_runs_speak_as(struct fdg_process *p, const char *exe);
void fdg_runs_silent(void);

/* The process becomes that program; image NULL: it does not, after all, or it is not known what. */
void fdg_runs_exec(struct fdg_process *p, const struct fdg_run_image *image);
void fdg_runs_ended(struct fdg_process *p);

#endif
