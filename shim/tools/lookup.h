/* SPDX-License-Identifier: MIT */
/* Texts that come again and again, kept once: the same text is the same pointer, and has a number. And a table for whatever else is looked up by its parts. */
#ifndef FDG_TOOLS_LOOKUP_H
#define FDG_TOOLS_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pool.h"

/* ---- hash -> number of an entry of a table that its owner keeps. All zeroes is a good one. ---- */

struct lookup {
	struct lookup_slot { uint64_t hash; uint32_t entry; } *slot; /* entry 0: free, else one more than its number */
	size_t slots, used;
};

/* Is entry i of the owner's table the one with this key? */
typedef bool lookup_same(const void *owner, uint32_t i, const void *key);
/* The place of that entry's number; 0 there: there is none, and the caller may write one more than its number. Good until the next call. */
uint32_t *lookup_find(struct lookup *x, uint64_t hash, lookup_same *same, const void *owner, const void *key);
void lookup_free(struct lookup *x);

/* ---- strings ---- */

struct strings {
	struct lookup lookup;
	const char **text; /* by number */
	size_t count, room;
};

uint32_t strings_number(struct strings *s, struct pool *pool, const char *text);
static inline const char *strings_text(const struct strings *s, uint32_t number)
{
	return s->text[number];
}
void strings_free(struct strings *s);

#endif
