/* SPDX-License-Identifier: MIT */
/*
 * Option metrics: what a process is like now, for who watches many of them. No guard: it finds nothing and changes nothing.
 *
 * The file is written on the back of the program's calls, as sweeps are (closewait/sweep.h, which calls this, one thread at a time): a second after the program began, then at most every ten, and
 * when its image ends. With format=json a line run.sample has the same numbers at the same moments.
 */
#ifndef FDG_GUARDS_METRICS_METRICS_H
#define FDG_GUARDS_METRICS_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guards/metrics/sample.h"

#define FDG_METRICS_MS 10000

extern _Atomic int64_t fdg_metrics_due; /* in milliseconds of fdg_connection_clock; INT64_MAX: never */

/* Before the program runs. others: a supervisor writes it. */
void fdg_metrics_start(bool others);
void fdg_metrics_forked(void);

static inline bool fdg_metrics_are_due(int64_t now)
{
	return __builtin_expect(now >= atomic_load_explicit(&fdg_metrics_due, memory_order_relaxed), 0);
}

/* Writes file and line. ended: nothing more comes of this image. */
void fdg_metrics_write(int64_t now, bool ended);
/* The same of what is in the sample, for the supervisor; the path is of the subject that it speaks for. */
void fdg_metrics_publish(const struct fdg_sample *s);

#endif
