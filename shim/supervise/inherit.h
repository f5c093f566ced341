/* SPDX-License-Identifier: MIT */
/*
 * Guard cloexec from outside: what a process hands to the program that it is about to become. The story is at the top of guards/cloexec/cloexec.c, and so are the rules of what is meant.
 *
 * A preload forces close-on-exec when a socket is made, and tells the child where that was. We see an execve alone: what is open then without close-on-exec, and was neither there when the parent's
 * own program began, nor named, nor made inheritable, is a leak. cloexec=fix puts the same socket at the same number with close-on-exec, and has the kernel go on: sockets alone, for to replace a
 * file's descriptor drops its POSIX locks.
 */
#ifndef FDG_SUPERVISE_INHERIT_H
#define FDG_SUPERVISE_INHERIT_H

#include <stdbool.h>
#include <stdint.h>

#include "supervise/listener.h"
#include "supervise/runs.h"

/* An execve that waits. */
struct fdg_inherit_call {
	const struct fdg_listener *l;
	int tid;
	bool is_32;
	uint64_t argv, envp;
	bool is_preloads; /* it comes from a C library that has our preload, which has judged it */
};

int fdg_inherit_start(int first);
/* Looks at what is open without close-on-exec. False: nothing is, or nobody asked: there is nothing to judge. */
bool fdg_inherit_look(struct fdg_process *p, const struct fdg_listener *l);
/* Judges what was found. image: what it becomes, as `runs` has it; NULL: that is not known, and nothing is said or changed. Before fdg_runs_exec. */
void fdg_inherit_judge(struct fdg_process *p, const struct fdg_inherit_call *c, const struct fdg_run_image *image);
/* Tells what was judged, as the program that it becomes: after fdg_runs_exec. */
void fdg_inherit_tell(struct fdg_process *p, const struct fdg_run_image *image);

#endif
