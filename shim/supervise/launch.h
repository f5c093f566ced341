/* SPDX-License-Identifier: MIT */
/*
 * Puts this process, which is about to become the program, under supervision.
 *
 * The supervisor is no parent of the program: the process that the user started becomes the program itself. So its pid, parent, exit status, process group, terminal, signals and job control
 * are what they would be without us, there is nothing to pass on, and nothing to be lost when the supervisor is killed. What this costs: where Yama lets only ancestors look (ptrace_scope 1,
 * without CAP_SYS_PTRACE), the first program allows the supervisor by prctl, and of the programs that it starts we know what /proc tells.
 */
#ifndef FDG_SUPERVISE_LAUNCH_H
#define FDG_SUPERVISE_LAUNCH_H

#include <stdbool.h>

enum fdg_launch {
	FDG_LAUNCH_SUPERVISED,
	FDG_LAUNCH_COVERED, /* by a supervisor of ours, which watches all that its program starts */
	FDG_LAUNCH_NOT      /* ret_why says why, as the end of a sentence that begins with "it" */
};

/* guards: bits of filter.h. free: only where nothing changes for the program, which is where we need not set no_new_privs. After it no descriptor of ours is open. */
enum fdg_launch fdg_launch(unsigned guards, bool free, const char **ret_why);

#endif
