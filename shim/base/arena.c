// SPDX-License-Identifier: MIT
#include "base/big.h"
#include "base/arena.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "base/poison.h"

FDG_BIG static alignas(max_align_t) char arena[FDG_ARENA_MAX];
static _Atomic size_t used;

void *fdg_arena_alloc(size_t n)
{
	size_t at = atomic_load_explicit(&used, memory_order_relaxed), step;

	if (n > FDG_ARENA_MAX)
		return NULL;
	step = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	do {
		if (step > FDG_ARENA_MAX - at)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&used, &at, at + step, memory_order_relaxed, memory_order_relaxed));
	return arena + at;
}

char *fdg_arena_strndup(const char *s, size_t n)
{
	char *copy = n < FDG_ARENA_MAX ? fdg_arena_alloc(n + 1) : NULL;

	if (copy)
		memcpy(copy, s, n);
	return copy;
}

void fdg_arena_forget(void)
{
	memset(arena, 0, atomic_exchange(&used, 0));
}
