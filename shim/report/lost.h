/* SPDX-License-Identifier: MIT */
/*
 * Lines that nobody will read: what the sink did not take, and what there was no room to keep apart. Told when the process ends.
 *
 * With run.exec=on they are also counted where `fdguard check` looks: in the file LOG.lost, a struct fdg_lost_tree that it made beside the log and that each process maps at
 * its start. A process that no longer reaches the log (chroot), that is killed or that ends behind our back has said it there. An end that was lost is not counted: that it
 * is missing can be seen, and nothing else is lost with it.
 */
#ifndef FDG_REPORT_LOST_H
#define FDG_REPORT_LOST_H

#include <stdatomic.h>
#include <stdint.h>

#define FDG_LOST_SUFFIX ".lost"

struct fdg_lost_tree {
	uint64_t lines;
	char program[248]; /* the first one that was about to be started when a line was lost; "": none. Anybody may have written it */
};

/* After fdg_sink_start. */
void fdg_lost_start(void);
/* A line was lost for this reason, a negative errno; `lost` is the counter of its kind. */
void fdg_lost_count(int r, _Atomic uint64_t *lost);
/* Counts one for the tree. */
void fdg_lost_tell(void);
/* Names for the tree a program whose run.exec was lost. */
void fdg_lost_program(const char *file);
/* A finding was one too many to keep apart. */
void fdg_lost_drop(void);
/* What forked children could not write, as they have no run.end of their own. 0 without run.exec. */
uint64_t fdg_lost_below(void);
/* On standard error, if there is something to say. */
void fdg_lost_say(void);

#endif
