/* SPDX-License-Identifier: MIT */
/*
 * Tables with a row for each process that is known, by its index (facts.h). They grow with the number of processes, all of them before a process has an index that needs it; what is not used
 * costs nothing.
 */
#ifndef FDG_SUPERVISE_ROWS_H
#define FDG_SUPERVISE_ROWS_H

#include <stddef.h>

#define FDG_ROWS_PART 1024
#define FDG_ROWS_PARTS 128
#define FDG_ROWS_MAX (FDG_ROWS_PART * FDG_ROWS_PARTS)

struct fdg_rows {
	size_t size; /* of a row */
	char *part[FDG_ROWS_PARTS];
	struct fdg_rows *next;
};

/* With room for the first processes, zeroed, and kept as all others are. -ENOMEM. */
int fdg_rows_start(struct fdg_rows *r, size_t size);
/* Room in all of them for this index, and those below it. -ENOMEM: there is none. */
int fdg_rows_grow(unsigned index);

static inline void *fdg_row(const struct fdg_rows *r, unsigned index)
{
	return r->part[index / FDG_ROWS_PART] + (size_t)(index % FDG_ROWS_PART) * r->size;
}

#endif
