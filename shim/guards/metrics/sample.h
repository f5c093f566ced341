/* SPDX-License-Identifier: MIT */
/*
 * What metrics and run.sample lines tell of a process at one moment.
 */
#ifndef FDG_GUARDS_METRICS_SAMPLE_H
#define FDG_GUARDS_METRICS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "guards/closewait/peers.h"
#include "guards/fdleak/fdleak.h"
#include "report/report.h"

#define FDG_SAMPLE_PEERS 16u
/* Kinds as they are told of: sockets by protocol, and then those of base/kind.h. */
enum { FDG_SAMPLE_TCP, FDG_SAMPLE_UDP, FDG_SAMPLE_UNIX, FDG_SAMPLE_KIND, FDG_SAMPLE_KINDS = FDG_SAMPLE_KIND + FDG_KIND_COUNT };

struct fdg_sample {
	struct fdg_counts counts;
	int64_t descriptors; /* that are open; -1: not known */
	int64_t limit; /* of them, RLIMIT_NOFILE; -1: not known, or none */
	bool has_kinds; /* of a process that is watched from outside nobody counts them */
	uint32_t kind[FDG_SAMPLE_KINDS];
	uint32_t class[FDG_FDLEAK_CLASSES];
	int64_t close_wait; /* sockets, as the last sweep saw them; -1: not known */
	struct fdg_peer peer[FDG_SAMPLE_PEERS];
	unsigned peers;
	bool has_wakeups;
	uint64_t wakeups;
	int64_t began_ms; /* when this image did, of the clock of the day */
	bool ended, supervised;
};

/* Of this process, but for `counts`. One thread at a time; system calls, and no more of them than there are TCP sockets in CLOSE_WAIT. */
void fdg_sample_take(struct fdg_sample *ret);
/* What the kernel says of another one: `descriptors` and `limit`. */
void fdg_sample_ask(int pid, struct fdg_sample *ret);

/* OpenMetrics, from the first HELP to # EOF. */
void fdg_sample_put(struct fdg_buf *b, const struct fdg_sample *s);
/* The line run.sample. */
void fdg_sample_say(const struct fdg_sample *s);

#endif
