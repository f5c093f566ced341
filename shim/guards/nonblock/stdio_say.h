/* SPDX-License-Identifier: MIT */
/* nonblock.stdio, in words. */
#ifndef FDG_GUARDS_NONBLOCK_STDIO_SAY_H
#define FDG_GUARDS_NONBLOCK_STDIO_SAY_H

#include <stdbool.h>

#include "guards/sharer.h"

struct fdg_stdio_left {
	int fd;
	bool is[3];       /* stdin, stdout, stderr are the same description */
	bool before, now; /* non-blocking? */
	bool fixed;       /* it was put back */
	const char *file; /* what is started with it; NULL: the program leaves, or closes it */
	const void *site; /* of the last change */
	const struct fdg_sharer *other; /* who uses it too; NULL: not known */
};

/* Says nothing where nobody else holds it. */
void fdg_stdio_say(const struct fdg_stdio_left *left);

#endif
