/* SPDX-License-Identifier: MIT */
#ifndef FDG_WRAP_SYSTEM_H
#define FDG_WRAP_SYSTEM_H

#include <sys/types.h>

/*
 * system(3) with an environment of its own: libc's takes `environ`, and to exchange that for as long as a command runs would lose what other threads set in it
 * meanwhile. The same as libc's otherwise (POSIX system(); glibc sysdeps/posix/system.c for what is left open): SIGINT and SIGQUIT ignored while any call is
 * under way, SIGCHLD blocked, the child killed when the thread is cancelled. Sets errno as libc's does. *ret_child: the
 * shell, if one was started.
 */
int fdg_system(const char *command, char *const envp[], pid_t *ret_child);

#endif
