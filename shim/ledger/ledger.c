// SPDX-License-Identifier: MIT
#include "ledger/ledger.h"

#include "base/big.h"
#include "base/sys.h"
#include "ledger/sharers.h"
#include "ledger/watch.h"

#include "base/poison.h"

FDG_BIG struct fdg_entry fdg_ledger_first[FDG_LEDGER_CHUNK];
FDG_BIG static struct fdg_entry *_Atomic chunks[FDG_LEDGER_MAX / FDG_LEDGER_CHUNK]; /* [0] stays unused */
static _Atomic int top = -1; /* the highest fd ever learned; only rises */

/*
 * Touches: what a vfork child does, noted in the thread-local storage that it shares with its suspended parent. Emptied by the first note that is made at a
 * new depth, so no clean-up is owed when the parent goes on.
 */
#define TOUCHES 24
static _Thread_local struct {
	int depth; /* fdg_vfork_depth when the list was begun */
	int pid;   /* of the child that wrote it: two children in turn run at the same depth */
	unsigned count;
	struct { int first, last; enum fdg_touch how; } touch[TOUCHES];
} touches;

static bool touches_are_current(void)
{
	return touches.count && touches.depth == fdg_vfork_depth && touches.pid == fdg_sys_getpid();
}

static void touch(unsigned first, unsigned last, enum fdg_touch how)
{
	if (fdg_vfork_depth == 0 || first > INT32_MAX) /* close(-1) touches nothing */
		return; /* a clone that shares memory without vfork: nothing may be written anywhere */
	if (!touches_are_current()) {
		touches.count = 0;
		touches.depth = fdg_vfork_depth;
		touches.pid = fdg_sys_getpid();
	}
	/* A full list keeps its newest: the last things done before exec are the ones that matter. */
	if (touches.count == TOUCHES) {
		for (unsigned i = 1; i < TOUCHES; i++)
			touches.touch[i - 1] = touches.touch[i];
		touches.count--;
	}
	touches.touch[touches.count].first = (int)first;
	touches.touch[touches.count].last = last > INT32_MAX ? INT32_MAX : (int)last;
	touches.touch[touches.count++].how = how;
}

enum fdg_touch fdg_ledger_touch(int fd)
{
	if (__builtin_expect(fdg_vfork_depth == 0, 1) || !touches_are_current())
		return FDG_UNTOUCHED;
	for (unsigned i = touches.count; i-- > 0;)
		if (fd >= touches.touch[i].first && fd <= touches.touch[i].last)
			return touches.touch[i].how;
	return FDG_UNTOUCHED;
}

bool fdg_ledger_has_touches(void)
{
	return fdg_vfork_depth > 0 && touches_are_current();
}

void fdg_ledger_touches(void (*f)(void *cookie, int first, int last, enum fdg_touch how), void *cookie)
{
	if (!fdg_ledger_has_touches())
		return;
	for (unsigned i = 0; i < touches.count; i++)
		f(cookie, touches.touch[i].first, touches.touch[i].last, touches.touch[i].how);
}

struct fdg_entry *fdg_ledger_far(int fd)
{
	struct fdg_entry *chunk;

	if ((unsigned)fd >= FDG_LEDGER_MAX)
		return NULL;
	chunk = atomic_load_explicit(&chunks[(unsigned)fd / FDG_LEDGER_CHUNK], memory_order_acquire);
	return chunk ? &chunk[(unsigned)fd % FDG_LEDGER_CHUNK] : NULL;
}

/* As fdg_ledger_find, but maps the chunk. Two threads may map it at once: the second gives its mapping back. */
static struct fdg_entry *find_or_map(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd), *chunk, *none = NULL;
	size_t size = FDG_LEDGER_CHUNK * sizeof(*e);

	if (e || (unsigned)fd >= FDG_LEDGER_MAX)
		return e;
	chunk = fdg_sys_mmap(size, false);
	if (!chunk)
		return NULL;
	if (!atomic_compare_exchange_strong(&chunks[(unsigned)fd / FDG_LEDGER_CHUNK], &none, chunk))
		fdg_sys_munmap(chunk, size);
	return fdg_ledger_far(fd);
}

static void raise_top(int fd)
{
	int seen = atomic_load_explicit(&top, memory_order_relaxed);

	while (seen < fd && !atomic_compare_exchange_weak(&top, &seen, fd))
		;
}

/* Description ids: a block of numbers per thread, so that making one is an addition. Those below the floor are not gone on with. */
_Atomic uint64_t fdg_ledger_floor = FDG_DESCRIPTION_FIRST;
static _Atomic uint64_t blocks = FDG_DESCRIPTION_FIRST >> 16;

static uint64_t new_description(void)
{
	static _Thread_local uint64_t next;

	if (__builtin_expect((next & 0xffff) == 0 || next < atomic_load_explicit(&fdg_ledger_floor, memory_order_relaxed), 0))
		next = atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed) << 16;
	return next++;
}

static uint64_t inherited_description(void)
{
	static uint64_t last;

	return last < FDG_DESCRIPTION_FIRST - 1 ? ++last : last;
}

void fdg_ledger_forking(void)
{
	uint64_t block = atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);

	atomic_store_explicit(&fdg_ledger_floor, block << 16, memory_order_relaxed);
}

uint64_t fdg_ledger_now(void)
{
	return new_description();
}

static void put(int fd, uint32_t state, const void *site, uint64_t description)
{
	struct fdg_entry *e = find_or_map(fd);

	if (!e)
		return;
	atomic_store_explicit(&e->generation, atomic_load_explicit(&e->generation, memory_order_relaxed) + 1, memory_order_relaxed);
	atomic_store_explicit(&e->site, (uintptr_t)site, memory_order_relaxed);
	atomic_store_explicit(&e->description, description, memory_order_relaxed);
	atomic_store_explicit(&e->origin, 0, memory_order_relaxed);
	atomic_store_explicit(&e->lifts, 0, memory_order_relaxed);
	atomic_store_explicit(&e->state, state, memory_order_release);
	fdg_watch_forget(fd);
	raise_top(fd);
	if (state & FDG_SHARED)
		fdg_sharers_add(fd);
}

void fdg_ledger_learn(int fd, fdg_kindword kind, uint32_t flags, const void *site)
{
	if (fd < 0)
		return;
	if (fdg_foreign_memory()) {
		touch((unsigned)fd, (unsigned)fd, flags & FDG_MEANT ? FDG_TOUCHED_MEANT : FDG_TOUCHED_MADE);
		return;
	}
	put(fd, (kind & FDG_KIND_MASK) | flags | FDG_KNOWN, site, flags & FDG_INHERITED ? inherited_description() : new_description());
}

void fdg_ledger_copy(int from, int to, uint32_t flags, const void *site)
{
	struct fdg_entry *e;
	uint32_t state;

	if (fdg_foreign_memory()) {
		touch((unsigned)to, (unsigned)to, flags & FDG_MEANT ? FDG_TOUCHED_MEANT : FDG_TOUCHED_MADE);
		return;
	}
	e = fdg_ledger_find(from);
	state = e ? atomic_load_explicit(&e->state, memory_order_acquire) : 0;
	if (!state) {
		put(to, FDG_KIND_UNKNOWN | flags | FDG_SHARED | FDG_KNOWN, site, 0);
		return;
	}
	if (!(state & FDG_SHARED))
		fdg_ledger_flag(from, FDG_SHARED, 0);
	put(to, (state & (FDG_KIND_MASK | FDG_NONBLOCK | FDG_PASSED)) | flags | FDG_MODE_COPIED | FDG_SHARED | FDG_KNOWN, site,
	    atomic_load_explicit(&e->description, memory_order_relaxed));
}

void fdg_ledger_identify(int fd, uint64_t description)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	if (!e)
		return;
	atomic_store_explicit(&e->description, description, memory_order_relaxed);
	fdg_sharers_add(fd);
}

void fdg_ledger_flag(int fd, uint32_t set, uint32_t clear)
{
	struct fdg_entry *e = fdg_ledger_find(fd);
	uint32_t state = e ? atomic_load_explicit(&e->state, memory_order_relaxed) : 0;

	if (fdg_foreign_memory()) {
		touch((unsigned)fd, (unsigned)fd, set & FDG_MEANT ? FDG_TOUCHED_MEANT : FDG_TOUCHED_MADE);
		return;
	}
	while (state && !atomic_compare_exchange_weak_explicit(&e->state, &state, (state & ~clear) | set, memory_order_release, memory_order_relaxed))
		;
	if (state && set & FDG_SHARED)
		fdg_sharers_add(fd);
}

void fdg_ledger_asked(int fd)
{
	if (fdg_foreign_memory())
		touch((unsigned)fd, (unsigned)fd, FDG_TOUCHED_ASKED);
	else
		fdg_ledger_flag(fd, FDG_MEANT, 0);
}

void fdg_ledger_origin(int fd, uint32_t origin)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	if (e)
		atomic_store_explicit(&e->origin, origin, memory_order_relaxed);
}

void fdg_ledger_forget_slow(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	if (fdg_foreign_memory())
		touch((unsigned)fd, (unsigned)fd, FDG_TOUCHED_CLOSED);
	else if (e) {
		atomic_store_explicit(&e->state, 0, memory_order_release);
		fdg_watch_forget(fd);
	}
}

void fdg_ledger_forget_range(unsigned first, unsigned last)
{
	if (fdg_foreign_memory()) {
		touch(first, last, FDG_TOUCHED_CLOSED);
		return;
	}
	if (first > INT32_MAX)
		return;
	for (int fd = fdg_ledger_next((int)first); fd >= 0 && (unsigned)fd <= last; fd = fdg_ledger_next(fd + 1))
		fdg_ledger_forget_slow(fd);
}

void fdg_ledger_flag_range(unsigned first, unsigned last, uint32_t set, uint32_t clear)
{
	if (fdg_foreign_memory()) {
		touch(first, last, FDG_TOUCHED_MADE);
		return;
	}
	if (first > INT32_MAX)
		return;
	for (int fd = fdg_ledger_next((int)first); fd >= 0 && (unsigned)fd <= last; fd = fdg_ledger_next(fd + 1))
		fdg_ledger_flag(fd, set, clear);
}

unsigned fdg_ledger_lift(int fd, int by)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	return e ? atomic_fetch_add(&e->lifts, (uint32_t)by) + (uint32_t)by : 1;
}

bool fdg_ledger_look(int fd, struct fdg_known *ret)
{
	struct fdg_entry *e = fdg_ledger_find(fd);
	uint32_t state = e ? atomic_load_explicit(&e->state, memory_order_acquire) : 0;

	if (!state)
		return false;
	ret->flags = state & ~(uint32_t)FDG_KIND_MASK;
	ret->kind = state & FDG_KIND_MASK;
	ret->site = (const void *)atomic_load_explicit(&e->site, memory_order_relaxed);
	ret->description = atomic_load_explicit(&e->description, memory_order_relaxed);
	ret->origin = atomic_load_explicit(&e->origin, memory_order_relaxed);
	ret->generation = atomic_load_explicit(&e->generation, memory_order_relaxed);
	return true;
}

int fdg_ledger_next(int fd)
{
	int end = atomic_load_explicit(&top, memory_order_relaxed);

	while (fd >= 0 && fd <= end) {
		struct fdg_entry *e = fdg_ledger_find(fd);

		if (!e) { /* a chunk that was never mapped */
			fd = (int)(((unsigned)fd / FDG_LEDGER_CHUNK + 1) * FDG_LEDGER_CHUNK);
			continue;
		}
		if (atomic_load_explicit(&e->state, memory_order_relaxed))
			return fd;
		fd++;
	}
	return -1;
}

/* Within the chunk that fd is in: the first that fits, or the first of the next chunk. */
static int search_chunk(const struct fdg_entry *first, int fd, uint64_t description, uint32_t flags, bool *ret_found)
{
	for (unsigned i = (unsigned)fd % FDG_LEDGER_CHUNK; i < FDG_LEDGER_CHUNK; i++, fd++) {
		uint32_t state = atomic_load_explicit(&first[i].state, memory_order_relaxed);

		if (!state || (atomic_load_explicit(&first[i].description, memory_order_relaxed) != description && (state & flags) != flags))
			continue;
		*ret_found = true;
		break;
	}
	return fd;
}

int fdg_ledger_next_of(int fd, uint64_t description, uint32_t flags)
{
	int end = atomic_load_explicit(&top, memory_order_relaxed);
	bool found = false;

	while (fd >= 0 && fd <= end && !found) {
		struct fdg_entry *e = fdg_ledger_find(fd);

		if (e)
			fd = search_chunk(e - (unsigned)fd % FDG_LEDGER_CHUNK, fd, description, flags, &found);
		else
			fd = (int)(((unsigned)fd / FDG_LEDGER_CHUNK + 1) * FDG_LEDGER_CHUNK);
	}
	return found ? fd : -1;
}
