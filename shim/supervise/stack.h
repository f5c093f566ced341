/* SPDX-License-Identifier: MIT */
/*
 * Where in its code a thread made the call that it waits in. It is never stopped for that: what it has on its stack is read while it waits.
 */
#ifndef FDG_SUPERVISE_STACK_H
#define FDG_SUPERVISE_STACK_H

#include <linux/seccomp.h>

#include "guards/nonblock/shared.h"

/* Fills at most `max` places, the innermost first, without libc, Go's runtime and its standard library, and returns how many: 0 where it cannot be told. The strings live until the next call. */
unsigned fdg_site_of(int tid, const struct seccomp_data *call, struct fdg_place *ret, unsigned max);
/* What is known of these places, one for each, or NULL; while the thread waits still. */
const struct fdg_source *fdg_site_sources(void);

#endif
