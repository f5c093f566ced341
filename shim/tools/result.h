/* SPDX-License-Identifier: MIT */
/* Files that results are written to. They are opened before CMD runs, which may do to them, and to our standard error, what it likes. */
#ifndef FDG_TOOLS_RESULT_H
#define FDG_TOOLS_RESULT_H

#include <stdbool.h>
#include <stddef.h>

struct result {
	const char *path; /* as the user gave it; NULL: not wanted */
	int fd;
	bool made; /* by check: it was not there before */
};

/* Not emptied yet: check may have to give up before there is a result. False: said why. Without a path: nothing is done. */
bool result_open(struct result *ret, const char *path);
/* It was opened for nothing: what was not there before is not there afterwards. */
void result_give_up(struct result *r);
/* Are both the same regular file? */
bool result_same(const struct result *a, const char *path);
/* Over what was there, and where it is no longer at its path, in a new file. False: errno says why. The result is closed. */
bool result_write(struct result *r, const char *text, size_t n);
/* All of it; waits where the other end does not read. False: errno says why. */
bool result_put(int fd, const char *text, size_t n);

#endif
