/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, hand-over: may it be done at all? Only where nobody but this process can meet with what stands in for a connection, and where it can be seen that it is so.
 *
 * Raw system calls; async-signal-safe. Not in memory that is not ours.
 */
#ifndef FDG_GUARDS_REUSEPORT_HANDOVER_GATE_H
#define FDG_GUARDS_REUSEPORT_HANDOVER_GATE_H

#include "guards/reuseport/groups.h"

/* NULL: listener fd of group g may be handed over; or why not. *ret_busy: connections wait at others of the group. Only in the caller's turn (turn.h). */
const char *fdg_handover_why_not(int fd, const struct fdg_group *g, bool *ret_busy);
/* What to do about one of these; NULL: nothing that is the program's business. */
const char *fdg_handover_mend(const char *why);

#endif
