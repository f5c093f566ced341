// SPDX-License-Identifier: MIT
/*
 * Slots, each with an object that is made when it is first needed. The first free one that has an object is taken, so that there are as few objects as lookups at a time. Who
 * owns a slot is written by compare-and-swap, and taken back by a store; all else of a slot is its owner's.
 */
#include "wrap/lookups_inside.h"

#include <errno.h>
#include <signal.h>

#include "options/options.h"
#include "wrap/wrap.h"

#define NEAR ((uintptr_t)1 << 20) /* a frame so far below is of the same stack */
#define IS_HERE ((uintptr_t)0x6c6f6f6b7570)

enum {
	OBJECTS = 2, /* that a process keeps when lookups are few */
	LOST = -1,   /* owner: a thread of the parent's, in a forked child: for good */
};

_Atomic(struct fdg_slots *) fdg_slots;

static struct fdg_slots *slots_made(void)
{
	struct fdg_slots *s = fdg_slots_now(), *mine;

	if (s)
		return s;
	mine = fdg_sys_mmap(sizeof(*mine), false);
	if (!mine)
		return NULL;
	if (atomic_compare_exchange_strong(&fdg_slots, &s, mine))
		return mine;
	fdg_sys_munmap(mine, sizeof(*mine));
	return s;
}

/* The wait of a lookup, by libc's own poll: there a thread can be cancelled. */
static int block(struct pollfd *fds, unsigned n, int timeout_ms)
{
	int r = real_poll(fds, n, timeout_ms);

	return r < 0 ? -errno : r;
}

static struct fdg_lookup *object_of(struct fdg_slot *s)
{
	const struct fdg_lookup_calls calls = { .block = block, .cache = fdg_options.resolver_cache };
	struct fdg_lookup *l = FDG_GET(s->lookup);

	if (!l && !fdg_lookup_make(&calls, &l))
		FDG_PUT(s->lookup, l);
	return l;
}

bool fdg_slot_claim(struct fdg_slot *s, int from, int me)
{
	return atomic_compare_exchange_strong_explicit(&s->owner, &from, me, memory_order_acquire, memory_order_relaxed);
}

void fdg_slot_hold(struct fdg_held *h, struct fdg_slot *s, unsigned n)
{
	h->here = (uintptr_t)h ^ IS_HERE;
	FDG_PUT(s->frame, (uintptr_t)h);
	h->slot = n + 1;
	h->lookup = FDG_GET(s->lookup);
}

void fdg_slot_let_go(struct fdg_held *h, struct fdg_slot *s)
{
	h->slot = 0;
	h->here = 0;
	FDG_PUT(s->frame, 0);
	atomic_store_explicit(&s->owner, 0, memory_order_release);
}

static bool is_on(const stack_t *stack, uintptr_t at)
{
	return at - (uintptr_t)stack->ss_sp < stack->ss_size;
}

static bool is_overwritten(uintptr_t frame)
{
	struct fdg_held h;

	return fdg_sys_peek((const void *)frame, &h, sizeof(h)) && h.here != (frame ^ IS_HERE);
}

/* A slot of this very thread's: was the call that took it left by longjmp, or has a signal handler, with the present call at `now`, interrupted it? */
static bool was_left(uintptr_t frame, uintptr_t now)
{
	stack_t alternate = { .ss_flags = SS_DISABLE };
	bool on_it;

	if (!frame)
		return false;
	if (is_overwritten(frame))
		return true;
	fdg_sys2(SYS_sigaltstack, NULL, &alternate);
	on_it = !(alternate.ss_flags & SS_DISABLE) && is_on(&alternate, now);
	if (!(alternate.ss_flags & SS_DISABLE) && is_on(&alternate, frame) != on_it)
		return !on_it; /* a handler's, which is over; or it is a handler's turn */
	return frame <= now && now - frame < NEAR;
}

static bool is_gone(int pid, int tid)
{
	return tid != LOST && fdg_sys3(SYS_tgkill, pid, tid, 0) == -ESRCH;
}

/* The object is put in order when it is begun. */
static int take_made(struct fdg_slots *s, int me, const struct fdg_held *h)
{
	unsigned used = atomic_load_explicit(&s->used, memory_order_acquire);

	for (unsigned i = 0; i < used; i++) {
		struct fdg_slot *slot = &s->slot[i];
		int owner = FDG_GET(slot->owner);

		if (owner == me && was_left(FDG_GET(slot->frame), (uintptr_t)h))
			return (int)i;
		if (owner == 0 && FDG_GET(slot->lookup) && fdg_slot_claim(slot, 0, me))
			return (int)i;
	}
	return -1;
}

/* Threads that are gone: none is looked for before a new object would have to be made. */
static int take_over(struct fdg_slots *s, int me)
{
	unsigned used = FDG_GET(s->used);
	int pid = used ? fdg_sys_getpid() : 0;

	for (unsigned i = 0; i < used; i++) {
		int owner = FDG_GET(s->slot[i].owner);

		if (owner && owner != me && is_gone(pid, owner) && fdg_slot_claim(&s->slot[i], owner, me))
			return (int)i;
	}
	return -1;
}

static int take_new(struct fdg_slots *s, int me)
{
	for (unsigned i = 0; i < FDG_SLOTS; i++) {
		unsigned used;

		if (FDG_GET(s->slot[i].owner) || !fdg_slot_claim(&s->slot[i], 0, me))
			continue;
		used = FDG_GET(s->used);
		while (used < i + 1 && !atomic_compare_exchange_weak_explicit(&s->used, &used, i + 1, memory_order_release, memory_order_relaxed))
			;
		return (int)i;
	}
	return -1;
}

void fdg_slot_end(struct fdg_slots *s, unsigned n, struct fdg_lookup *l, bool stays_open, int64_t now)
{
	struct fdg_slot *slot = &s->slot[n];

	if (!stays_open)
		fdg_lookup_rest(l);
	FDG_PUT(slot->since, now);
	if (stays_open)
		atomic_store(&slot->open, true); /* and what is read of the time then is later: close_all */
	else
		FDG_PUT(slot->open, false);
	fdg_lookup_end(l);
	if (!stays_open && n >= OBJECTS) {
		FDG_PUT(slot->lookup, NULL);
		fdg_lookup_free(l);
	}
}

bool fdg_lookups_take(struct fdg_held *h)
{
	struct fdg_slots *s = fdg_lookups_may() ? slots_made() : NULL;
	int me, n, saved = errno;

	if (!s)
		return false;
	me = fdg_sys_gettid();
	n = take_made(s, me, h);
	if (n < 0)
		n = take_over(s, me);
	if (n < 0)
		n = take_new(s, me);
	if (n < 0)
		return false;
	if (!object_of(&s->slot[n])) {
		fdg_slot_let_go(h, &s->slot[n]);
		return false;
	}
	fdg_slot_hold(h, &s->slot[n], (unsigned)n);
	fdg_lookup_begin(h->lookup);
	errno = saved;
	return true;
}

void fdg_lookups_give(struct fdg_held *h)
{
	struct fdg_slots *s = fdg_slots_now();
	unsigned n = h->slot - 1;
	int64_t now = fdg_room_clock();
	bool stays_open = fdg_room_keeps(n, h->lookup, now);

	fdg_slot_end(s, n, h->lookup, stays_open, now);
	if (stays_open)
		fdg_room_kept(now);
	fdg_slot_let_go(h, &s->slot[n]);
}

/* What was under way, in this thread too if a signal handler forked, stays as it is: its own caller may come back to it, and nobody else. */
void fdg_lookups_forked(void)
{
	struct fdg_slots *s = fdg_slots_now();
	unsigned used = s ? FDG_GET(s->used) : 0;

	for (unsigned i = 0; i < used; i++)
		if (FDG_GET(s->slot[i].owner))
			FDG_PUT(s->slot[i].owner, LOST);
}
