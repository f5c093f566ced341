// SPDX-License-Identifier: MIT
#include "guards/origin.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/sys.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

struct origin {
	_Atomic uint64_t hash; /* 0: free; taken by compare-and-swap */
	_Atomic bool ready;    /* the rest is written */
	unsigned count;
	const void *pc[FDG_ORIGIN_FRAMES];
};

static struct origin *_Atomic table;

static struct origin *get_table(void)
{
	struct origin *t = atomic_load_explicit(&table, memory_order_acquire), *none = NULL;
	size_t size = FDG_ORIGINS * sizeof(*t);

	if (t)
		return t;
	t = fdg_sys_mmap(size, false);
	if (t && !atomic_compare_exchange_strong(&table, &none, t)) {
		fdg_sys_munmap(t, size);
		t = none;
	}
	return t;
}

/* The same stack, or a free place for it; NULL when the table is full around there. */
static struct origin *place(struct origin *t, uint64_t hash, bool *ret_new)
{
	for (unsigned i = 0; i < 16; i++) {
		struct origin *o = &t[(hash + i) % FDG_ORIGINS];
		uint64_t seen = 0;

		*ret_new = atomic_compare_exchange_strong(&o->hash, &seen, hash);
		if (*ret_new || seen == hash)
			return o;
	}
	return NULL;
}

uint32_t fdg_origin_keep(void)
{
	const void *pc[FDG_ORIGIN_FRAMES];
	unsigned max = fdg_options.stacks < FDG_ORIGIN_FRAMES ? fdg_options.stacks : FDG_ORIGIN_FRAMES;
	unsigned count = fdg_stack_pcs(pc, max);
	struct origin *t = count ? get_table() : NULL, *o;
	bool is_new;

	o = t ? place(t, fdg_hash(1, pc, count * sizeof(*pc)) | 1, &is_new) : NULL;
	if (!o)
		return 0;
	if (is_new) {
		memcpy(o->pc, pc, count * sizeof(*pc));
		o->count = count;
		atomic_store_explicit(&o->ready, true, memory_order_release);
	}
	return (uint32_t)(o - t) + 1;
}

unsigned fdg_origin_frames(uint32_t id, const void *const **ret_pcs)
{
	struct origin *t = atomic_load_explicit(&table, memory_order_acquire);

	if (!id || id > FDG_ORIGINS || !t || !atomic_load_explicit(&t[id - 1].ready, memory_order_acquire))
		return 0;
	*ret_pcs = t[id - 1].pc;
	return t[id - 1].count;
}

unsigned fdg_origin_places(uint32_t id, const void *site, struct fdg_place *ret, unsigned max)
{
	const void *const *pcs = &site;
	unsigned frames = fdg_origin_frames(id, &pcs), n = 0;

	if (!frames)
		frames = site != NULL;
	for (unsigned i = 0; i < frames && n < max; i++)
		n += fdg_place_of(pcs[i], &ret[n]);
	return n;
}
