/* SPDX-License-Identifier: MIT */
/* Values -> JSON text, indented. The name of a member is NULL in an array. */
#ifndef FDG_TOOLS_JSONOUT_H
#define FDG_TOOLS_JSONOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* { .f = f } is a good one. */
struct jsonout {
	FILE *f;
	unsigned depth;
	bool filled; /* the object or array that is open has something in it */
};

void jsonout_object(struct jsonout *j, const char *name);
void jsonout_array(struct jsonout *j, const char *name);
void jsonout_end_object(struct jsonout *j);
void jsonout_end_array(struct jsonout *j);
void jsonout_number(struct jsonout *j, const char *name, int64_t v);
void jsonout_bool(struct jsonout *j, const char *name, bool v);
/* Somebody's text: harmful characters as plain.h shows them. NULL: the member is left out. */
void jsonout_string(struct jsonout *j, const char *name, const char *s);
/* Our own text, which may have newlines. */
void jsonout_text(struct jsonout *j, const char *name, const char *s);

#endif
