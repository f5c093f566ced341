/* SPDX-License-Identifier: MIT */
/*
 * Interest lists: who put which descriptor into which epoll, and with what. A memory of the epoll_ctl calls that passed us; what is to be said or done is asked of the
 * kernel first (fdinfo.h).
 *
 * A record a descriptor, in chunks that are mapped when a number in them is first registered; a descriptor that is in several lists has further ones in a table that it
 * never gives back. Relaxed atomics, slots claimed by compare-and-swap; async-signal-safe. In memory that is not ours nothing is written. A forked child has its parent's
 * records, with its parent as owner.
 */
#ifndef FDG_GUARDS_EPOLL_INTEREST_H
#define FDG_GUARDS_EPOLL_INTEREST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FDG_INTEREST_FURTHER \
	65536u                /* second and later registrations of descriptors; what finds no place is not known */
#define FDG_INTEREST_SAME 64u /* registrations that carry the same data are counted so far */

/* What guard epoll does about a registration (epoll.c). */
enum {
	FDG_INTEREST_IGNORED = 1,  /* its events are translated */
	FDG_INTEREST_SAID = 2,     /* epoll.ignored was said */
	FDG_INTEREST_READS = 4,    /* the program reads its error queue itself */
};

struct fdg_registration {
	int epfd; /* as it was called when it was added */
	int fd;
	uint64_t set; /* the epoll's description, or what stands for it; never 0 */
	uint64_t data;
	uint32_t events;
	uint64_t description; /* of fd, for the ledger; 0: it did not know it */
	uint32_t generation;  /* of fd's entry in the ledger */
	bool current; /* fd is what was registered, for the ledger; else it is closed or another, and may come back */
	int owner;    /* the process that did the EPOLL_CTL_ADD; 0: not known */
	const void *site; /* of the last ADD or MOD */
	unsigned state;   /* FDG_INTEREST_…, none for a new one */
};

/* The process that registered something in this memory; 0: none did. A forked child begins anew. */
extern _Atomic int fdg_interest_owner;
static inline bool fdg_interest_has_own(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_interest_owner, memory_order_relaxed) != 0, 0);
}

#define FDG_INTEREST_TAKEN (1u << 15) /* a state: it was stale, and is in no list any more */

struct epoll_event;

/* epoll_ctl(epfd, op, fd, e) succeeded. */
void fdg_interest_changed(int epfd, int op, int fd, const struct epoll_event *e, const void *site);

/* The registration of fd in the list of epfd. Not of a number that is another descriptor by now. */
bool fdg_interest_of(int epfd, int fd, struct fdg_registration *ret);
/*
 * By what an event carries. *ret_same: how many registrations of this list carry it; where that is not asked for (NULL) and the data says the number, or said it lately,
 * that one is taken. All numbers are searched where more than FDG_CARRIED_MOST may carry it; where there
 * is no time for that *ret_same is FDG_INTEREST_SAME.
 */
bool fdg_interest_look(int epfd, uint64_t data, struct fdg_registration *ret, unsigned *ret_same);
/* Some registration was for what comes once: EPOLLET, EPOLLONESHOT. */
extern _Atomic bool fdg_interest_once;
/* Is there time to look at all numbers? If so it is taken. */
bool fdg_interest_may_search(void);
/* It was r of which such an event came: it is the first that is looked at from now on. */
void fdg_interest_guess(const struct fdg_registration *r);
/* Every list that has fd; *at is where the search goes on, 0 to begin. Of earlier descriptors of that number too: see current. */
bool fdg_interest_next(int fd, unsigned *at, struct fdg_registration *ret);
/* By what a list is told apart: the epoll's description, or what stands for it; never 0. */
uint64_t fdg_interest_set(int epfd);
/* Is what epfd refers to the list of this registration? */
bool fdg_interest_is_of(const struct fdg_registration *r, int epfd);
/* A number of the list, which need not be the one that it was made by; -1: it is closed. */
int fdg_interest_epoll(const struct fdg_registration *r);
/* Sets and clears FDG_INTEREST_… */
void fdg_interest_state(const struct fdg_registration *r, unsigned set, unsigned clear);

/* The least number >= fd that has registrations, or had several; -1: none. */
int fdg_interest_next_fd(int fd);
/* An epoll was duplicated: its list may be another number's. */
void fdg_interest_list_copied(void);
/* Before the real close: what `owner` registered is forgotten. What its parent did stays in the parent's lists. */
void fdg_interest_closing(int fd, int owner);
void fdg_interest_forked(void);

#endif
