/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo_a and its kin: what gai.c (the calls), gai_table.c, gai_drive.c, gai_libc.c and gai_tell.c share.
 *
 * A request is ours from getaddrinfo_a to its end; libc never hears of it, and we never of libc's. All that are asked for with GAI_NOWAIT are in flight at the same time in one
 * resolver object, which one thread drives; those of GAI_WAIT are in one of the calling thread's own. What only libc can answer is asked of its getaddrinfo, in further threads.
 *
 * There is one lock, and it is held by threads that have all signals blocked, so that no handler meets it, and never over a wait. A child of fork forgets all (its requests are never
 * over; neither are libc's), so that it does not matter who held it.
 */
#ifndef FDG_WRAP_GAI_H
#define FDG_WRAP_GAI_H

#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What one getaddrinfo_a asked for; from malloc. */
struct fdg_gai_batch {
	_Atomic uint32_t left; /* requests that are not over, and 1 while it is being made */
	bool waited; /* GAI_WAIT: the caller sleeps on `left`, and frees it; else it is freed by whoever tells of it */
	struct sigevent event;
	const void *site;
	void *here;                 /* GAI_WAIT: the caller's */
	struct fdg_gai_batch *next; /* of those that are over */
};

enum fdg_gai_state {
	FDG_GAI_FREE,
	FDG_GAI_QUEUED,  /* for the thread that drives */
	FDG_GAI_FLYING,  /* in its object */
	FDG_GAI_DROPPED, /* … and cancelled: the program's request is not touched any more */
	FDG_GAI_WAITED,  /* in the object of a caller of GAI_WAIT */
	FDG_GAI_LINED,   /* for a thread that asks libc */
	FDG_GAI_ASKED,   /* libc has it */
	FDG_GAI_DONE,    /* its result is known, and about to be published */
};

struct fdg_gai {
	struct gaicb *cb;
	struct fdg_gai_batch *batch;
	uint64_t handle; /* FLYING: of the object */
	uint64_t lost;   /* µs in which whoever drives it had not run, by the time that it was submitted */
	uint32_t number, next, previous; /* of the line that it is in */
	int error;                       /* DONE, and … */
	struct addrinfo *found;
	uint8_t state;
	bool left; /* ASKED, of a caller who has gone: nothing of the program's is touched any more */
};

#define FDG_GAI_NONE UINT32_MAX

struct fdg_gai_line {
	uint32_t first, last;
	bool used; /* zeros are an empty one */
};

/* gai_table.c. The lock; leave tells of what is over. */
uint64_t fdg_gai_enter(void);
void fdg_gai_leave(uint64_t mask);
/* The same for threads of ours, which have all signals blocked. */
void fdg_gai_lock(void);
void fdg_gai_unlock(void);
/* Has there ever been one? */
bool fdg_gai_any(void);
/* With the lock. NULL: there is no memory, or a million of them. */
struct fdg_gai *fdg_gai_new(struct gaicb *cb, struct fdg_gai_batch *batch);
/* The request of ours that is not over; or NULL. */
struct fdg_gai *fdg_gai_find(const struct gaicb *cb);
void fdg_gai_put(struct fdg_gai_line *l, struct fdg_gai *g, enum fdg_gai_state state);
struct fdg_gai *fdg_gai_first(const struct fdg_gai_line *l);
void fdg_gai_take(struct fdg_gai_line *l, struct fdg_gai *g);
extern struct fdg_gai_line fdg_gai_queued, fdg_gai_lined;
/* It is over; the program knows with the next publish. `g` is in no line. */
void fdg_gai_end(struct fdg_gai *g, int error, struct addrinfo *found);
void fdg_gai_publish(void);
/* The caller of GAI_WAIT leaves for good: what it waits for is over for it, and freed as it ends. */
void fdg_gai_abandon(struct fdg_gai_batch *b);
/* A FLYING one is cancelled for the program, and DROPPED until it is over. */
void fdg_gai_drop(struct fdg_gai *g);
/* A request less that the batch waits for; the last one, and it is told of by leave. */
void fdg_gai_count_down(struct fdg_gai_batch *b);

/* Without the lock. Sleeps until something is over, whosever. `news`: fdg_gai_news(), from before the program's requests were looked at. 0, -EINTR, -ETIMEDOUT. */
uint32_t fdg_gai_news(void);
int fdg_gai_sleep(uint32_t news, const struct timespec *timeout);

/* gai_drive.c, with the lock: is there a thread that drives, or can there be? Then it is to look at the queue. */
bool fdg_gai_drive(void);
void fdg_gai_cancel_flying(struct fdg_gai *g);
/* Without the lock: a line of WAITED ones, in the calling thread, until all of the batch is over. `count` 1: one after the other, as getaddrinfo. */
void fdg_gai_drive_here(struct fdg_gai_line *mine, unsigned count, struct fdg_gai_batch *b);
/* With the lock: what a request may need is made again. */
void fdg_gai_drive_rests(void);
void fdg_gai_drive_forked(void);

/* getaddrinfo.c: what getaddrinfo does. */
int fdg_getaddrinfo_for(const struct gaicb *cb, struct addrinfo **list, const void *site);

/* gai_libc.c, with the lock: getaddrinfo is to answer, in another thread. False: there can be none. */
bool fdg_gai_libc(struct fdg_gai *g);
/* Without: in this one. */
void fdg_gai_libc_here(struct fdg_gai *g);
/* It was taken out of the line. */
void fdg_gai_libc_not(void);
void fdg_gai_libc_forked(void);

/* gai_tell.c: a batch is over: what its event asks for is done. */
void fdg_gai_tell(const struct sigevent *event);
/* A thread of ours, with all signals blocked; false: none could be made. */
bool fdg_gai_thread(void *(*body)(void *));

/* Before a fork: descriptors that no request needs are not for the child. And in the child, before the program goes on. */
void fdg_gai_forking(void);
void fdg_gai_forked(void);

#endif
