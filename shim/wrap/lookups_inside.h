/* SPDX-License-Identifier: MIT */
/* The inside of lookups.h: slots (lookups.c), and the descriptors that their objects keep (room.c). */
#ifndef FDG_WRAP_LOOKUPS_INSIDE_H
#define FDG_WRAP_LOOKUPS_INSIDE_H

#include <stdatomic.h>

#include "wrap/lookups.h"

enum { FDG_SLOTS = 128 };

struct fdg_slot {
	_Atomic int owner; /* a thread's number; 0: nobody */
	_Atomic bool open; /* it has descriptors, between lookups */
	_Atomic uintptr_t frame;
	_Atomic(struct fdg_lookup *) lookup;
	_Atomic int64_t since; /* ms: its last lookup ended */
	_Atomic uint64_t turn; /* whoever took one later has a higher one */
};

struct fdg_slots {
	_Atomic unsigned used; /* slots behind were never used */
	_Atomic uint64_t turns;
	struct fdg_slot slot[FDG_SLOTS];
};

extern _Atomic(struct fdg_slots *) fdg_slots;

/* NULL: there was no lookup yet. */
static inline struct fdg_slots *fdg_slots_now(void)
{
	return atomic_load_explicit(&fdg_slots, memory_order_acquire);
}

#define FDG_GET(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define FDG_PUT(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* From the owner `from`; false: it was somebody else's. */
bool fdg_slot_claim(struct fdg_slot *s, int from, int me);
/* Its thread is gone, and nobody else knows yet. */
bool fdg_slot_claim_left(struct fdg_slot *s, int pid, int me);
/* Claimed: whose frame it is in. */
void fdg_slot_hold(struct fdg_held *h, struct fdg_slot *s, unsigned n);
void fdg_slot_let_go(struct fdg_held *h, struct fdg_slot *s);
/* Nobody's, with an object that goes when it is idle. */
bool fdg_slot_is_spare(struct fdg_slots *s, unsigned n);
/* The end of a lookup, or of an idle time: what it keeps. */
void fdg_slot_end(struct fdg_slots *s, unsigned n, struct fdg_lookup *l, bool stays_open, int64_t now);

/* Claimed, and left or idle: its descriptors are closed, and it is given back. */
void fdg_slot_clear(struct fdg_slots *s, unsigned n, int64_t now);

/* room.c: a lookup of slot n is about to end: do its descriptors stay open? */
bool fdg_room_keeps(unsigned n, const struct fdg_lookup *l, int64_t now);
/* They do. */
void fdg_room_kept(int64_t now);
int64_t fdg_room_clock(void);

#endif
