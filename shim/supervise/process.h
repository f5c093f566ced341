/* SPDX-License-Identifier: MIT */
/*
 * Processes of ours: made so that the program that is supervised does not meet them, by wait, a signal, a terminal or a descriptor.
 */
#ifndef FDG_SUPERVISE_PROCESS_H
#define FDG_SUPERVISE_PROCESS_H

#include <stdnoreturn.h>

/* fork, without SIGCHLD at the child's end: wait(2) does not see it but with __WALL. 0 in the child, its pid, or a negative errno. For processes of one thread. */
int fdg_process_fork(void);
/* The same, as nobody's child: 1 in the parent. Where it would become the caller's again, as the caller is the one to whom orphans go, it stays its child. */
int fdg_process_fork_apart(void);
noreturn void fdg_process_exit(int status);
/* A session of its own; all signals blocked. */
void fdg_process_hide(void);
/* Lets a signal interrupt a call, and do nothing else. */
void fdg_process_catch(int signal);
/* Closes all but two, which become these and the next; and 2. Opens /dev/null as 0 and 1. */
#define FDG_PROCESS_KEPT 3
int fdg_process_drop_files(int keep, int next);
/* What ps and pkill -f see: else a name of the program would find us too. */
void fdg_process_title_room(char *argv[]);
void fdg_process_title(const char *title);

#endif
