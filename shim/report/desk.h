/* SPDX-License-Identifier: MIT */
/*
 * What writing a line takes, in a mapping: findings are reported from whatever stack the program happens to be on, and some have little room.
 */
#ifndef FDG_REPORT_DESK_H
#define FDG_REPORT_DESK_H

#include <stdatomic.h>

#include "report/line.h"

struct fdg_desk {
	struct fdg_symbols symbols;
	struct fdg_line line;
};

/* NULL: there is no memory, and a line is counted as lost. */
struct fdg_desk *fdg_desk_take(_Atomic uint64_t *lost);
void fdg_desk_give(struct fdg_desk *d);
/* Composes the line and writes it to the sink; counted if that does not take it. */
int fdg_desk_write(const struct fdg_item *item, struct fdg_desk *d, _Atomic uint64_t *lost);
/* "fdguard: …" on standard error. */
void fdg_desk_say(const char *sentence);

#endif
