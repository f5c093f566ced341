/* SPDX-License-Identifier: MIT */
/*
 * How often the same thing happened at the same place of a program. It is told of at once, again whenever ten times as many came, and the last number when the program has ended.
 */
#ifndef FDG_SUPERVISE_TALLY_H
#define FDG_SUPERVISE_TALLY_H

#include "guards/nonblock/shared.h"
#include "supervise/facts.h"

#define FDG_TALLIES 1024

/* Counts one, and says if it is to be written now. When there is no room left, all are. */
bool fdg_tally_is_due(struct fdg_process *p, const struct fdg_place *site, unsigned sites, const char *call, uint64_t *ret_count);
/* What is_due was asked about, to be told once more in the end; copied. */
void fdg_tally_keep(struct fdg_process *p, const struct fdg_shared *s, const struct fdg_shared_facts *f);
bool fdg_tally_any(const struct fdg_process *p);
/* The process has ended, or is about to be another program: tells what has not been told, and forgets it. */
void fdg_tally_end(struct fdg_process *p);

#endif
