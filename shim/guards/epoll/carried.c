// SPDX-License-Identifier: MIT
#include "guards/epoll/carried.h"

#include <stdatomic.h>

#include "base/big.h"
#include "base/sys.h"

#include "base/poison.h"

#define WAYS 8u /* entries of a bucket: a line of the cache */
#define LEVELS 3u
#define FIRST 512u
#define LAST 65536u
#define LEVEL (LAST * WAYS) /* places */

/* An entry: a part of the hash, and 1 + the number; 0 is free. */
typedef _Atomic uint64_t entry;

static const unsigned buckets[LEVELS] = { FIRST, 8192, LAST };
FDG_BIG static entry first[FIRST * WAYS];
static entry *_Atomic larger[LEVELS]; /* [0] stays unused */
FDG_BIG static _Atomic bool lacks[LAST];
static _Atomic bool lacks_all; /* there was no memory */

_Static_assert(FDG_CARRIED_MOST == WAYS * LEVELS, "all ways");

static uint64_t hash_of(uint64_t set, uint64_t data)
{
	uint64_t h = (data ^ set * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);

	return h ^ h >> 32;
}

static unsigned bucket_of(uint64_t hash, unsigned level)
{
	return (unsigned)(hash >> 48) % buckets[level];
}

/* The bits that choose no bucket. */
static uint64_t entry_of(uint64_t hash, int fd)
{
	return hash << 32 | ((unsigned)fd + 1);
}

static entry *table(unsigned level)
{
	return level == 0 ? first : atomic_load_explicit(&larger[level], memory_order_acquire);
}

static entry *make(unsigned level)
{
	size_t size = buckets[level] * WAYS * sizeof(entry);
	entry *t = table(level), *none = NULL;

	if (t)
		return t;
	t = fdg_sys_mmap(size, false);
	if (t && !atomic_compare_exchange_strong(&larger[level], &none, t))
		fdg_sys_munmap(t, size);
	return table(level);
}

/* WAYS: there is no room. */
static unsigned put(entry *bucket, uint64_t own)
{
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		uint64_t seen = atomic_load_explicit(&bucket[i], memory_order_relaxed);

		if (seen == own || (seen == 0 && (atomic_compare_exchange_strong(&bucket[i], &seen, own) || seen == own)))
			break;
	}
	return i;
}

uint32_t fdg_carried_put(uint64_t set, uint64_t data, int fd)
{
	uint64_t hash;

	if ((int)(uint32_t)data == fd)
		return 0;
	hash = hash_of(set, data);
	for (unsigned level = 0; level < LEVELS; level++) {
		unsigned bucket = bucket_of(hash, level) * WAYS, way;
		entry *t = level ? make(level) : first;

		if (!t)
			atomic_store_explicit(&lacks_all, true, memory_order_relaxed);
		if (!t)
			return 0;
		way = put(&t[bucket], entry_of(hash, fd));
		if (way < WAYS)
			return level * LEVEL + bucket + way + 1;
	}
	atomic_store_explicit(&lacks[bucket_of(hash, LEVELS - 1)], true, memory_order_relaxed);
	return 0;
}

void fdg_carried_drop_at(uint32_t place, int fd)
{
	entry *e = &table((place - 1) / LEVEL)[(place - 1) % LEVEL];
	uint64_t own = atomic_load_explicit(e, memory_order_relaxed);

	if ((uint32_t)own == (unsigned)fd + 1) /* nobody else writes to what is not free */
		atomic_store_explicit(e, 0, memory_order_relaxed);
}

int fdg_carried_next(uint64_t set, uint64_t data, unsigned *at)
{
	uint64_t hash = hash_of(set, data), seen;

	for (; *at < FDG_CARRIED_MOST; ++*at) {
		entry *t = table(*at / WAYS);

		seen = t ? atomic_load_explicit(&t[bucket_of(hash, *at / WAYS) * WAYS + *at % WAYS], memory_order_relaxed) : 0;
		if (seen && seen >> 32 == (uint32_t)hash) {
			++*at;
			return (int)((uint32_t)seen - 1);
		}
	}
	return -1;
}

bool fdg_carried_lacks(uint64_t set, uint64_t data)
{
	return atomic_load_explicit(&lacks_all, memory_order_relaxed) || atomic_load_explicit(&lacks[bucket_of(hash_of(set, data), LEVELS - 1)], memory_order_relaxed);
}
