/* SPDX-License-Identifier: MIT */
/* Names, one per line, from a descriptor that may have none for now, or from the command line. */
#ifndef FDG_TOOLS_RESOLVE_INPUT_H
#define FDG_TOOLS_RESOLVE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESOLVE_NAME_MAX = 255, RESOLVE_BUFFER = 65536 };

struct resolve_input {
	int fd;             /* -1: none, the names are words */
	const char *called; /* for people */
	char *const *words;
	bool ready;          /* a file, which is never waited for */
	bool ended, rest;    /* `rest`: a line that is too long has been told of, and is not over */
	int error;           /* why it ended before its end; 0: it did not */
	uint64_t line;       /* the number of the last one */
	uint64_t size, read; /* bytes, or words; size 0: not known */
	size_t from, to;
	char buffer[RESOLVE_BUFFER + 1];
};

struct resolve_name {
	char *text; /* until the next call */
	size_t len;
	uint64_t line;
	const char *bad; /* why it cannot be a name; NULL: it may be one */
};

enum resolve_input_state { RESOLVE_INPUT_NAME, RESOLVE_INPUT_WAIT, RESOLVE_INPUT_END };

/* `path` NULL or "-": standard input. 0 or an errno. */
int resolve_input_open(struct resolve_input *in, const char *path, char *const *words);
enum resolve_input_state resolve_input_next(struct resolve_input *in, struct resolve_name *ret);
/* Bytes or words whose names were given out. */
uint64_t resolve_input_taken(const struct resolve_input *in);

#endif
