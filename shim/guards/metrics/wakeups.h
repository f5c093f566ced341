/* SPDX-License-Identifier: MIT */
#ifndef FDG_GUARDS_METRICS_WAKEUPS_H
#define FDG_GUARDS_METRICS_WAKEUPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Set before the program runs; false: nobody counts. */
extern bool fdg_wakeups_count;
extern _Atomic uint64_t fdg_wakeups;

/* A wait for events returned: epoll_wait, poll, select and kin. */
static inline void fdg_woke_up(void)
{
	if (__builtin_expect(fdg_wakeups_count, 0))
		atomic_fetch_add_explicit(&fdg_wakeups, 1, memory_order_relaxed);
}

#endif
