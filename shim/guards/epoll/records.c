// SPDX-License-Identifier: MIT
#include "guards/epoll/records.h"

#include "base/big.h"
#include "base/sys.h"
#include "guards/epoll/interest.h"

#include "base/poison.h"

FDG_BIG struct fdg_record fdg_record_first[FDG_LEDGER_CHUNK];
FDG_BIG static struct fdg_record *_Atomic chunks[FDG_LEDGER_MAX / FDG_LEDGER_CHUNK]; /* [0] stays unused */
static struct fdg_record *_Atomic further;
static _Atomic unsigned further_used;

struct fdg_record *fdg_record_far(int fd)
{
	struct fdg_record *chunk;

	if ((unsigned)fd >= FDG_LEDGER_MAX)
		return NULL;
	chunk = atomic_load_explicit(&chunks[(unsigned)fd / FDG_LEDGER_CHUNK], memory_order_acquire);
	return chunk ? &chunk[(unsigned)fd % FDG_LEDGER_CHUNK] : NULL;
}

static void *map_once(void *_Atomic *where, size_t size)
{
	void *fresh = fdg_sys_mmap(size, false), *none = NULL;

	if (fresh && !atomic_compare_exchange_strong(where, &none, fresh))
		fdg_sys_munmap(fresh, size);
	return atomic_load_explicit(where, memory_order_acquire);
}

struct fdg_record *fdg_record_make(int fd)
{
	struct fdg_record *r = fdg_record_of(fd);

	if (r || (unsigned)fd >= FDG_LEDGER_MAX)
		return r;
	map_once((void *_Atomic *)&chunks[(unsigned)fd / FDG_LEDGER_CHUNK], FDG_LEDGER_CHUNK * sizeof(*r));
	return fdg_record_of(fd);
}

struct fdg_record *fdg_record_at(uint32_t more)
{
	return &atomic_load_explicit(&further, memory_order_acquire)[more - 1];
}

struct fdg_record *fdg_record_lengthen(struct fdg_record *r)
{
	unsigned at;
	uint32_t none = 0;
	struct fdg_record *next;

	if (!atomic_load_explicit(&further, memory_order_acquire) &&
	    !map_once((void *_Atomic *)&further, FDG_INTEREST_FURTHER * sizeof(*r)))
		return NULL;
	if (atomic_load_explicit(&further_used, memory_order_relaxed) >= FDG_INTEREST_FURTHER)
		return NULL;
	at = atomic_fetch_add_explicit(&further_used, 1, memory_order_relaxed);
	if (at >= FDG_INTEREST_FURTHER)
		return NULL;
	while ((next = fdg_record_next(r)) || !atomic_compare_exchange_weak(&r->more, &none, at + 1)) {
		none = 0;
		r = next ? next : r;
	}
	return fdg_record_at(at + 1);
}
