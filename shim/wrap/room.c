// SPDX-License-Identifier: MIT
#include "wrap/room.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>

#include "wrap/lookups_inside.h"
#include "wrap/wrap.h"

enum {
	DENSE = 1000, /* ms in which … */
	BULK = 16,    /* … so many lookups end: from then on descriptors stay open between them */
	IDLE = 2000,
	KEEPERS = 16,   /* slots whose objects keep descriptors between lookups, at most */
	KEEPER_OF = 64, /* … one for so many descriptors that the program may have */
	NUMBERS = 32,   /* descriptors of an object */
	MARGIN = 64,    /* a call may obtain several numbers */
};

static _Atomic int64_t last_end, second; /* ms */
static _Atomic unsigned ended; /* since then */
static _Atomic bool is_bulk;
static _Atomic bool never;
static _Atomic int keepers = -1, floor_of_ours; /* -1: not asked yet */
_Atomic int64_t fdg_room_due;
_Atomic unsigned fdg_room_lowest = UINT_MAX;

int64_t fdg_room_clock(void)
{
	return fdg_lookup_clock_ms() + 1;
}

/* How many slots may keep descriptors; from which number on these lie. The limit that the program has when it first comes to it counts. */
static void ask_limit(void)
{
	struct rlimit limit;

	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0)
		limit.rlim_cur = 0;
	FDG_PUT(floor_of_ours, fdg_lookup_floor());
	FDG_PUT(keepers, limit.rlim_cur / KEEPER_OF < KEEPERS ? (int)(limit.rlim_cur / KEEPER_OF) : KEEPERS);
}

static bool may_keep(unsigned n)
{
	if (FDG_GET(keepers) < 0)
		ask_limit();
	return (int)n < FDG_GET(keepers);
}

static void note_lowest(unsigned fd)
{
	unsigned lowest = FDG_GET(fdg_room_lowest);

	while (fd < lowest && !atomic_compare_exchange_weak(&fdg_room_lowest, &lowest, fd))
		;
}

/* Numbers that were free when the kernel gave them to us: what the ledger says of them is out of date. False: there is one that the program may miss. */
static bool are_out_of_the_way(const struct fdg_lookup *l)
{
	int fds[NUMBERS], lowest = INT_MAX, floor = FDG_GET(floor_of_ours);
	unsigned n = fdg_lookup_descriptors(l, fds, NUMBERS);

	if (n > NUMBERS)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (fds[i] < floor)
			return false;
		fdg_ledger_forget(fds[i]);
		lowest = fds[i] < lowest ? fds[i] : lowest;
	}
	note_lowest(lowest > MARGIN ? (unsigned)lowest - MARGIN : 0);
	return true;
}

/* Seconds begin with the first lookup in them. That threads count at once is no harm. */
static bool comes_densely(int64_t now)
{
	int64_t begun = FDG_GET(second);

	FDG_PUT(last_end, now);
	if (!begun || now - begun >= DENSE) {
		FDG_PUT(is_bulk, begun && now - begun < 2 * DENSE && FDG_GET(ended) >= BULK);
		FDG_PUT(second, now);
		FDG_PUT(ended, 0);
	}
	return atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed) + 1 >= BULK || FDG_GET(is_bulk);
}

/* A socket may be what a lookup failed by: its own address is no more the host's, say. */
static bool has_failed(const struct fdg_lookup *l)
{
	struct fdg_lookup_facts facts;

	fdg_lookup_facts(l, &facts);
	return facts.reason != NULL;
}

bool fdg_room_keeps(unsigned n, const struct fdg_lookup *l, int64_t now)
{
	return !fdg_lookups_are_modest() && comes_densely(now) && !FDG_GET(never) && !fdg_out() && !has_failed(l) && may_keep(n) && are_out_of_the_way(l);
}

void fdg_room_kept(int64_t now)
{
	if (!FDG_GET(fdg_room_due))
		FDG_PUT(fdg_room_due, now + IDLE);
}

static bool is_ours(void)
{
	return !fdg_out() && !fdg_foreign_memory();
}

/* The objects that nobody uses: those that have been idle since then lose their descriptors, and so do those of threads that are gone. True: some have some still. */
static bool close_idle(struct fdg_slots *s, int64_t since, int64_t now)
{
	unsigned used = FDG_GET(s->used);
	int me = fdg_lookups_me(), pid = fdg_sys_getpid();
	bool any = false;

	for (unsigned i = 0; i < used; i++) {
		struct fdg_slot *slot = &s->slot[i];
		bool left = fdg_slot_claim_left(slot, pid, me);

		if (!left && !atomic_load(&slot->open) && !fdg_slot_is_spare(s, i))
			continue;
		if (left || (FDG_GET(slot->since) <= since && fdg_slot_claim(slot, 0, me)))
			fdg_slot_clear(s, i, now);
		else
			any = true;
	}
	return any;
}

/* Whoever is at one of them meanwhile sees that the time is 0, or is seen; a number that he noted before is noted with his next lookup. */
static void close_all(struct fdg_slots *s)
{
	int64_t now = fdg_room_clock();

	atomic_store(&fdg_room_lowest, UINT_MAX);
	atomic_store(&fdg_room_due, 0);
	if (close_idle(s, INT64_MAX, now))
		FDG_PUT(fdg_room_due, now + IDLE);
}

void fdg_room_make(void)
{
	struct fdg_slots *s = fdg_slots_now();
	int saved = errno;

	if (!s || !is_ours())
		return;
	close_all(s);
	errno = saved;
}

bool fdg_room_made(void)
{
	if ((errno != EMFILE && errno != ENFILE) || !is_ours())
		return false;
	fdg_room_make();
	return true;
}

void fdg_room_look(void)
{
	int64_t now = fdg_room_clock(), due = FDG_GET(fdg_room_due);
	struct fdg_slots *s = fdg_slots_now();

	if (!due || now < due || !s || !is_ours())
		return;
	if (!atomic_compare_exchange_strong(&fdg_room_due, &due, now + IDLE / 4))
		return;
	if (now - FDG_GET(last_end) >= IDLE)
		close_all(s);
	else
		close_idle(s, now - IDLE, now);
}

void fdg_lookups_forking(void)
{
	if (fdg_room_taken())
		fdg_room_make();
}

void fdg_room_narrow(void)
{
	if (!is_ours())
		return;
	FDG_PUT(never, true);
	fdg_room_make();
}

/* The only thread takes all with it. */
void fdg_lookups_moved(void)
{
	if (!__libc_single_threaded)
		FDG_PUT(never, true);
	fdg_room_make();
}
