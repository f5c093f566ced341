/* SPDX-License-Identifier: MIT */
/*
 * The lookup objects of this process (resolver/lookup.h), for calls that look a name up: one for each call that is under way, kept for the next one.
 *
 *	FDG_HELD(h);
 *
 *	if (!fdg_lookups_take(&h))
 *		return …libc's
 *	error = fdg_lookup_addresses(h.lookup, …);
 *	… what is wanted of the result is copied …
 *	fdg_lookups_give(&h);
 *
 * h must lie in the frame of the call. A thread that is cancelled in between, or leaves by longjmp, need not give it back. Where it waits, libc tells us. Elsewhere nothing is
 * pushed (what somebody leaves by a switch of stacks of his own, libc would call into later): it is found out, by the number of the thread, or by h, which then lies below the
 * stack of the thread that left it, or is overwritten; and whoever needs an object next takes this one. Not each is found out; a thread that has four has left the oldest.
 * A signal handler that looks a name up in the middle of a lookup has another one.
 *
 * A forked child leaves alone what was under way in its parent, in other threads; in a vfork child there is nothing for us.
 *
 * No lock, no malloc; async-signal-safe; errno is left alone.
 */
#ifndef FDG_WRAP_LOOKUPS_H
#define FDG_WRAP_LOOKUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/lookup.h"
#include "wrap/room.h"

struct fdg_held {
	struct fdg_lookup *lookup; /* begun */
	unsigned slot;             /* one more; 0: none */
	uintptr_t here;            /* says that this frame is still there */
};

#define FDG_HELD(name) struct fdg_held name = { 0 }

/* False: libc is to be asked, for this lookup at least. */
bool fdg_lookups_take(struct fdg_held *h);
/* The result is gone then. */
void fdg_lookups_give(struct fdg_held *h);

/* Before a fork, in the parent; and in the child. */
void fdg_lookups_forking(void);
void fdg_lookups_forked(void);
/* A thread has another network namespace than the rest: no socket serves two lookups any more. */
void fdg_lookups_moved(void);

/* May names be looked up by us, now? (lookup_ours.c) */
bool fdg_lookups_may(void);
/* They are, in a filter from outside: no call is made there that libc's lookups do not make. */
bool fdg_lookups_are_modest(void);
/* The calling thread's number, for owners of things: the kernel's, but for modest ones. */
int fdg_lookups_me(void);
/* Around libc's own, where it is called in place of ours: what it writes into its own state is no wish of the program's. */
uint64_t fdg_lookups_libc_begins(void);
void fdg_lookups_libc_ends(uint64_t before);

#endif
