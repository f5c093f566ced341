/* SPDX-License-Identifier: MIT */
/*
 * The descriptors that lookups keep (lookups.h), out of the program's way.
 *
 * While lookups come one upon the other (from the sixteenth within a second on) their sockets stay open between them, out of the low numbers; else a process has none
 * after a lookup. They are closed when there were no lookups for two seconds, and at once when the program comes near their numbers, lacks descriptors, is about to close
 * or to use such a number, or to list them all, forks, or enters a filter. The ledger knows nothing of them, so no guard names them.
 */
#ifndef FDG_WRAP_ROOM_H
#define FDG_WRAP_ROOM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

extern _Atomic int64_t fdg_room_due;  /* ms of CLOCK_MONOTONIC_COARSE: when to look for idle ones, and for spare objects; 0: there are none */
extern _Atomic unsigned fdg_room_lowest; /* no number below is one of them */

void fdg_room_look(void);
/* Closes what no lookup needs now. */
void fdg_room_make(void);
/* A call failed for want of a descriptor (errno says so): true if there were some of ours, and it is to be made again. */
bool fdg_room_made(void);
/* The program has come near: none is kept any more. */
void fdg_room_narrow(void);

static inline bool fdg_room_taken(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_room_due, memory_order_relaxed) != 0, 0);
}

/* On the back of calls that cost as much as a system call. */
static inline void fdg_room_tick(void)
{
	if (fdg_room_taken())
		fdg_room_look();
}

static inline bool fdg_room_is_beyond(unsigned fd)
{
	return __builtin_expect(fd >= atomic_load_explicit(&fdg_room_lowest, memory_order_relaxed), 0);
}

/* The program is about to close the number, or all up to it, or to put something there. */
static inline void fdg_room_touched(unsigned last)
{
	if (fdg_room_is_beyond(last))
		fdg_room_make();
}

/* The kernel gave the program this number, the lowest that was free. */
static inline void fdg_room_obtained(int fd)
{
	if (!fdg_room_taken())
		return;
	if (fdg_room_is_beyond((unsigned)fd))
		fdg_room_narrow();
	else
		fdg_room_look();
}

/* A call that makes a descriptor: made again if it failed for want of one, and we had some. */
#define FDG_WITH_ROOM(call) \
	({ \
		__typeof__(call) made_ = (call); \
		if (__builtin_expect((long)made_ < 0, 0) && fdg_room_taken() && fdg_room_made()) \
			made_ = (call); \
		made_; \
	})
/* The same for one that returns a pointer. */
#define FDG_STREAM_WITH_ROOM(call) \
	({ \
		__typeof__(call) made_ = (call); \
		if (__builtin_expect(!made_, 0) && fdg_room_taken() && fdg_room_made()) \
			made_ = (call); \
		made_; \
	})

#endif
