/* SPDX-License-Identifier: MIT */
/*
 * Findings that are let through: a text file with a line for each,
 *
 *     FINGERPRINT places=N # reason
 *
 * N is at how many places of the function it was found; at more of them it is new. How many descriptors and reports there were is not kept: it varies with the
 * load. A line without "places=", as versions before this one wrote it, has no "kind=" either: it lets through any kind at any number of places. What follows " #"
 * is the user's, and stays when check writes the file.
 */
#ifndef FDG_TOOLS_BASELINE_H
#define FDG_TOOLS_BASELINE_H

#include "tools/log.h"

struct baseline_entry {
	const char *fingerprint, *reason; /* reason: "# …", or "" */
	const char *text;                 /* the whole line */
	uint64_t places;                  /* 0: an old entry */
	unsigned line;
	bool used, written;
};

struct baseline { /* { 0 } is an empty one */
	struct baseline_entry *entry; /* sorted by fingerprint */
	size_t entries, room;
};

/* False: said on standard error what is wrong with the file. `must`: one that is not there is wrong. */
bool baseline_read(struct baseline *b, struct pool *pool, const char *path, bool must);
void baseline_free(struct baseline *b);
/* The entry for it; remembers that it was asked for. NULL: it is not known. */
const struct baseline_entry *baseline_find(struct baseline *b, const char *fingerprint);
/* What nobody asked for, into the run. */
void baseline_list_stale(const struct baseline *b, struct run *r);
/* Before CMD runs: is there a folder for it? False: said why. */
bool baseline_can_be_written(const char *path);
/* How many entries do not tell kinds and places. */
size_t baseline_old_entries(const struct baseline *b);
/* See judge.h. */
bool baseline_update(struct baseline *b, struct run *r, const char *path, bool whole);

#endif
