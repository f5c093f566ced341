/* SPDX-License-Identifier: MIT */
/*
 * Turns of an event loop: what a thread does from the end of one wait to the beginning of the next. A thread that works each time, or waits somewhere else as well, is not to
 * be kept waiting (slow.c). Noted only while there are suspects (acts.h).
 *
 * In thread-local storage; async-signal-safe: a wait in a handler, in the middle of another one, makes a turn that is taken for a long one.
 */
#ifndef FDG_GUARDS_EPOLL_TURNS_H
#define FDG_GUARDS_EPOLL_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/epoll/acts.h"
#include "guards/epoll/interest.h"

/* Nanoseconds; by libc, which asks no kernel. */
int64_t fdg_turn_clock(void);

/* A wait on a set, or on one of poll's arrays, begins: is the turn that is over one in which next to nothing was done? */
bool fdg_turn_over_slow(uint64_t set);
static inline bool fdg_turn_over(int epfd)
{
	return fdg_suspects_any() && fdg_turn_over_slow(fdg_interest_set(epfd));
}
static inline uint64_t fdg_turn_array(const void *fds)
{
	return ~(uint64_t)(uintptr_t)fds;
}
/* It is over, and told of n events in an array for `room`. */
void fdg_turn_begins_slow(int n, int room);
static inline void fdg_turn_begins(int n, int room)
{
	if (fdg_suspects_any())
		fdg_turn_begins_slow(n, room);
}
/* It was held back in the wait. */
void fdg_turn_slept(void);
/* This thread waits by other means, or is about to. */
void fdg_turn_elsewhere_slow(void);
static inline void fdg_turn_elsewhere(void)
{
	if (fdg_suspects_any())
		fdg_turn_elsewhere_slow();
}

/* Can so large a batch be held back in an array for `room`? What is asked meanwhile is to show all of it again, and then something else. */
#define FDG_TURN_ROOM 64
static inline bool fdg_turn_has_room(int n, int room)
{
	return n < FDG_TURN_ROOM && n < room - n;
}
/* Had the last batch no such room? */
bool fdg_turn_is_narrow(void);
/* NULL: of this thread's last turns one was idle, at least. Else why none was, for people. */
const char *fdg_turn_why_not(void);

#endif
