// SPDX-License-Identifier: MIT
/*
 * Slots, each with an object that is made when it is first needed. The first free one that has an object is taken, so that there are as few objects as lookups at a time. Who
 * owns a slot is written by compare-and-swap, and taken back by a store; all else of a slot is its owner's.
 */
#include "wrap/lookups_inside.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "options/options.h"
#include "wrap/libcs.h"
#include "wrap/wrap.h"

#define NEAR ((uintptr_t)1 << 20) /* a frame so far below is of the same stack */
#define IS_HERE ((uintptr_t)0x6c6f6f6b7570)

enum {
	OBJECTS = 2, /* that a process keeps when lookups are few */
	SPARE = 8,   /* … and of others, that are free and were used twice within … */
	BUSY = 1000, /* … so many ms */
	LOOK = 100,  /* ms between two searches for what threads have left, which ask the kernel about each owner */
	OWN = 4,     /* slots of a thread: a handler in a handler in a handler */
	MODEST = 1 << 30, /* the numbers of modest threads come after all of the kernel's (PID_MAX_LIMIT, 2^22) */
	LOST = -1,        /* owner: a thread of the parent's, in a forked child: for good */
};

_Atomic(struct fdg_slots *) fdg_slots;
static _Atomic int64_t looked; /* ms: take_over last did */

int fdg_lookups_me(void)
{
	static _Atomic int last = MODEST;
	static _Thread_local int own;

	if (!fdg_lookups_are_modest())
		return fdg_sys_gettid();
	if (!own)
		own = atomic_fetch_add(&last, 1) + 1;
	return own;
}

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

/* The last that this thread took; all that it took later was left. */
static int last_of(struct fdg_slots *s, int me)
{
	unsigned used = atomic_load_explicit(&s->used, memory_order_acquire);
	int last = -1;

	for (unsigned i = 0; i < used; i++)
		if (FDG_GET(s->slot[i].owner) == me &&
		    (last < 0 || FDG_GET(s->slot[i].turn) > FDG_GET(s->slot[last].turn)))
			last = (int)i;
	return last;
}

/* libc calls this for a thread that is cancelled in the wait, and for one that leaves it by longjmp. */
static void leave_block(void *nothing)
{
	struct fdg_slots *s = fdg_slots_now();
	int saved = errno, n;

	(void)nothing;
	if (!s || fdg_out() || fdg_foreign_memory())
		return;
	n = last_of(s, fdg_lookups_me());
	if (n >= 0)
		fdg_slot_clear(s, (unsigned)n, fdg_room_clock());
	errno = saved;
}

/*
 * The waits of a lookup, by libc's own poll and recv: there a thread can be cancelled, and nearly all the time of a lookup is spent. pthread_cleanup_push would be an attribute for the
 * unwinder, which longjmp does not ask; libc's own list, behind it, serves both.
 */
static int block(struct pollfd *fds, unsigned n, int timeout_ms)
{
	struct _pthread_cleanup_buffer buffer;
	int r;

	_pthread_cleanup_push(&buffer, leave_block, NULL);
	r = fdg_libcs_poll(fds, n, timeout_ms);
	r = r < 0 ? -errno : r;
	_pthread_cleanup_pop(&buffer, 0);
	return r;
}

static long receive(int fd, void *message, size_t room, int flags)
{
	struct _pthread_cleanup_buffer buffer;
	long r;

	_pthread_cleanup_push(&buffer, leave_block, NULL);
	r = fdg_libcs_recv(fd, message, room, flags);
	r = r < 0 ? -errno : r;
	_pthread_cleanup_pop(&buffer, 0);
	return r;
}

static struct fdg_lookup *object_of(struct fdg_slot *s)
{
	const struct fdg_lookup_calls calls = { .block = block,
						.receive = receive,
						.cache = fdg_options.resolver_cache };
	struct fdg_lookup *l = FDG_GET(s->lookup);

	if (!l && !fdg_lookup_make(&calls, &l))
		FDG_PUT(s->lookup, l);
	return l;
}

bool fdg_slot_claim(struct fdg_slot *s, int from, int me)
{
	return atomic_compare_exchange_strong_explicit(&s->owner, &from, me, memory_order_acquire,
						       memory_order_relaxed);
}

void fdg_slot_hold(struct fdg_held *h, struct fdg_slot *s, unsigned n)
{
	h->here = (uintptr_t)h ^ IS_HERE;
	FDG_PUT(s->frame, (uintptr_t)h);
	FDG_PUT(s->turn, atomic_fetch_add_explicit(&fdg_slots_now()->turns, 1, memory_order_relaxed));
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
	if (fdg_lookups_are_modest()) /* nothing more can be asked: what a longjmp left is the thread's oldest one day (OWN) */
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
	return tid != LOST && tid < MODEST && fdg_sys3(SYS_tgkill, pid, tid, 0) == -ESRCH;
}

bool fdg_slot_claim_left(struct fdg_slot *s, int pid, int me)
{
	int owner = FDG_GET(s->owner);

	return owner && owner != me && is_gone(pid, owner) && fdg_slot_claim(s, owner, me);
}

/* One that this thread has left; the object is put in order when it is begun. Not each is recognized: a thread that has so many has left the oldest of them. */
static int take_own(struct fdg_slots *s, int me, const struct fdg_held *h)
{
	unsigned used = atomic_load_explicit(&s->used, memory_order_acquire), own = 0;
	int oldest = -1;

	for (unsigned i = 0; i < used; i++) {
		if (FDG_GET(s->slot[i].owner) != me)
			continue;
		if (was_left(FDG_GET(s->slot[i].frame), (uintptr_t)h))
			return (int)i;
		own++;
		if (oldest < 0 || FDG_GET(s->slot[i].turn) < FDG_GET(s->slot[oldest].turn))
			oldest = (int)i;
	}
	return own >= OWN ? oldest : -1;
}

static int take_made(struct fdg_slots *s, int me)
{
	unsigned used = FDG_GET(s->used);

	for (unsigned i = 0; i < used; i++) {
		struct fdg_slot *slot = &s->slot[i];

		if (FDG_GET(slot->owner) == 0 && FDG_GET(slot->lookup) && fdg_slot_claim(slot, 0, me))
			return (int)i;
	}
	return -1;
}

/* Threads that are gone: none is looked for before a new object would have to be made, nor all the time. */
static int take_over(struct fdg_slots *s, int me)
{
	unsigned used = FDG_GET(s->used);
	int pid = fdg_sys_getpid();

	if (used)
		FDG_PUT(looked, fdg_room_clock());
	for (unsigned i = 0; i < used; i++)
		if (fdg_slot_claim_left(&s->slot[i], pid, me))
			return (int)i;
	return -1;
}

static int take_new(struct fdg_slots *s, int me)
{
	for (unsigned i = 0; i < FDG_SLOTS; i++) {
		unsigned used;

		if (FDG_GET(s->slot[i].owner) || !fdg_slot_claim(&s->slot[i], 0, me))
			continue;
		used = FDG_GET(s->used);
		while (used < i + 1 && !atomic_compare_exchange_weak_explicit(
					       &s->used, &used, i + 1, memory_order_release, memory_order_relaxed))
			;
		return (int)i;
	}
	return -1;
}

bool fdg_slot_is_spare(struct fdg_slots *s, unsigned n)
{
	return n >= OBJECTS && !FDG_GET(s->slot[n].owner) && FDG_GET(s->slot[n].lookup);
}

static unsigned spare(struct fdg_slots *s)
{
	unsigned used = FDG_GET(s->used), count = 0;

	for (unsigned i = OBJECTS; i < used; i++)
		count += fdg_slot_is_spare(s, i);
	return count;
}

void fdg_slot_end(struct fdg_slots *s, unsigned n, struct fdg_lookup *l, bool stays_open, int64_t now)
{
	struct fdg_slot *slot = &s->slot[n];
	bool is_busy = now - FDG_GET(slot->since) < BUSY;

	if (!stays_open)
		fdg_lookup_rest(l);
	FDG_PUT(slot->since, now);
	if (stays_open)
		atomic_store(&slot->open, true); /* and what is read of the time then is later: close_all */
	else
		FDG_PUT(slot->open, false);
	fdg_lookup_end(l);
	if (stays_open || n < OBJECTS)
		return;
	if (is_busy && spare(s) < SPARE) {
		fdg_room_kept(now);
		return;
	}
	FDG_PUT(slot->lookup, NULL);
	fdg_lookup_free(l);
}

void fdg_slot_clear(struct fdg_slots *s, unsigned n, int64_t now)
{
	struct fdg_held h;

	fdg_slot_hold(&h, &s->slot[n], n);
	if (h.lookup) {
		fdg_lookup_begin(h.lookup);
		fdg_slot_end(s, n, h.lookup, false, now);
	}
	fdg_slot_let_go(&h, &s->slot[n]);
}

bool fdg_lookups_take(struct fdg_held *h)
{
	struct fdg_slots *s = fdg_lookups_may() ? slots_made() : NULL;
	int me, n, saved = errno;

	if (!s)
		return false;
	me = fdg_lookups_me();
	n = take_own(s, me, h);
	if (n < 0)
		n = take_made(s, me);
	if (n < 0 && fdg_room_clock() - FDG_GET(looked) >= LOOK)
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
