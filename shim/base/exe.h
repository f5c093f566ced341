/* SPDX-License-Identifier: MIT */
/*
 * The path of this process's executable: /proc/self/exe (the program that the loader runs, where that was started by hand), or what execve was given where /proc does
 * not tell.
 *
 * Asked for at the first call and kept: the first look into /proc costs a new process more than all the rest of our start, and most programs never
 * need it. Async-signal-safe; "?" if nobody knows. " (deleted)" is taken off.
 */
#ifndef FDG_BASE_EXE_H
#define FDG_BASE_EXE_H

#include <stdbool.h>

const char *fdg_exe(void);
/* Opens the program's file, whatever has become of its path: the kernel's own link, where that leads to it. */
const char *fdg_exe_link(void);

/* Is it a Go program, with the C library and so with us? Read from its own notes, in memory. */
bool fdg_exe_is_go(void);

/* What is behind the last slash of a path. */
static inline const char *fdg_base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

#endif
