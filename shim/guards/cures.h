/* SPDX-License-Identifier: MIT */
/*
 * How epoll=fix ends a spin, by its cause: an error queue that nobody reads is read; a registration of which the program will do nothing gets EPOLLET until it makes a
 * call on it, and is told of now and then (rests.h). The story is at the top of spin.c.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_CURES_H
#define FDG_GUARDS_CURES_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/interest.h"

/* What lay in an error queue, counted. */
struct fdg_drained {
	unsigned stamps;   /* transmit timestamps, and the reports of SO_TXTIME */
	unsigned zerocopy;
	unsigned icmp, local; /* errors from the network; of this machine */
	unsigned other;
	uint8_t type, code; /* of the last ICMP */
	bool six;
	char from[64]; /* who sent it; "": not known */
};

enum fdg_cured { FDG_CURED_BY_NOTHING, FDG_CURED_BY_DRAIN, FDG_CURED_BY_REST };

struct fdg_remedy {
	enum fdg_cured by;
	const char *why_not; /* for people; NULL: it was cured */
	struct fdg_drained drained;
};

/* Takes what is in the error queue of fd. False: there was nothing. */
bool fdg_cure_drain(int fd, struct fdg_drained *ret);
/* Gives the registration EPOLLET, by which it is told of once more; and its own mask back. False: the kernel refused, or too many are at rest. */
bool fdg_cure_rearm(const struct fdg_registration *r);
bool fdg_cure_restore(const struct fdg_registration *r);
/* The program changed its mask itself: ours is gone, and to set it again would arm what comes once a second time. */
void fdg_cure_replaced(int epfd, int fd);

#endif
