/* SPDX-License-Identifier: MIT */
/* Guard reuseport: what /proc shows of some groups at one moment, for a call that closes many. Raw system calls; async-signal-safe. */
#ifndef FDG_GUARDS_REUSEPORT_SIGHTS_H
#define FDG_GUARDS_REUSEPORT_SIGHTS_H

#include "guards/reuseport/groups.h"

struct fdg_sights;
/* NULL: no memory; each question is a look then. */
struct fdg_sights *fdg_sights_begin(void);
void fdg_sights_end(struct fdg_sights *s);
/* As fdg_group_look, with a look at the first question for each group. s may be NULL. */
struct fdg_group_sight fdg_sights_look(struct fdg_sights *s, const struct fdg_group *g, uint64_t inode);

#endif
