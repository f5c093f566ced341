/* SPDX-License-Identifier: MIT */
/*
 * The environment note: what a program that is about to exec knows of the descriptors that the new image will have, for the library that will wake up
 * there. One variable, at most FDG_NOTE_MAX bytes, made on the stack, never kept: each exec writes its own.
 *
 *   FDGUARD_NOTE=1 x|s PID PARENT EXE SITE GROUP…
 *
 * x: written by the process that execs (PID is the reader's own); s: by a parent that spawns (PID is the reader's parent). A note with other pids is
 * from an exec that we did not see, and is ignored.
 * PARENT the process to name: the writer, or in a forked child that did nothing but exec the one that it comes from
 * EXE   the writer's executable; SITE the call that execs, as a place
 * GROUP letter ['*'] kind '.' count ':' ranges ['@' places]; places, innermost first, are separated by commas; '*': there was no room for the place, or the places
 * place offset ':' object, both hex and text; spaces, commas, percent signs and control bytes are written %XX
 */
#ifndef FDG_GUARDS_CLOEXEC_NOTE_H
#define FDG_GUARDS_CLOEXEC_NOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fmt.h"
#include "base/kind.h"
#include "report/report.h"

#define FDG_NOTE_NAME "FDGUARD_NOTE"
#define FDG_NOTE_MAX 8192
#define FDG_NOTE_GROUPS 16
#define FDG_NOTE_RANGES 16
#define FDG_NOTE_FRAMES 32 /* of a call stack */

enum fdg_note_letter {
	FDG_NOTE_MEANT = 'q',  /* named, or made inheritable on purpose: nothing to say */
	FDG_NOTE_TOLD = 't',   /* a leak that was reported before */
	FDG_NOTE_LEAKED = 'l', /* inherited, and nobody named it */
	FDG_NOTE_FORCED = 'f', /* would have been inherited, but for us */
	FDG_NOTE_KEPT = 'k',   /* a listener, left to a new image of the same program */
	FDG_NOTE_AGAIN = 'a',  /* the same, said before */
};

struct fdg_note_group {
	char letter;
	fdg_kindword kind;
	const void *pc;  /* writer's side: the call that made it, */
	uint32_t origin; /* and its call stack, if it was kept */
	unsigned createds; /* reader's side */
	struct fdg_place created[FDG_NOTE_FRAMES];
	uint64_t count;
	unsigned ranges;
	bool more; /* there were more ranges than fit; count is right */
	bool crowded; /* its place, or its many places and kinds, are known and did not fit */
	struct { int first, last; } range[FDG_NOTE_RANGES];
};

struct fdg_note {
	bool spawned;
	int pid, maker;
	const char *exe;
	unsigned sites;
	struct fdg_place site[FDG_NOTE_FRAMES];
	unsigned groups;
	struct fdg_note_group group[FDG_NOTE_GROUPS];
};

/* Empty, with a group each for what is meant and told: those never lack room. */
void fdg_note_begin(struct fdg_note *n);
/* Adds fd to the group of this letter, kind, pc and origin. A note that has no group left keeps the number in a
 * group without a place: a crowded one. */
void fdg_note_add(struct fdg_note *n, char letter, fdg_kindword kind, const void *pc, uint32_t origin, int fd);
void fdg_note_add_range(struct fdg_note *n, char letter, int first, int last);
/* Appends "FDGUARD_NOTE=…"; what does not fit is left out: places first, then whole groups (meant and told ones come first). */
void fdg_note_write(const struct fdg_note *n, struct fdg_buf *b);
/* Reads what follows "FDGUARD_NOTE=". Strings go to the arena. False, and *ret empty, for anything that is not a whole note: it
 * may come from anybody. */
bool fdg_note_read(const char *text, struct fdg_note *ret);
/* The first group that has fd, or NULL. Forced groups list numbers that are not open, and are passed over. */
struct fdg_note_group *fdg_note_find(struct fdg_note *n, int fd);
/* "3-1102,1104" */
void fdg_note_ranges(const struct fdg_note_group *g, struct fdg_buf *b);
/* Adds fd to g's ranges and count. */
void fdg_note_group_add(struct fdg_note_group *g, int fd);

#endif
