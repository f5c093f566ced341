/* SPDX-License-Identifier: MIT */
/*
 * Option connect.retry: a blocking TCP connect that was reset or refused is made again, on the same socket. The story is at the top of retry.c.
 *
 * Raw system calls; async-signal-safe. Nothing is kept between calls but how many were made again.
 */
#ifndef FDG_GUARDS_REUSEPORT_RETRY_H
#define FDG_GUARDS_REUSEPORT_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "options/options.h"

static inline bool fdg_retry_is_on(void)
{
	return __builtin_expect(fdg_options.connect_retry != 0, 0);
}

/* One connect of the program, and what is made of it. */
struct fdg_retry {
	uint64_t cookie;  /* of the socket */
	int64_t begun;    /* ns */
	uint16_t port;    /* that it was bound to before; 0: none */
	int64_t limit;    /* … after which no further one is begun */
	unsigned made;    /* pauses, so far */
	bool is_again;    /* … and an attempt after one */
};

/* Before the first attempt. */
void fdg_retry_begin(struct fdg_retry *t, int fd);
/* It failed with `error`. The pause in ms before the next; -1: that was the last. */
int fdg_retry_pause(struct fdg_retry *t, int fd, int error);
/* After the pause: is fd the same socket still? Then the next attempt is made. */
bool fdg_retry_may(struct fdg_retry *t, int fd);
/* What the program is told. */
void fdg_retry_end(const struct fdg_retry *t, bool connected);

#endif
