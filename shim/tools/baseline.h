/* SPDX-License-Identifier: MIT */
/* Findings that are let through: a text file with a fingerprint a line. What follows " #" is the user's, and stays when check writes the file. */
#ifndef FDG_TOOLS_BASELINE_H
#define FDG_TOOLS_BASELINE_H

#include "tools/log.h"

struct baseline_entry {
	const char *fingerprint, *text;
	unsigned line;
	bool used;
};

struct baseline { /* { 0 } is an empty one */
	struct baseline_entry *entry; /* sorted by fingerprint */
	size_t entries, room;
};

/* False: said on standard error what is wrong with the file. `must`: one that is not there is wrong. */
bool baseline_read(struct baseline *b, struct pool *pool, const char *path, bool must);
void baseline_free(struct baseline *b);
/* Remembers that it was asked for. */
bool baseline_has(struct baseline *b, const char *fingerprint);
/* What nobody asked for, into the run. */
void baseline_list_stale(const struct baseline *b, struct run *r);
/* Before CMD runs: is there a folder for it? False: said why. */
bool baseline_can_be_written(const char *path);
/* See judge.h. */
bool baseline_update(const struct baseline *b, struct run *r, const char *path, bool whole);

#endif
