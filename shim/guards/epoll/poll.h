/* SPDX-License-Identifier: MIT */
/*
 * Guard epoll, for poll and ppoll: what a wait told, and the program did nothing about. The story is at the top of poll.c.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_EPOLL_POLL_H
#define FDG_GUARDS_EPOLL_POLL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/epoll/acts.h"
#include "options/options.h"

/* A call that returned, with the array as it left it. */
struct fdg_polled {
	const struct pollfd *fds;
	uint64_t n;
	int ready; /* what it returned */
	const char *call; /* "poll" */
	const void *site;
};

/* This thread's waits that found something: how many until they are looked at closely. */
extern _Thread_local unsigned fdg_poll_until_sample;

/* due: fdg_poll_until_sample is 0 */
void fdg_poll_look(const struct fdg_polled *p, bool due);

/* p->ready is above 0, and the program was ready to wait. */
static inline __attribute__((always_inline)) void fdg_poll_woken(const struct fdg_polled *p)
{
	bool due;
	int all = 0;

	if (fdg_options.epoll == FDG_OFF)
		return;
	due = --fdg_poll_until_sample == 0;
	for (uint64_t i = 0; i < p->n; i++)
		all |= p->fds[i].revents;
	if (__builtin_expect((all & (POLLERR | POLLHUP | POLLNVAL)) != 0 || due || atomic_load_explicit(&fdg_suspects_plain, memory_order_relaxed), 0))
		fdg_poll_look(p, due);
}

/*
 * Numbers that are not open, on which a spin was proved: with epoll=fix they are left out of the wait. What the program sees is what poll may always do: they are told
 * as soon as another descriptor is, and after FDG_POLL_HIDES_MS at the latest.
 */
#define FDG_POLL_HIDDEN 16u /* numbers at a time */
#define FDG_POLL_HIDES_MS 100
#define FDG_POLL_FEW 128u     /* entries that are copied to the stack … */
#define FDG_POLL_MOST 65536u  /* … and to a mapping; longer arrays go to the kernel as they are */
#define FDG_POLL_ROOMS 16u    /* mappings; one that a thread was in when it ended is lost */
#define FDG_POLL_OUT INT32_MIN /* in a copy: the number that is left out */

extern _Atomic unsigned fdg_poll_hides; /* how many there are */
/* False: there is no room for one more. */
bool fdg_poll_hide(int fd);
/* Puts FDG_POLL_OUT in place of the numbers that are hidden and still closed; another number that is negative becomes -1. Returns how many. */
unsigned fdg_poll_leave_out(struct pollfd *copy, uint64_t n);
/* Room for a copy of n entries. NULL: there is none. */
struct pollfd *fdg_poll_room(uint64_t n);
void fdg_poll_room_done(const struct pollfd *room);

/* The findings: poll_say.c. */
struct fdg_poll_finding {
	const struct fdg_polled *polled;
	const struct fdg_suspect *suspect;
	short asked, told; /* events and revents */
	uint64_t rate;     /* a second; 0: epoll.ignored */
	int64_t ms;        /* since the first of them */
	bool fixed;
};
void fdg_poll_say(const struct fdg_poll_finding *f);

#endif
