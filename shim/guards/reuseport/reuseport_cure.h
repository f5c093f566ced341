/* SPDX-License-Identifier: MIT */
/* reuseport.reset: what became of a queue, why not more of it, and what to do about it, in words. */
#ifndef FDG_GUARDS_REUSEPORT_REUSEPORT_CURE_H
#define FDG_GUARDS_REUSEPORT_REUSEPORT_CURE_H

#include <stdbool.h>

#include "base/fmt.h"
#include "guards/reuseport/reuseport.h"

/* To siblings, and nobody accepted it there. */
static inline bool fdg_reset_was_handed(const struct fdg_reset *r)
{
	return r->how >= FDG_RESET_LATE;
}

/* And others gave what they had to it. */
static inline bool fdg_reset_is_last(const struct fdg_reset *r)
{
	return r->how == FDG_RESET_LAST || r->how == FDG_RESET_LAST_BY_EXIT || r->how == FDG_RESET_LAST_BY_EXEC;
}

/* Nobody is reset, as far as one can know. */
static inline bool fdg_reset_is_fixed(const struct fdg_reset *r)
{
	return r->is_migrated || (r->saved == r->queued && !r->gap);
}

void fdg_reset_put_cure(struct fdg_buf *b, const struct fdg_reset *r);
void fdg_reset_put_advice(struct fdg_buf *b, const struct fdg_reset *r);
/* The same for a program that is watched from outside, where nothing is repaired. */
void fdg_reset_put_outside(struct fdg_buf *b, int migrate_req);

/* An act is told of again when there are twice as many as when it was told last. False: not now. `what`: who did it, and how. */
bool fdg_reset_is_due(const struct fdg_group *g, uint64_t what, unsigned queued, uint64_t *ret_total, uint64_t *ret_closings);
void fdg_reset_put_closings(struct fdg_buf *b, uint64_t total, uint64_t closings);

#endif
