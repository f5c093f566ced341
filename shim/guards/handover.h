/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, second cure: what is queued on a listener that is being closed is accepted here, and given to the program by its next accept on a sibling. The
 * story is at the top of handover.c.
 *
 * Raw system calls; async-signal-safe. Never in memory that is not ours.
 */
#ifndef FDG_GUARDS_HANDOVER_H
#define FDG_GUARDS_HANDOVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/groups.h"
#include "options/options.h"

/* At most so many wait at a time. */
#define FDG_HANDOVER_MAX 4096u

/*
 * fd is the last number of a listener of group g, and nothing but close is to come for it, and then fdg_handover_closed. With an empty queue, too, where others connect at
 * this moment. Returns how many connections were saved; *ret_why is NULL, or why none, or not all, could be (they are in the queue still, for close to reset).
 */
unsigned fdg_handover(int fd, const struct fdg_group *g, const char **ret_why);

/* Accepted connections may be stand-ins: of those, what they stand for is what accept returns. */
unsigned fdg_handover_count(void);
static inline bool fdg_handover_any(void)
{
	return fdg_handover_count() != 0;
}

/* May one be, by the time that an accept that begins now returns? For a program without groups one load. */
static inline bool fdg_handover_may(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_groups_any, memory_order_relaxed), 0) && fdg_options.reuseport == FDG_FIX;
}

/* What real accept returned. GIVEN: fd is another connection now, with these flags of accept4. GONE: it is closed, and there was nothing to give. */
enum fdg_handed { FDG_HANDED_NOT, FDG_HANDED_GIVEN, FDG_HANDED_GONE };
enum fdg_handed fdg_handover_accepted(int fd, int flags);

/* Listeners with these numbers were closed, by whatever way: what stood for a connection in the queue of one moves on, or the connection is reset with it. */
void fdg_handover_closed(unsigned first, unsigned last);

/* A forked child has none of them. */
void fdg_handover_forked(void);
/* The program attached a BPF program of its own to a group: no group is touched any more. */
void fdg_handover_leave_alone(void);

#endif
