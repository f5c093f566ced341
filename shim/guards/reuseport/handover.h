/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, second cure: what is queued on a listener that is being closed is accepted here, and given to the program by its next accept on a sibling. The
 * story is at the top of handover.c.
 *
 * Raw system calls; async-signal-safe. Never in memory that is not ours.
 */
#ifndef FDG_GUARDS_REUSEPORT_HANDOVER_H
#define FDG_GUARDS_REUSEPORT_HANDOVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/reuseport/groups.h"

/* At most so many wait at a time. */
#define FDG_HANDOVER_MAX 256u

/*
 * fd is the last number of a listener of group g, and nothing but close is to come for it, and then fdg_handover_closed by the same thread. With an empty queue, too, where
 * others connect at this moment. Returns how many connections were taken; *ret_why is NULL, or why none, or not all, could be (they are in the queue still, for close to reset).
 * *ret_gap is NULL, or why the kernel may go on choosing this listener until it is closed: of what comes in that moment some is reset, and nobody sees it.
 */
unsigned fdg_handover(int fd, const struct fdg_group *g, const char **ret_why, const char **ret_gap);
/* Listeners were closed, by whatever way: what was taken gets its stand-ins. What had been handed over to one of these listeners, and could not be taken there again, is
 * reset with it, and told, if it is not in a finding's count already. */
struct fdg_handover_end {
	unsigned lost;  /* of what was taken: nobody took it */
	unsigned late;  /* taken when fdg_handover had told how many */
	unsigned moved; /* left in the queue, and had only been handed to it: it goes on to others */
	const char *why; /* some were lost */
	const char *gap; /* what was closed listens on, and some of what it gets is reset; NULL: it does not */
};
void fdg_handover_closed(bool is_counted, struct fdg_handover_end *ret);
/* Right before the call that closes fd: takes what came since fdg_handover. */
void fdg_handover_last(int fd);

/* How many wait. */
unsigned fdg_handover_count(void);
/* Accepted connections may be stand-ins: of those, what they stand for is what accept returns. */
bool fdg_handover_any(void);

extern _Atomic bool fdg_handover_ready; /* a group here may be handed over, as the kernel does not do it */
/* May one be, by the time that an accept that begins now returns? For a program without groups one load. */
static inline bool fdg_handover_may(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_handover_ready, memory_order_relaxed), 0);
}

/* Now and then: what has waited for too long is reset, and told. */
void fdg_handover_look(void);
static inline void fdg_handover_tick(void)
{
	if (fdg_handover_may() && fdg_handover_any())
		fdg_handover_look();
}

/* What real accept returned. GIVEN: fd is another connection now, with these flags of accept4. GONE: it is closed, and there was nothing to give. */
enum fdg_handed { FDG_HANDED_NOT, FDG_HANDED_GIVEN, FDG_HANDED_GONE };
enum fdg_handed fdg_handover_accepted(int fd, int flags);

/* … said ECONNABORTED: for one that was taken back? */
bool fdg_handover_aborted(void);

/* Another process is being started, which may accept what stands for a connection of ours: those are reset, and told. */
void fdg_handover_starting(void);
/* The process enters a seccomp filter, and no accept is ours any more: so are they. */
void fdg_handover_filtering(void);
/* The process ends: so are they. */
void fdg_handover_leaving(void);
/* A forked child has none of them. */
void fdg_handover_forked(void);
/* The program attached a BPF program of its own to a group: no group is touched any more. */
void fdg_handover_leave_alone(void);

#endif
