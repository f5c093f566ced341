/* SPDX-License-Identifier: MIT */
/*
 * How epoll=fix ends a spin: by slower waits. Where every event that a wait has is an error or a hang-up, and nothing else, of a registration whose spin is proved, and the
 * program has done next to nothing since its last wait (turns.h), the wait goes on for a moment: 1 ms at first, and twice as long each time, up to FDG_SLOW_MOST_MS. The
 * kernel is asked again and again meanwhile; the first event of anything else is handed over at once. Level-triggered events come again by themselves, and nothing is
 * changed in the kernel. One that does not come again, and is there still, was made to come once where nobody saw it: it is handed over. So the kernel is asked for
 * what has room beside those that are held back, and not into the program's array, in which no more is written than what the kernel would have. Where there is no such
 * room nothing is asked: each batch is handed over 2 ms later, so the next in the kernel's ring is not late by more.
 *
 * The pause belongs to a suspect (acts.h), and ends with it: by an act. Relaxed atomics; async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_EPOLL_SLOW_H
#define FDG_GUARDS_EPOLL_SLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "guards/epoll/acts.h"
#include "guards/epoll/interest.h"
#include "guards/epoll/turns.h"

#define FDG_SLOW_MOST_MS 100u
#define FDG_SLOW_A_SECOND 10         /* for people */
#define FDG_SLOW_A_SECOND_NARROW 500 /* where the program asks for so few events that more may be behind those */

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
/* A seccomp filter is next: nobody holds events back any more, or makes a call for it. */
void fdg_slow_stop(void);
/* Before epoll_ctl(epfd, op, fd, event): what it registers may carry the same data as one that is slow, or be that one. */
void fdg_slow_registers(int epfd, int op, int fd, const struct epoll_event *event);

/* One wait of the program. */
struct fdg_slow_wait {
	int epfd;
	bool is_idle;   /* nothing was done before it */
	bool is_paced;  /* what it has is handed over after one sleep, whatever else there is then */
	uint64_t set;
	int64_t end;    /* of the program's timeout, ns; INT64_MAX: none */
	int64_t begun, slice; /* holding back; how long the last sleep was */
};
/* timeout: negative: none. */
void fdg_slow_wait_begin(struct fdg_slow_wait *w, int epfd, int64_t timeout_ns, bool is_idle);
static inline int64_t fdg_slow_ns(int ms)
{
	return (int64_t)ms * 1000000;
}
struct timespec;
/* A timeout as epoll_pwait2 takes it: 0 where it cannot be read or is none that the kernel takes. */
int64_t fdg_slow_ns_of(const struct timespec *timeout);

#define FDG_SLOW_NO_SLEEP 1
/* For how long what the wait has now, n events in an array for `room`, is to be held back, ns; 0: it is handed over. */
int64_t fdg_slow_hold(struct fdg_slow_wait *w, const struct epoll_event *e, int n, int room);
/* Whoever holds events back does so between these. False: nobody may any more. */
bool fdg_slow_sleeps(void);
void fdg_slow_wakes(void);
/*
 * n events are held back in e, and `more` of `again` came now. Those that came again are dropped, and those that are not there any more; in e is what there is then, which is
 * returned, and in *ret_missed how many of them did not come again.
 */
int fdg_slow_again(const struct fdg_slow_wait *w, struct epoll_event *e, int n, const struct epoll_event *again, int more, int *ret_missed);
/* For how many is asked then. */
static inline int fdg_slow_room(int n, int room)
{
	return room - n < FDG_TURN_ROOM ? room - n : FDG_TURN_ROOM;
}
/* A forked child: nobody is asleep here. */
void fdg_slow_forked(void);
/* How much of the program's timeout is left; negative: it has none. */
int64_t fdg_slow_left(const struct fdg_slow_wait *w);

#endif
