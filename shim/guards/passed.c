// SPDX-License-Identifier: MIT
/*
 * A table of numbers, found by the inode that each had when it was added; several in a row for those that fall together. Nothing is taken out: a place whose number is
 * closed by now is the next one's. A row that is full of open ones forgets one of them.
 */
#include "guards/passed.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/sys.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define PLACES 16384u

/* Of the inode's hash, the generation that the number had, and the number; the last two are less than these. */
#define HASH (UINT64_C(0xffffffff) << 32)
#define GENERATIONS (UINT64_C(1) << 12)
#define NUMBERS ((uint64_t)FDG_LEDGER_MAX)

FDG_BIG static _Atomic uint64_t table[PLACES];
static _Atomic unsigned forgotten;

static uint64_t hash_of(uint64_t dev, uint64_t ino)
{
	uint64_t h = (ino ^ dev << 32 ^ dev >> 32) * UINT64_C(0x9e3779b97f4a7c15);

	return (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
}

static unsigned home_of(uint64_t hash)
{
	return (unsigned)(hash % PLACES);
}

static _Atomic uint64_t *place(uint64_t hash, unsigned i)
{
	return &table[(home_of(hash) + i) % PLACES];
}

static uint64_t line_of(uint64_t hash, int fd)
{
	return (hash & HASH) | (fdg_ledger_generation(fd) % GENERATIONS) * NUMBERS | (uint64_t)fd;
}

static int number_in(uint64_t line)
{
	return (int)(line % NUMBERS);
}

/* Is its number in use still, and as the same? */
static bool is_open(uint64_t line)
{
	int fd = number_in(line);

	return fdg_ledger_state(fd) & FDG_PASSED && line / NUMBERS % GENERATIONS == fdg_ledger_generation(fd) % GENERATIONS;
}

static bool put(uint64_t hash, unsigned i, uint64_t seen, uint64_t line)
{
	return atomic_compare_exchange_strong(place(hash, i), &seen, line);
}

static bool has(uint64_t hash, uint64_t line)
{
	for (unsigned i = 0; i < FDG_PASSED_ROW; i++)
		if (atomic_load_explicit(place(hash, i), memory_order_relaxed) == line)
			return true;
	return false;
}

/* False: another thread was quicker. */
static bool add(uint64_t hash, uint64_t line)
{
	unsigned i;

	for (i = 0; i < FDG_PASSED_ROW; i++) {
		uint64_t seen = atomic_load_explicit(place(hash, i), memory_order_relaxed);

		if (!is_open(seen))
			return put(hash, i, seen, line);
	}
	i = atomic_fetch_add_explicit(&forgotten, 1, memory_order_relaxed) % FDG_PASSED_ROW;
	atomic_store_explicit(place(hash, i), line, memory_order_relaxed);
	return true;
}

void fdg_passed_add(int fd)
{
	uint64_t hash, line;
	struct stat st;

	if ((unsigned)fd >= NUMBERS || fdg_foreign_memory() || fdg_sys_fstat(fd, &st) < 0)
		return;
	hash = hash_of(st.st_dev, st.st_ino);
	line = line_of(hash, fd);
	while (!has(hash, line) && !add(hash, line))
		;
}

int fdg_passed_next(uint64_t dev, uint64_t ino, int after)
{
	uint64_t hash = hash_of(dev, ino);
	int least = -1;

	for (unsigned i = 0; i < FDG_PASSED_ROW; i++) {
		uint64_t line = atomic_load_explicit(place(hash, i), memory_order_relaxed);
		int fd = number_in(line);

		if (!((line ^ hash) & HASH) && fd > after && (least < 0 || fd < least) && is_open(line))
			least = fd;
	}
	return least;
}
