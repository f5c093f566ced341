/* SPDX-License-Identifier: MIT */
/*
 * Object and offset -> function, file and line, from debug information: the object's own, or a separate file that is found by build-id or debug link, as
 * debuggers do (/usr/lib/debug, .debug beside the object). Nothing is asked of a network (DEBUGINFOD_URLS is ignored).
 *
 * Objects are named by logs that nobody vouches for, and readers of debug information have had their faults: a child process with limits does the
 * reading. If an object ends it, that object has no lines, and another child goes on with the next.
 *
 * A log has no build-id, so whether the object on disk is the one that ran is settled like this: each symbol of the log ("name+0x4b") must be at that place in
 * the object's symbol table; where the log has no symbol, the object must not be younger than the finding. One that does not hold:
 * SYMBOLIZER_CHANGED, and no lines for the whole object, because wrong lines are worse than none.
 */
#ifndef FDG_TOOLS_SYMBOLIZER_H
#define FDG_TOOLS_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/pool.h"

enum symbolizer_state {
	SYMBOLIZER_UNKNOWN,    /* not read yet */
	SYMBOLIZER_READ,       /* it has debug information */
	SYMBOLIZER_NO_DEBUG,   /* it has none, and there is no separate file */
	SYMBOLIZER_UNREADABLE, /* it is not there, or no ELF file */
	SYMBOLIZER_CHANGED,    /* it is not the one that ran */
	SYMBOLIZER_BROKEN,     /* reading it failed, or ended the reader */
	SYMBOLIZER_WITHOUT,    /* this build cannot read debug information */
};

struct symbolizer_line {
	const char *function; /* demangled; NULL: not known */
	const char *file;     /* absolute if the debug information says so; NULL: not known */
	unsigned line;
	bool inlined; /* into the next one */
};

struct symbolizer_place {
	const char *object;
	uint64_t offset;
	const char *symbol; /* of the log, or NULL */
	int64_t seen;       /* when it was reported, in seconds; 0: not known */
	const void *known;  /* the asker's: of the first report that had it, or NULL */
	struct symbolizer_line *line; /* innermost first */
	unsigned lines;
};

struct symbolizer_object {
	const char *path;
	enum symbolizer_state state;
	const char *build_id; /* hexadecimal; "" if it has none */
	const struct symbolizer_place *place; /* the first of its places … */
	size_t places;                        /* … which stand together */
};

/* All zeroes is a good one. */
struct symbolizer {
	struct pool pool;
	struct symbolizer_place *place; /* sorted by symbolizer_run */
	size_t places, room;
	struct symbolizer_object *object;
	size_t objects;
};

/* Ask for all places first, then run once. The strings must live as long as s. */
void symbolizer_ask(struct symbolizer *s, const char *object, uint64_t offset, const char *symbol, int64_t seen);
/* What the asker knows of the place that was asked for last. */
void symbolizer_keep(struct symbolizer *s, const void *known);
void symbolizer_run(struct symbolizer *s);
const struct symbolizer_place *symbolizer_find(const struct symbolizer *s, const char *object, uint64_t offset);
void symbolizer_free(struct symbolizer *s);

/* ---- inside the child ---- */

#define SYMBOLIZER_LINES_MAX 64 /* inlined into each other */

/* Reads one object and says what it finds, through the two functions below. symbolizer_dwarf.c, or symbolizer_plain.c in a build without libdw. */
void symbolizer_read(const struct symbolizer_object *o, FILE *out);
void symbolizer_say_state(FILE *out, enum symbolizer_state state, const char *build_id);
void symbolizer_say_line(FILE *out, size_t place, const struct symbolizer_line *l);
/* "name+0x4b" without "+0x4b", demangled where it can be; NULL stays NULL. On the heap. */
char *symbolizer_function(const char *symbol);
/* A C++ (or old Rust) name as people write it; NULL: it is none, or there is no demangler on this machine. On the heap. */
char *demangle(const char *name);

#endif
