/* SPDX-License-Identifier: MIT */
/*
 * Guard epoll: what a wait told, and the program did nothing about. The story is at the top of epoll.c; spin.c has loops that turn for nothing, acts.c what an act is, stale.c
 * registrations that outlive their descriptor.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_EPOLL_EPOLL_H
#define FDG_GUARDS_EPOLL_EPOLL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "guards/epoll/acts.h"
#include "guards/epoll/interest.h"
#include "options/options.h"

/* This thread's wake-ups; and at which of them they are looked at closely. */
extern _Thread_local unsigned fdg_epoll_turns, fdg_epoll_next;

void fdg_epoll_look(int epfd, struct epoll_event *e, int n, bool waited);
void fdg_epoll_nested(int epfd, int n);

/* The wait on epfd returned n, `waited`: it was ready to wait. */
static inline __attribute__((always_inline)) void fdg_epoll_woken(int epfd, struct epoll_event *e, int n, bool waited)
{
	uint32_t all = 0;

	if (__builtin_expect(fdg_watched(epfd) & FDG_WATCH_ACT, 0))
		fdg_epoll_nested(epfd, n);
	if (n <= 0 || fdg_options.epoll == FDG_OFF)
		return;
	for (int i = 0; i < n; i++)
		all |= e[i].events;
	if (__builtin_expect((all & (EPOLLERR | EPOLLHUP)) != 0 || (waited && ++fdg_epoll_turns == fdg_epoll_next) || fdg_suspects_any(), 0))
		fdg_epoll_look(epfd, e, n, waited);
}

/* What can be asked for, of what is no option. */
#define FDG_EPOLL_WANTS \
	(EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND | EPOLLMSG | EPOLLRDHUP)

/* The bits of select's mapping that r asked for, that `events` lack, and that do no harm; and an event that gets them. False: there are none. */
uint32_t fdg_epoll_translation(uint32_t events, const struct fdg_registration *r);
bool fdg_epoll_translate(struct epoll_event *e, const struct fdg_registration *r);

/* The registration has FDG_INTEREST_… from now on, and its events are looked up. */
void fdg_epoll_offends(const struct fdg_registration *r, unsigned state);
/* May what carries this be of one that has? */
bool fdg_epoll_may_offend(uint64_t set, uint64_t data);

/* Does it come of a descriptor that is closed? True: nothing more is to be done about it now. Asks until it knows. */
bool fdg_epoll_is_stale(const struct fdg_suspect *s);

/* What the kernel says of fd now: `events` of it, EPOLLERR and EPOLLHUP. */
uint32_t fdg_epoll_ask(int fd, uint32_t events);
/* Bytes that are there to be read; 0 where that cannot be told. */
int fdg_epoll_unread(int fd);
/* A socket that was not connected yet hangs up, too: it has neither an error nor an end. */
bool fdg_epoll_is_fresh(int fd);
/* Is it a hang-up alone, of what others may open again, or that may yet be connected: a terminal, a FIFO with a name, a socket? */
bool fdg_epoll_may_return(int fd, uint32_t events);
/* Is an error of fd in its error queue, for what we can tell? Nothing else is there to be read then. */
bool fdg_epoll_is_queued(int fd);

/* Of several level-triggered registrations with the same data the one that shows what was told, if it is one alone. */
bool fdg_epoll_which(int epfd, uint64_t data, uint32_t events, struct fdg_registration *ret);
/* Are n registrations all that the kernel has with this data? */
bool fdg_epoll_is_all(int epfd, uint64_t data, unsigned n);

/*
 * The sampler: of a thread that is woken a thousand times a second, what is in each of 64 events' batches in a row. Calls f for each of these.
 */
void fdg_epoll_sample(int epfd, const struct epoll_event *e, int n, int64_t now, void (*f)(int epfd, const struct epoll_event *e, int64_t now));

#endif
