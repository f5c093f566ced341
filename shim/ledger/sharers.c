// SPDX-License-Identifier: MIT
/*
 * A table of numbers, found by the description that each had when it was added; several in a row for those that fall together. Nothing is taken out: a place whose number is of
 * another description by now, or of none, is the next one's. Where one finds no place, its description is crowded: for that one we look at the whole ledger, as long as it
 * has descriptors.
 */
#include "ledger/sharers.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/big.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define PLACES 65536u
#define ROW 32u

/* A number, and above it a count of how often the place was written: who takes one that it found out of date must not take it from who just added the same number again. */
FDG_BIG static _Atomic uint64_t table[PLACES];
#define CROWDS 4096u
#define ALL UINT64_MAX /* of that place: two were there at a time */
FDG_BIG static _Atomic uint64_t crowded[CROWDS]; /* descriptions */

static unsigned home_of(uint64_t description)
{
	return (unsigned)(description * UINT64_C(0x9e3779b97f4a7c15) >> 48) % PLACES;
}

static _Atomic uint64_t *place(unsigned home, unsigned i)
{
	return &table[(home + i) % PLACES];
}

/* Is the number in this place to be found there? */
static bool is_in_use(uint64_t value, unsigned at)
{
	int fd = (int)(uint32_t)value;

	return fd && fdg_ledger_state(fd) & FDG_SHARED && (at - home_of(fdg_ledger_description(fd))) % PLACES < ROW;
}

/* The place where it is already, or where there is room; ROW: nowhere. */
static unsigned find_place(int fd, unsigned home, uint64_t *ret_seen)
{
	for (unsigned i = 0; i < ROW; i++) {
		*ret_seen = atomic_load(place(home, i));
		if ((uint32_t)*ret_seen == (uint32_t)fd)
			return i;
	}
	for (unsigned i = 0; i < ROW; i++) {
		*ret_seen = atomic_load(place(home, i));
		if (!is_in_use(*ret_seen, home + i))
			return i;
	}
	return ROW;
}

static _Atomic uint64_t *crowd_of(uint64_t description)
{
	return &crowded[home_of(description) % CROWDS];
}

static bool is_crowded(uint64_t description)
{
	uint64_t known = atomic_load_explicit(crowd_of(description), memory_order_relaxed);

	return known && (known == description || known == ALL);
}

static void crowd(uint64_t description)
{
	_Atomic uint64_t *of = crowd_of(description);
	uint64_t known = atomic_load(of);

	while (known != description && known != ALL) {
		bool is_over = !known || fdg_ledger_next_of(0, known, UINT32_MAX) < 0;

		if (atomic_compare_exchange_strong(of, &known, is_over ? description : ALL))
			return;
	}
}

void fdg_sharers_add_slow(int fd)
{
	uint64_t description = fdg_ledger_description(fd), seen;
	unsigned home = home_of(description), i;

	if (!description || is_crowded(description))
		return;
	do
		i = find_place(fd, home, &seen);
	while (i < ROW && !atomic_compare_exchange_strong(place(home, i), &seen, ((seen >> 32) + 1) << 32 | (uint32_t)fd));
	if (i == ROW)
		crowd(description);
}

static int search_row(int fd, uint64_t description)
{
	unsigned home = home_of(description);
	int least = -1;

	for (unsigned i = 0; i < ROW; i++) {
		int other = (int)(uint32_t)atomic_load_explicit(place(home, i), memory_order_relaxed);

		if (other >= fd && (least < 0 || other < least) && fdg_ledger_description(other) == description)
			least = other;
	}
	return least;
}

int fdg_sharers_next(int fd, uint64_t description)
{
	for (; fd >= 0 && fd < FDG_SHARERS_FIRST; fd++)
		if (fdg_ledger_description(fd) == description)
			return fd;
	if (fd < 0)
		return -1;
	return is_crowded(description) ? fdg_ledger_next_of(fd, description, UINT32_MAX) : search_row(fd, description);
}
