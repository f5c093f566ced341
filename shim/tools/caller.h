/* SPDX-License-Identifier: MIT */
/*
 * What check's own caller leaked into it. CMD gets it, as it would without us; the library is told by a note, as a guarded parent would, that it is meant, and passes that on
 * from process to process by description, not by number. Where an unguarded program stands in between the note is lost, and a report about these descriptors is known here by what
 * /proc calls them.
 */
#ifndef FDG_TOOLS_CALLER_H
#define FDG_TOOLS_CALLER_H

#include "tools/log.h"

struct caller_fd {
	int fd;
	const char *what; /* "socket:[4711]" */
};

struct caller {
	struct caller_fd *fd; /* by rising number */
	size_t fds;
};

/* Before check has descriptors of its own that are not close-on-exec. */
void caller_look(struct pool *pool, struct caller *ret);
/* The value of FDGUARD_NOTE for process pid, which check starts; NULL: there is nothing to say. */
const char *caller_note(struct pool *pool, const struct caller *c, int pid);
/* Is this report about them alone? */
bool caller_is_meant(const struct caller *c, const struct log_line *l);

#endif
