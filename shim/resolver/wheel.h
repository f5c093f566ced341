/* SPDX-License-Identifier: MIT */
/*
 * Timers: one for each number below a limit, in a wheel of milliseconds (1,024 µs). Setting and clearing one costs the same however many there are; no
 * allocation. A timer comes up to one tick late, never early.
 */
#ifndef FDG_RESOLVER_WHEEL_H
#define FDG_RESOLVER_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FDG_WHEEL_TICK_BITS = 10, /* of a time in microseconds */
	FDG_WHEEL_SLOTS = 4096,   /* what is further away goes round more than once */
};

#define FDG_WHEEL_NONE UINT32_MAX
#define FDG_WHEEL_NEVER UINT64_MAX

/* Memory that is zero is a timer that is not set. */
struct fdg_wheel_timer {
	uint64_t when; /* 0: not set */
	uint32_t next, prev;
	uint32_t slot;
};

struct fdg_wheel {
	uint64_t tick; /* all before and at it is over */
	uint64_t some; /* of the words, those that are not 0 */
	uint64_t words[FDG_WHEEL_SLOTS / 64];
	uint32_t heads[FDG_WHEEL_SLOTS];
	struct fdg_wheel_timer *timers;
};

/* `timers`: zeroed memory for each number. Times are microseconds of any clock that does not go back. */
void fdg_wheel_start(struct fdg_wheel *w, struct fdg_wheel_timer *timers, uint64_t now);
/* Set, or set anew. */
void fdg_wheel_set(struct fdg_wheel *w, uint32_t n, uint64_t when);
/* Set anew, if it is set and comes later. */
void fdg_wheel_advance(struct fdg_wheel *w, uint32_t n, uint64_t when);
void fdg_wheel_clear(struct fdg_wheel *w, uint32_t n);
/* When to look again: no timer is over before; FDG_WHEEL_NEVER if none is set. */
uint64_t fdg_wheel_due(const struct fdg_wheel *w);
/* One that is over, which is not set any more then; FDG_WHEEL_NONE: no more. */
uint32_t fdg_wheel_take(struct fdg_wheel *w, uint64_t now);

#endif
