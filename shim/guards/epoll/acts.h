/* SPDX-License-Identifier: MIT */
/*
 * Suspects: descriptors of which a wait told, and on which the program has made no call since that changed anything. Few at any time: a descriptor that is handled is
 * one for some microseconds. What is made of those that stay is in epoll.c, spin.c and poll.c; the calls of the program are told to fdg_act by the slow half of the data
 * calls, for descriptors that are FDG_WATCH_ACT.
 *
 * A fixed table, relaxed atomics, slots taken by compare-and-swap; async-signal-safe. Nothing here in memory that is not ours.
 */
#ifndef FDG_GUARDS_EPOLL_ACTS_H
#define FDG_GUARDS_EPOLL_ACTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/watch.h"

#define FDG_SUSPECTS 64u

/* Who told of it: the description of an epoll, and what its event carried. poll: no set, and the number. */
struct fdg_told {
	uint64_t set, data;
	int epfd;
	int fd; /* -1: not known */
};
#define FDG_POLL_SET UINT64_MAX

/* What was tried in vain, since the first delivery. */
enum {
	FDG_TRIED = 1,       /* EAGAIN: the call found nothing */
	FDG_TRIED_END = 2,   /* the end of a stream, or an error that stays */
	FDG_TRIED_ROOM = 4,  /* accept: no descriptor or no memory for one */
	FDG_TRIED_GAVE = 8,  /* something was sent, of which an error does not go */
	FDG_SAID_IGNORED = 16, FDG_SAID_SPIN = 32, FDG_SAID_STALE = 64, /* for those who judge */
};

struct fdg_suspect {
	struct fdg_told told;
	unsigned slot;
	uint32_t serial;     /* of the slot */
	uint32_t events;     /* all that came, in one */
	uint32_t deliveries;
	uint32_t ticks;      /* of the clock, in which there were some: a process may be stopped in between */
	uint32_t tried;      /* FDG_TRIED…, FDG_SAID… */
	int64_t first, last; /* fdg_acts_clock */
	int error;           /* of the program's last call that changed nothing; 0: none, or the end of a stream */
	const char *call;    /* … its name; NULL: it made none */
};

/* Does it come so seldom, in the ms since the first, that the program may be about to do something by a clock of its own? */
#define FDG_SELDOM 100u /* a second … */
#define FDG_SELDOM_MS 2000 /* … and for so long */
static inline bool fdg_suspect_is_seldom(const struct fdg_suspect *s, int64_t ms)
{
	return ms < FDG_SELDOM_MS && (int64_t)s->deliveries * 1000 < ms * (int64_t)FDG_SELDOM;
}

/* Of the events: EPOLLERR, EPOLLHUP and poll's POLLNVAL, which last until somebody does something about them. */
#define FDG_ACT_STAYS 0x38u

/* How many there are; of which neither an error nor a hang-up was told; and the slots of those whose waits are slowed (slow.h), a bit each. */
extern _Atomic unsigned fdg_suspects, fdg_suspects_plain;
extern _Atomic uint64_t fdg_suspects_slow;
static inline bool fdg_suspects_any(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_suspects, memory_order_relaxed) != 0, 0);
}

/* Milliseconds, of a clock that ticks every few of them. */
int64_t fdg_acts_clock(void);

/* A wait told of it: counted, and from the first time on its descriptor is watched. False: there is no room. */
bool fdg_suspect_delivered(const struct fdg_told *t, uint32_t events, int64_t now, struct fdg_suspect *ret);
/* Is it one? Where not, nothing happens. */
bool fdg_suspect_look(const struct fdg_told *t, struct fdg_suspect *ret);
/* It is fd, and what was counted before does not count. */
void fdg_suspect_resolve(const struct fdg_suspect *s, int fd, int64_t now);
/* Counts from now on; what was tried and said stays. */
void fdg_suspect_restart(const struct fdg_suspect *s, int64_t now);
/* So many bytes are unread: are they as many as when this was asked last? */
bool fdg_suspect_holds(const struct fdg_suspect *s, int unread);
/* True for the one that sets them first. */
bool fdg_suspect_mark(const struct fdg_suspect *s, uint32_t bits);
/* Was there an act on it since s was filled? */
bool fdg_suspect_is_over(const struct fdg_suspect *s);
void fdg_suspect_end(const struct fdg_suspect *s);
/* How many deliveries there was no room for, since this was asked last. */
unsigned fdg_suspects_left_out(void);
/* Was there no room for some within the last second? */
bool fdg_suspects_are_full(int64_t now);
/* Each of them in turn; *at is 0 to begin. */
bool fdg_suspect_next(unsigned *at, struct fdg_suspect *ret);

/*
 * A call of the program on fd, which is FDG_WATCH_ACT: it returned r, and errno was `error`. Ends what the fd is suspected of, if it was an act.
 */
enum fdg_deed {
	FDG_DEED_ANY,
	FDG_DEED_END,   /* r is 0, and that is the end of a stream */
	FDG_DEED_GIVE,  /* it sends */
	FDG_DEED_QUEUE, /* it reads the error queue */
};
void fdg_act_slow(int fd, const char *call, long r, int error, enum fdg_deed deed);
static inline void fdg_act(int fd, const char *call, long r, int error, enum fdg_deed deed)
{
	if (__builtin_expect(fdg_watched(fd) & FDG_WATCH_ACT, 0))
		fdg_act_slow(fd, call, r, error, deed);
}
/* What is an act whatever it returned: the interest list was changed, the descriptor is closed. */
static inline void fdg_acted(int fd)
{
	fdg_act(fd, "", 0, 0, FDG_DEED_ANY);
}

/* A forked child: its parent's suspects are not its own. */
void fdg_acts_forked(void);

#endif
