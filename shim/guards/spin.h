/* SPDX-License-Identifier: MIT */
/*
 * Guard epoll, second part: an event loop that turns for nothing. The story is at the top of spin.c.
 *
 * Async-signal-safe; not in memory that is not ours.
 */
#ifndef FDG_GUARDS_SPIN_H
#define FDG_GUARDS_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/acts.h"
#include "guards/interest.h"

/* s was delivered once more, of r, which is its own: is it a spin? */
void fdg_spin_judge(const struct fdg_suspect *s, const struct fdg_registration *r, int64_t now);
/* A registration that was cured before is delivered a second time without an act. True: it was cured once more. */
bool fdg_spin_cure_again(const struct fdg_suspect *s, const struct fdg_registration *r);
/* Somebody took data of one that was at rest. */
void fdg_spin_wakes(const struct fdg_registration *r);
/* The program reads the error queue of fd itself. */
void fdg_spin_reads_queue(int fd);
/* The program made a call on fd; tried is 0 where that was an act. True: there will be more to be told. */
bool fdg_spin_acted(int fd, uint32_t tried);

#endif
