/* SPDX-License-Identifier: MIT */
/*
 * Guard epoll: closed descriptors that stay in an interest list. The story is at the top of stale.c; those that nobody saw being left are found in stale_find.c.
 *
 * Async-signal-safe, all of it. Never in memory that is not ours.
 */
#ifndef FDG_GUARDS_EPOLL_STALE_H
#define FDG_GUARDS_EPOLL_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/epoll/interest.h"
#include "guards/nonblock/stdio.h"
#include "ledger/ledger.h"

/* Of one of its own, as far as the ledger knows; what it does not know may be one too. */
static inline bool fdg_stale_may_be(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return !state || state & FDG_POLLED;
}

void fdg_stale_closing(int fd, const void *site);
void fdg_stale_closing_range(unsigned first, unsigned last, const void *site);
void fdg_stale_replacing(int from, int to, const void *site);

/* Whatever closes calls one of these before the real call, which may fail in the last case alone. */
static inline void fdg_closing(int fd, const void *site)
{
	fdg_stdio_closing((unsigned)fd, (unsigned)fd);
	if (fdg_interest_has_own() && fdg_stale_may_be(fd))
		fdg_stale_closing(fd, site);
}

static inline void fdg_closing_range(unsigned first, unsigned last, const void *site)
{
	fdg_stdio_closing(first, last);
	if (fdg_interest_has_own())
		fdg_stale_closing_range(first, last, site);
}

/* dup2(from, to) and dup3. */
static inline void fdg_closing_for(int from, int to, const void *site)
{
	fdg_stdio_closing((unsigned)to, (unsigned)to);
	if (fdg_interest_has_own() && fdg_stale_may_be(to))
		fdg_stale_replacing(from, to, site);
}

/* Registrations were taken out at a close, and who else holds what was closed is yet to be told: before a wait on epfd. */
extern _Atomic unsigned fdg_stale_pending;
void fdg_stale_judge_slow(int epfd);
static inline void fdg_stale_judge(int epfd)
{
	if (__builtin_expect(atomic_load_explicit(&fdg_stale_pending, memory_order_relaxed) != 0, 0))
		fdg_stale_judge_slow(epfd);
}

/* An epoll was sent to another process, by whatever number. */
extern _Atomic bool fdg_stale_epoll_passed;
/* May the list of epfd be served by another process, which has what is closed here? */
bool fdg_stale_is_shared(int epfd);

/*
 * An event with this data came from epfd again and again: is it of a number that is closed here, or is another file by now? If so it is reported, and taken out where
 * epoll=fix. Asks the kernel, milliseconds where the list is long. WATCH: another number of this process has it, *ret_number; the program may act by that. So watch it, and
 * if there was no act ask again, with that number as `watched` (-1: none was). UNKNOWN: ask later. CURED: the event will not come again.
 */
enum fdg_stale_answer { FDG_STALE_NOT, FDG_STALE_UNKNOWN, FDG_STALE_WATCH, FDG_STALE_SAID, FDG_STALE_CURED };
struct fdg_firing {
	uint32_t events;
	uint32_t times; /* 0: not known */
	int64_t ms;     /* … in so long */
};
enum fdg_stale_answer fdg_stale_found(int epfd, uint64_t data, const struct fdg_firing *f, int watched, int *ret_number);

/* Something was taken out so. `to` is a new number of a description: what was registered for it there is registered again. */
extern _Atomic bool fdg_stale_taken;
void fdg_stale_returned_slow(int to);
static inline void fdg_stale_returned(int to)
{
	if (__builtin_expect(atomic_load_explicit(&fdg_stale_taken, memory_order_relaxed), 0))
		fdg_stale_returned_slow(to);
}

/* One registration that is stale, or was until we took it out. */
struct fdg_stale {
	int epfd;
	int fd; /* the closed number */
	uint64_t data;
	uint32_t events; /* registered */
	uint32_t mask;   /* … as the kernel has it */
	struct fdg_firing fired; /* what came; no events: none did */
	unsigned nth;    /* among the registrations of that number, as the kernel counts */
	bool has_file;
	uint64_t ino;
	uint64_t dev;
	bool is_reused;                                  /* the number is another file's */
	int other;                                       /* who holds it; -1: not found */
	int other_pid;                                   /* 0: this process */
	int look;                                        /* a descriptor of it here; -1: none */
	const void *registered_at, *closed_at, *made_at; /* NULL: not known */
	bool fixed;
	bool is_left;    /* found when it fired; else it was prevented */
	const char *why; /* … it was not fixed */
};

/* The processes that this one forked and that live; 0: no more. *at is 0 to begin. */
int fdg_stale_next_child(unsigned *at);
/* … of the whole family. */
int fdg_stale_next_relative(unsigned *at);
/* A descriptor here of what another process has, to be closed again; a negative errno. */
int fdg_stale_take(int pid, int fd);
/* Takes it out of its list. False: *ret_why says why it cannot be. */
bool fdg_stale_cure(const struct fdg_stale *s, const char **ret_why);
void fdg_stale_say(const struct fdg_stale *s);

#endif
