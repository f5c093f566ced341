/* SPDX-License-Identifier: MIT */
/*
 * The file that a process is about to execute, by its name: in its root, from its working directory.
 *
 * To look up a name can take for ever: the file system may be one that a program serves (FUSE), which is supervised itself, and waits for us; or a server's that is gone. So a thread of its own
 * does it, and is waited for so long and no longer.
 */
#ifndef FDG_SUPERVISE_LOOK_H
#define FDG_SUPERVISE_LOOK_H

#include <limits.h>
#include <stdbool.h>

#include "base/image.h"
#include "supervise/facts.h"

struct fdg_look {
	/* What is asked. */
	int tid, directory;   /* directory: as execveat has it; AT_FDCWD */
	char name[PATH_MAX];  /* "": directory is the file itself */
	/* What was found. */
	bool is_program;      /* the kernel would start it */
	struct fdg_image image;
	char exe[PATH_MAX];   /* the program's own name, without links */
	struct fdg_identity file;
	bool is_go;           /* where option metrics asks for it */
};

/* False: it is not known in time, or there was one that is not known yet. */
bool fdg_look(struct fdg_look *l);

#endif
