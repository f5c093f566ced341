/* SPDX-License-Identifier: MIT */
/*
 * Guard epoll, second part: an event loop that turns for nothing. The story is at the top of spin.c.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_EPOLL_SPIN_H
#define FDG_GUARDS_EPOLL_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/epoll/acts.h"
#include "guards/epoll/interest.h"

/* s was delivered once more, of r, which is its own: is it a spin? */
void fdg_spin_judge(const struct fdg_suspect *s, const struct fdg_registration *r, int64_t now);
/* The program reads the error queue of fd itself. */
void fdg_spin_reads_queue(int fd);

#endif
