/* SPDX-License-Identifier: MIT */
/*
 * How epoll=fix ends a spin: by slower waits. Where every event that a wait has is of a registration whose spin is proved, and nothing about it has changed, the wait goes on for a
 * moment: 1 ms at first, and twice as long each time, up to FDG_SLOW_MOST_MS. The kernel is asked again and again meanwhile; the first event of anything else is handed over at
 * once. Level-triggered events come again by themselves, so nothing is lost, and nothing is changed in the kernel.
 *
 * The pause belongs to a suspect (acts.h), and ends with it: by an act. Relaxed atomics; async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_SLOW_H
#define FDG_GUARDS_SLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "guards/acts.h"
#include "guards/interest.h"

#define FDG_SLOW_MOST_MS 100u
#define FDG_SLOW_A_SECOND 10 /* for people */

static inline bool fdg_slow_any(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_suspects_slow, memory_order_relaxed) != 0, 0);
}

/* From now on its waits are slowed. False: there was an act meanwhile. */
bool fdg_slow_begin(const struct fdg_suspect *s);
static inline bool fdg_slow_is(const struct fdg_suspect *s)
{
	return atomic_load_explicit(&fdg_suspects_slow, memory_order_relaxed) >> s->slot & 1;
}
/* A seccomp filter is next: whoever holds events back makes no more calls for it. */
void fdg_slow_stop(void);

/* One wait of the program. */
struct fdg_slow_wait {
	int epfd;
	uint64_t set;
	int64_t end;    /* of the program's timeout, ns; INT64_MAX: none */
	int64_t slice;  /* the last one */
	unsigned asks, full;
};
/* timeout: negative: none. */
void fdg_slow_wait_begin(struct fdg_slow_wait *w, int epfd, int64_t timeout_ns);
static inline int64_t fdg_slow_ns(int ms)
{
	return (int64_t)ms * 1000000;
}
struct timespec;
/* A timeout as epoll_pwait2 takes it: 0 where it cannot be read or is none that the kernel takes. */
int64_t fdg_slow_ns_of(const struct timespec *timeout);

/* What the wait has now is to be … */
enum fdg_slow_answer {
	FDG_SLOW_GIVE,  /* handed over */
	FDG_SLOW_ASK,   /* asked for again */
	FDG_SLOW_SLEEP, /* … in *ret_ns */
};
enum fdg_slow_answer fdg_slow_hold(struct fdg_slow_wait *w, const struct epoll_event *e, int n, int room, int64_t *ret_ns);
/*
 * Nothing is there any more, of the n events that were held back. If one was of what comes once, by a change that we did not see, it is to be handed over: those that are
 * there still, as the kernel says, and how many.
 */
int fdg_slow_gone(const struct fdg_slow_wait *w, struct epoll_event *e, int n);
/* How much of the program's timeout is left; negative: it has none. */
int64_t fdg_slow_left(const struct fdg_slow_wait *w);

#endif
