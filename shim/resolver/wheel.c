// SPDX-License-Identifier: MIT
#include "resolver/wheel.h"

#include "base/poison.h"

void fdg_wheel_start(struct fdg_wheel *w, struct fdg_wheel_timer *timers, uint64_t now)
{
	w->tick = now >> FDG_WHEEL_TICK_BITS;
	w->some = 0;
	w->timers = timers;
	for (unsigned i = 0; i < FDG_WHEEL_SLOTS / 64; i++)
		w->words[i] = 0;
	for (unsigned i = 0; i < FDG_WHEEL_SLOTS; i++)
		w->heads[i] = FDG_WHEEL_NONE;
}

static void put(struct fdg_wheel *w, uint32_t n, uint32_t slot)
{
	struct fdg_wheel_timer *t = &w->timers[n];

	t->slot = slot;
	t->prev = FDG_WHEEL_NONE;
	t->next = w->heads[slot];
	if (t->next != FDG_WHEEL_NONE)
		w->timers[t->next].prev = n;
	w->heads[slot] = n;
	w->words[slot / 64] |= UINT64_C(1) << slot % 64;
	w->some |= UINT64_C(1) << slot / 64;
}

void fdg_wheel_set(struct fdg_wheel *w, uint32_t n, uint64_t when)
{
	uint64_t tick = (when >> FDG_WHEEL_TICK_BITS) + 1;

	fdg_wheel_clear(w, n);
	if (tick <= w->tick)
		tick = w->tick + 1;
	if (tick > w->tick + FDG_WHEEL_SLOTS - 1)
		tick = w->tick + FDG_WHEEL_SLOTS - 1;
	w->timers[n].when = when ? when : 1;
	put(w, n, tick % FDG_WHEEL_SLOTS);
}

void fdg_wheel_advance(struct fdg_wheel *w, uint32_t n, uint64_t when)
{
	if (w->timers[n].when > when)
		fdg_wheel_set(w, n, when);
}

void fdg_wheel_clear(struct fdg_wheel *w, uint32_t n)
{
	struct fdg_wheel_timer *t = &w->timers[n];

	if (!t->when)
		return;
	t->when = 0;
	if (t->next != FDG_WHEEL_NONE)
		w->timers[t->next].prev = t->prev;
	if (t->prev != FDG_WHEEL_NONE) {
		w->timers[t->prev].next = t->next;
		return;
	}
	w->heads[t->slot] = t->next;
	if (t->next != FDG_WHEEL_NONE)
		return;
	w->words[t->slot / 64] &= ~(UINT64_C(1) << t->slot % 64);
	if (!w->words[t->slot / 64])
		w->some &= ~(UINT64_C(1) << t->slot / 64);
}

/* The first slot that is not empty, at `from` or behind it; FDG_WHEEL_SLOTS if there is none up to the last. */
static unsigned first_from(const struct fdg_wheel *w, unsigned from)
{
	unsigned word = from / 64;
	uint64_t bits = w->words[word] & ~UINT64_C(0) << from % 64;

	if (!bits) {
		uint64_t rest = word == 63 ? 0 : w->some & ~UINT64_C(0) << (word + 1);

		if (!rest)
			return FDG_WHEEL_SLOTS;
		word = (unsigned)__builtin_ctzll(rest);
		bits = w->words[word];
	}
	return word * 64 + (unsigned)__builtin_ctzll(bits);
}

/* Set timers lie less than a turn ahead, so that a slot is one tick. */
static uint64_t first_tick(const struct fdg_wheel *w)
{
	uint64_t base = w->tick + 1;
	unsigned from = base % FDG_WHEEL_SLOTS, slot;

	if (!w->some)
		return FDG_WHEEL_NEVER;
	slot = first_from(w, from);
	if (slot < FDG_WHEEL_SLOTS)
		return base + (slot - from);
	return base + (FDG_WHEEL_SLOTS - from) + first_from(w, 0);
}

uint64_t fdg_wheel_due(const struct fdg_wheel *w)
{
	uint64_t tick = first_tick(w);

	return tick == FDG_WHEEL_NEVER ? FDG_WHEEL_NEVER : tick << FDG_WHEEL_TICK_BITS;
}

uint32_t fdg_wheel_take(struct fdg_wheel *w, uint64_t now)
{
	uint64_t today = now >> FDG_WHEEL_TICK_BITS, tick;

	while ((tick = first_tick(w)) <= today) {
		uint32_t n = w->heads[tick % FDG_WHEEL_SLOTS];
		uint64_t when = w->timers[n].when;

		w->tick = tick - 1; /* the slot may hold more */
		fdg_wheel_clear(w, n);
		if (when <= now)
			return n;
		w->tick = tick;
		fdg_wheel_set(w, n, when); /* one of a later turn */
		w->tick = tick - 1;
	}
	if (w->tick < today)
		w->tick = today;
	return FDG_WHEEL_NONE;
}
