// SPDX-License-Identifier: MIT
/*
 * A table of numbers, found by the description that each had when it was added; several in a row for those that fall together. Nothing is taken out: a place whose number is of
 * another description by now, or of none, is the next one's. What finds no place makes us look at the whole ledger from then on.
 */
#include "ledger/sharers.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/big.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define LOOKED_AT 256 /* numbers below */
#define PLACES 65536u
#define ROW 32u

/* A number, and above it a count of how often the place was written: who takes one that it found out of date must not take it from who just added the same number again. */
FDG_BIG static _Atomic uint64_t table[PLACES];
static _Atomic bool overflown;

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

static bool put(int fd, unsigned home, unsigned i, uint64_t seen)
{
	return atomic_compare_exchange_strong(place(home, i), &seen, ((seen >> 32) + 1) << 32 | (uint32_t)fd);
}

/* Where it is already, or where there is room. */
static bool add(int fd, unsigned home)
{
	for (unsigned i = 0; i < ROW; i++) {
		uint64_t seen = atomic_load(place(home, i));

		if ((uint32_t)seen == (uint32_t)fd)
			return put(fd, home, i, seen);
	}
	for (unsigned i = 0; i < ROW; i++) {
		uint64_t seen = atomic_load(place(home, i));

		if (!is_in_use(seen, home + i))
			return put(fd, home, i, seen);
	}
	atomic_store(&overflown, true);
	return true;
}

void fdg_sharers_add(int fd)
{
	unsigned home = home_of(fdg_ledger_description(fd));

	if (fd < LOOKED_AT)
		return;
	while (!add(fd, home))
		;
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
	if (atomic_load_explicit(&overflown, memory_order_relaxed))
		return fdg_ledger_next_of(fd, description, UINT32_MAX);
	for (; fd >= 0 && fd < LOOKED_AT; fd++)
		if (fdg_ledger_description(fd) == description)
			return fd;
	return fd >= 0 ? search_row(fd, description) : -1;
}
