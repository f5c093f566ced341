/* SPDX-License-Identifier: MIT */
/*
 * How epoll=fix ends a spin: a registration of which the program does nothing gets EPOLLET until it makes a call on it, and is told of now and then (rests.h). Nothing is
 * taken from the program. The story is at the top of spin.c.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_CURES_H
#define FDG_GUARDS_CURES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/interest.h"

struct fdg_remedy {
	bool rests;
	const char *why_not; /* for people */
};

/* Gives the registration EPOLLET, by which it is told of once more; and its own mask back. False: the kernel refused, or too many are at rest. */
bool fdg_cure_rearm(const struct fdg_registration *r);
bool fdg_cure_restore(const struct fdg_registration *r);
/* The program changed its mask itself: ours is gone, and to set it again would arm what comes once a second time. */
void fdg_cure_replaced(int epfd, int fd);

/* MODs of ours that are through. Was one of fd under way since there were so many? Then what the program asked for is to be put right. */
extern _Atomic unsigned fdg_cure_mods;
bool fdg_cure_crossed(unsigned since, int fd);
/* A forked child: whoever made one is not here. */
void fdg_cures_forked(void);
struct epoll_event;
void fdg_cure_put_right(int epfd, int fd, struct epoll_event *e);

#endif
