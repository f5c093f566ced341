// SPDX-License-Identifier: MIT
#include "report/told.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/big.h"
#include "base/sys.h"
#include "report/report.h"
#include "report/run.h"

#include "base/poison.h"

uint64_t fdg_hash(uint64_t seed, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;

	while (n--)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return h;
}

/*
 * Marks: each slot is a hash without its lowest bit, which says whether it is marked. Slots go from empty to taken and are not moved or emptied,
 * so a search that meets an empty slot is over; only a full table gives the slot of a forgotten mark away.
 */
typedef _Atomic uint64_t mark;

#define MARKED 1u

static mark *_Atomic marks;
FDG_BIG static mark no_memory[FDG_TOLD_MAX]; /* where the kernel gave us none: shared with nobody, but better than silence */

void fdg_told_prepare(void)
{
	mark *fresh, *none = NULL;

	if (atomic_load_explicit(&marks, memory_order_acquire))
		return;
	fresh = fdg_run_is(FDG_RUN_RETIRED) ? NULL : fdg_sys_mmap(FDG_TOLD_MAX * sizeof(mark), true);
	if (!atomic_compare_exchange_strong(&marks, &none, fresh ? fresh : no_memory) && fresh)
		fdg_sys_munmap(fresh, FDG_TOLD_MAX * sizeof(mark));
}

static mark *all_marks(void)
{
	fdg_told_prepare();
	return atomic_load_explicit(&marks, memory_order_acquire);
}

static uint64_t mark_of(uint64_t hash)
{
	hash &= ~(uint64_t)MARKED;
	return hash ? hash : 2;
}

/* The slot of this hash, or the empty one where it would be; NULL if it has none and the table is full. */
static mark *find_mark(mark *table, uint64_t want, uint64_t *ret_seen)
{
	for (size_t i = 0; i < FDG_TOLD_MAX; i++) {
		mark *m = &table[(want / 2 + i) % FDG_TOLD_MAX];

		*ret_seen = atomic_load_explicit(m, memory_order_acquire);
		if (!*ret_seen || (*ret_seen & ~(uint64_t)MARKED) == want)
			return m;
	}
	return NULL;
}

static bool take_forgotten(mark *table, uint64_t want)
{
	for (size_t i = 0; i < FDG_TOLD_MAX; i++) {
		mark *m = &table[(want / 2 + i) % FDG_TOLD_MAX];
		uint64_t seen = atomic_load_explicit(m, memory_order_acquire);

		if (!(seen & MARKED) && atomic_compare_exchange_strong(m, &seen, want | MARKED))
			return true;
	}
	return false;
}

bool fdg_told_mark(uint64_t hash)
{
	uint64_t want = mark_of(hash), seen;
	mark *table = all_marks(), *m;

	while ((m = find_mark(table, want, &seen))) {
		if (seen & MARKED)
			return true;
		if (atomic_compare_exchange_strong(m, &seen, want | MARKED))
			return false;
	}
	return !take_forgotten(table, want);
}

void fdg_told_unmark(uint64_t hash)
{
	uint64_t want = mark_of(hash), seen;
	mark *table = atomic_load_explicit(&marks, memory_order_acquire);
	mark *m = table ? find_mark(table, want, &seen) : NULL;

	if (m && seen)
		atomic_compare_exchange_strong(m, &seen, want);
}

/*
 * Repeats: private memory, so that fork copies it. A slot that is taken keeps its hash; state 0 means that it was not said yet. `repeats` carries the
 * generation that counted it in its upper half, which makes a forked child's count 0 without a walk through the table.
 */
struct repeat {
	_Atomic uint64_t hash, state, repeats;
};

FDG_BIG static struct repeat repeats[FDG_TOLD_MAX];
static _Atomic uint32_t generation;

static struct repeat *find_repeat(uint64_t hash, bool take)
{
	hash = hash ? hash : 1;
	for (size_t i = 0; i < FDG_TOLD_MAX; i++) {
		struct repeat *r = &repeats[(hash + i) % FDG_TOLD_MAX];
		uint64_t seen = atomic_load_explicit(&r->hash, memory_order_acquire);

		if (!seen && !take)
			return NULL;
		if (!seen && atomic_compare_exchange_strong(&r->hash, &seen, hash))
			return r;
		if (seen == hash)
			return r;
	}
	return NULL;
}

static uint64_t generation_now(void)
{
	return (uint64_t)atomic_load_explicit(&generation, memory_order_relaxed) << 32;
}

static void count_repeat(struct repeat *r)
{
	uint64_t seen = atomic_load_explicit(&r->repeats, memory_order_relaxed), next;

	do {
		next = seen >> 32 == generation_now() >> 32 ? seen : generation_now();
		next += (uint32_t)next != UINT32_MAX;
	} while (!atomic_compare_exchange_weak(&r->repeats, &seen, next));
	atomic_fetch_add(&fdg_run.held_back, 1);
}

bool fdg_repeat_same(uint64_t hash, uint64_t state)
{
	struct repeat *r = find_repeat(hash, false);

	if (!r || atomic_load(&r->state) != state)
		return false;
	count_repeat(r);
	return true;
}

enum fdg_repeat fdg_repeat_change(uint64_t hash, uint64_t state, uint64_t *ret_repeats)
{
	struct repeat *r = find_repeat(hash, true);
	uint64_t counted;

	if (!r)
		return FDG_REPEAT_FULL;
	if (atomic_exchange(&r->state, state) == state) {
		count_repeat(r);
		return FDG_REPEAT_SAME;
	}
	counted = atomic_exchange(&r->repeats, generation_now());
	*ret_repeats = counted >> 32 == generation_now() >> 32 ? (uint32_t)counted : 0;
	return FDG_REPEAT_CHANGED;
}

void fdg_repeat_fork_child(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}
