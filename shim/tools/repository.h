/* SPDX-License-Identifier: MIT */
/*
 * The repository that a run is about: its root, and which files are its own. Where the root is a git work tree and git is there, git says which; else every file
 * that exists below the root is.
 */
#ifndef FDG_TOOLS_REPOSITORY_H
#define FDG_TOOLS_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/pool.h"

struct repository {
	struct pool pool;
	const char *root; /* absolute, symbolic links resolved, without a slash at the end; "" if there is none */
	const char **own; /* what git lists, sorted; NULL: not asked */
	size_t owns;
	const char *stable; /* a file that it is sure to have: its build description, else its README, else another; relative */
};

/* root NULL: the top of the work tree around `directory`, or that itself. */
void repository_open(struct repository *r, const char *root, const char *directory);
/* The file relative to the root, with symbolic links resolved; NULL: it is none of the repository's. The text lives in the pool. */
const char *repository_path(struct repository *r, const char *file);
void repository_close(struct repository *r);

#endif
