/* SPDX-License-Identifier: MIT */
/*
 * How often the same thing happened at the same place of a program. It is told of at once, and again whenever ten times as many came.
 */
#ifndef FDG_SUPERVISE_TALLY_H
#define FDG_SUPERVISE_TALLY_H

#include "guards/shared.h"
#include "supervise/facts.h"

#define FDG_TALLIES 1024

/* Counts one, and says if it is to be written now. When there is no room left, all are. */
bool fdg_tally_is_due(struct fdg_process *p, const struct fdg_place *site, unsigned sites, const char *call, uint64_t *ret_count);

#endif
