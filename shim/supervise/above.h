/* SPDX-License-Identifier: MIT */
/*
 * An fdguard below another one's supervisor: the kernel has room for one listener, so the one above goes on watching, by its own options, and writes to its own log. Whoever asked for more
 * must not take silence for a result. What the one above was told goes to the one below by the probe of base/judged.h, seven bytes at a time: its process, its standard error, its options.
 */
#ifndef FDG_SUPERVISE_ABOVE_H
#define FDG_SUPERVISE_ABOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the supervisor, while it has the program's standard error: whom it was started with. */
void fdg_above_start(int first);
/* Seven bytes of the text from there on, the first one lowest; behind its end they are 0. */
int64_t fdg_above_piece(uint64_t offset);

enum fdg_above {
	FDG_ABOVE_SAME,  /* it does and writes what was asked for here */
	FDG_ABOVE_OTHER, /* it sees all that was to be seen here, and does it otherwise, or writes it to another standard error */
	FDG_ABOVE_LESS   /* findings that were asked for here are not made, or go to another log */
};

/* In a process that is supervised: by whom, and how its options differ from ours, as a sentence about `name`. */
enum fdg_above fdg_above_compare(const char *name, char *text, size_t size);
extern const char fdg_above_cure[];

#endif
