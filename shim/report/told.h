/* SPDX-License-Identifier: MIT */
/*
 * What was said already. fdg_told_* (report.h) is about marks that relatives share; this is about the findings of this process and what
 * it had said when it was forked.
 */
#ifndef FDG_REPORT_TOLD_H
#define FDG_REPORT_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#define FDG_TOLD_MAX 1024 /* of each */

/* True if the last call of fdg_repeat_change for this hash had this state; the repeat is counted. */
bool fdg_repeat_same(uint64_t hash, uint64_t state);
enum fdg_repeat { FDG_REPEAT_CHANGED, FDG_REPEAT_SAME, FDG_REPEAT_FULL };
/* Remembers the state. CHANGED: it is another than before (of two threads, one is told so), and *ret_repeats is how often it had repeated
 * in this process. FULL: there is no room to remember it. */
enum fdg_repeat fdg_repeat_change(uint64_t hash, uint64_t state, uint64_t *ret_repeats);
/* A forked child's repeats are its own. */
void fdg_repeat_fork_child(void);

#endif
