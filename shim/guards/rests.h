/* SPDX-License-Identifier: MIT */
/*
 * Registrations that are at rest: edge-triggered by us (cures.c), and told of once in FDG_REST_MS ms, so that a program that comes back to them after all has not missed
 * anything. The wait itself is cut into parts that long, in lists that have one.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_RESTS_H
#define FDG_GUARDS_RESTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/interest.h"

#define FDG_RESTS 64u
#define FDG_REST_MS 100

extern _Atomic unsigned fdg_rests; /* how many there are */
static inline bool fdg_rests_any(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_rests, memory_order_relaxed) != 0, 0);
}

/* False: there is no room. */
bool fdg_rest_add(const struct fdg_registration *r);
void fdg_rest_drop(const struct fdg_registration *r);
/* All get their masks back, and keep them for a moment: a seccomp filter is next, a fork or an exec. */
void fdg_rests_release(void);
bool fdg_rests_are_held(void);
/* poll or select waits for fd. What is at rest in a list that it may be is not any more: nobody would be told of it. */
void fdg_rests_polled(int fd);
/* A forked child: its parent tells. */
void fdg_rests_forked(void);

/* One wait of the program. */
struct fdg_rest_wait {
	int epfd;
	bool in_parts;
	int64_t end; /* of the program's timeout, ns; INT64_MAX: none */
	int ms;      /* how long to wait now … */
	int64_t ns;  /* … to be precise */
};
struct timespec;
/* A timeout as epoll_pwait2 takes it: 0 where it cannot be read or is none that the kernel takes. */
int64_t fdg_rest_ns_of(const struct timespec *timeout);
static inline int64_t fdg_rest_ns(int ms)
{
	return (int64_t)ms * 1000000;
}
/* timeout: negative: none. Not in parts: the call is to be made as it is. */
void fdg_rest_begin(struct fdg_rest_wait *w, int epfd, int64_t timeout_ns);
/* Nothing came for w->ms: is there more to wait for? */
bool fdg_rest_again(struct fdg_rest_wait *w);

/* WAIT is the call, by w.ms, and sets n. */
#define FDG_REST_WAIT(w, n, WAIT) \
	do \
		WAIT; \
	while ((n) == 0 && fdg_rest_again(&(w)))

#endif
