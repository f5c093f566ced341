/* SPDX-License-Identifier: MIT */
/*
 * Lines out, without ever waiting for who reads them, in the order of the names or as they come. What is kept is bounded by whoever asks
 * resolve_output_has_room before it begins another name.
 */
#ifndef FDG_TOOLS_RESOLVE_OUTPUT_H
#define FDG_TOOLS_RESOLVE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RESOLVE_AHEAD = 65536,       /* lines that may wait for an earlier one */
	RESOLVE_HELD_MAX = 32 << 20, /* bytes of them, and of what nobody reads */
	RESOLVE_WRITE = 64 << 10,    /* bytes to a file at a time */
};

struct resolve_output {
	int fd;
	bool ready; /* a file, which is never waited for */
	bool eager; /* somebody looks on: lines are written as they come */
	bool ordered;
	int error;      /* an errno, and nothing is written any more; 0: none */
	uint64_t lines; /* that were written whole */
	bool cut;       /* … and then a part of one */
	uint64_t head;  /* the number of the next line in order */
	char **ahead;   /* RESOLVE_AHEAD of them, by number modulo that; NULL: not there yet */
	size_t held;    /* bytes in `ahead` */
	char *text;
	size_t from, to, room;
};

/* 0 or an errno. */
int resolve_output_open(struct resolve_output *o, int fd, bool ordered);
/* May name `number` be begun? */
bool resolve_output_has_room(const struct resolve_output *o, uint64_t number);
/* The line of name `number`, newline included; 0 or ENOMEM. */
int resolve_output_put(struct resolve_output *o, uint64_t number, const char *text, size_t len);
/* Writes what can be written without waiting; `all`: a small part of a block, too. */
void resolve_output_flush(struct resolve_output *o, bool all);
bool resolve_output_is_empty(const struct resolve_output *o);
void resolve_output_free(struct resolve_output *o);

#endif
