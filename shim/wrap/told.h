/* SPDX-License-Identifier: MIT */
/* With run.exec=on: what is told of an exec or spawn, found out before it. Large, and right in a vfork child: it lies in a mapping. */
#ifndef FDG_WRAP_TOLD_H
#define FDG_WRAP_TOLD_H

#include <limits.h>
#include <stdio.h>

#include "base/image.h"

struct fdg_environ;

struct fdg_told {
	struct fdg_run_exec x;
	char file[PATH_MAX];
	struct fdg_image image;
};

/* `dir` is a directory's descriptor or AT_FDCWD; a file that is empty or NULL is what dir itself refers to. by_name: PATH is searched for it. */
void fdg_told_look(struct fdg_told *t, int dir, const char *file, bool by_name, char *const argv[], char *const envp[]);
/* It was too long with what we add, and is started without. */
void fdg_told_bare(struct fdg_told *t, const struct fdg_environ *e);
/* The shell that popen has started; -1: not known. */
int fdg_told_shell(FILE *f);

#endif
