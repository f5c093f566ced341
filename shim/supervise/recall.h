/* SPDX-License-Identifier: MIT */
/*
 * Places in a program's code, copied: what supervise/stack.h tells of them lives until the next call alone.
 */
#ifndef FDG_SUPERVISE_RECALL_H
#define FDG_SUPERVISE_RECALL_H

#include "supervise/stack.h"

#define FDG_RECALL_SITES 4
#define FDG_RECALL_OBJECT 256
#define FDG_RECALL_WORDS 2048 /* of the sources, in bytes */

/* Points into itself: not to be copied. */
struct fdg_recall {
	unsigned sites;
	struct fdg_place site[FDG_RECALL_SITES];
	struct fdg_source source[FDG_RECALL_SITES];
	char object[FDG_RECALL_SITES][FDG_RECALL_OBJECT], words[FDG_RECALL_WORDS];
};

/* The first of them; source may be NULL. What does not fit is left out. */
void fdg_recall_keep(struct fdg_recall *ret, const struct fdg_place *site, const struct fdg_source *source, unsigned sites);
/* One string, cut to what fits. */
void fdg_recall_text(char *to, size_t size, const char *from);

#endif
