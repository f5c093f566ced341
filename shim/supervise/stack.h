/* SPDX-License-Identifier: MIT */
/*
 * Where in its code a thread made the call that it waits in.
 */
#ifndef FDG_SUPERVISE_STACK_H
#define FDG_SUPERVISE_STACK_H

#include <linux/seccomp.h>

#include "guards/nonblock/shared.h"

/*
 * Fills at most `max` places, the innermost first, and returns how many. The strings live until the next call. A finding without a site is a legal one: while no file of this folder defines
 * this function it is NULL, and findings have none.
 */
unsigned fdg_site_of(int tid, const struct seccomp_data *call, struct fdg_place *ret, unsigned max) __attribute__((weak));

#endif
