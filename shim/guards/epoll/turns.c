// SPDX-License-Identifier: MIT
#include "guards/epoll/turns.h"

#include <time.h>

#include "base/state.h"

#include "base/poison.h"

#define LONG_NS 10000 /* a loop that only turns takes 1 to 3 us … */
#define LONG_COLD_NS 50000 /* … but for the first turn after a sleep */
#define LAST 8u /* turns that are remembered */

enum { IDLE, BUSY, ELSEWHERE };

static _Thread_local struct {
	_Atomic uint64_t set;     /* on which this thread waited last; 0: elsewhere */
	_Atomic int64_t begun;    /* the turn; 0: it is in a wait */
	_Atomic unsigned is_cold, is_narrow, left, last; /* left: so many more turns, and the last idle one is forgotten */
} turn;

#define GET(member) atomic_load_explicit(&(member), memory_order_relaxed)
#define SET(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)

int64_t fdg_turn_clock(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static unsigned kind_of(uint64_t set)
{
	int64_t begun = GET(turn.begun);

	if (GET(turn.set) != set)
		return ELSEWHERE;
	if (!begun || fdg_turn_clock() - begun >= (GET(turn.is_cold) ? LONG_COLD_NS : LONG_NS))
		return BUSY;
	return IDLE;
}

static bool is_ours(void)
{
	return fdg_phase_now() == FDG_ACTIVE && !fdg_foreign_memory();
}

bool fdg_turn_over_slow(uint64_t set)
{
	unsigned kind, left = GET(turn.left);

	if (!is_ours())
		return false;
	kind = kind_of(set);
	SET(turn.is_cold, false);
	SET(turn.begun, 0);
	SET(turn.set, set);
	SET(turn.last, kind);
	SET(turn.left, kind == IDLE ? LAST : left ? left - 1 : 0);
	return kind == IDLE;
}

void fdg_turn_begins_slow(int n, int room)
{
	if (!is_ours())
		return;
	SET(turn.is_narrow, n > 0 && !fdg_turn_has_room(n, room));
	SET(turn.begun, fdg_turn_clock());
}

void fdg_turn_slept(void)
{
	if (is_ours())
		SET(turn.is_cold, true);
}

void fdg_turn_elsewhere_slow(void)
{
	if (is_ours())
		SET(turn.set, 0);
}

bool fdg_turn_is_narrow(void)
{
	return GET(turn.is_narrow);
}

const char *fdg_turn_why_not(void)
{
	if (GET(turn.left))
		return NULL;
	switch (GET(turn.last)) {
	case ELSEWHERE:
		return "the thread waits for other things as well, each time";
	default:
		return "the loop does work of its own each time";
	}
}
