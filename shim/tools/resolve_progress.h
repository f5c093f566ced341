/* SPDX-License-Identifier: MIT */
/* How far it is, on a terminal; and what came of it all. */
#ifndef FDG_TOOLS_RESOLVE_PROGRESS_H
#define FDG_TOOLS_RESOLVE_PROGRESS_H

#include "tools/resolve_line.h"

enum { RESOLVE_TICK_MS = 200 };

struct resolve_progress {
	bool shown, terminal;   /* something stands there; standard error is a terminal */
	bool mixed;             /* and so is standard output */
	uint64_t started, last; /* ms */
	uint64_t outcomes[RESOLVE_OUTCOMES];
};

void resolve_progress_begin(struct resolve_progress *p);
/* Writes it anew if it is time for that; `size` 0: nobody knows how much there is. */
void resolve_progress_tick(struct resolve_progress *p, uint64_t taken, uint64_t size);
/* Takes it away: something else is about to be written. */
void resolve_progress_clear(struct resolve_progress *p);
/* The last line: on a terminal, or if something failed. */
void resolve_progress_end(struct resolve_progress *p);
uint64_t resolve_progress_done(const struct resolve_progress *p);

#endif
