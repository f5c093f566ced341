/* SPDX-License-Identifier: MIT */
/* What a finding knows beside its sentence and its places, for people: as the library's text shows it, without what the sentence says already. */
#ifndef FDG_TOOLS_FACTS_H
#define FDG_TOOLS_FACTS_H

#include "tools/log.h"

#define FACTS_MAX 16

struct fact {
	const char *label, *text;
	struct log_frame place; /* that text names; object NULL: none */
};

/* A place as the library writes it into a fact: "keep+0x4b (/usr/bin/x+0x1234)", or without a name. False: it is none. */
bool facts_place(struct pool *pool, const char *text, struct log_frame *ret);
/* Those of a line, at most FACTS_PLACES. */
#define FACTS_PLACES 2
unsigned facts_places(struct pool *pool, const struct log_line *l, struct log_frame ret[FACTS_PLACES]);
/* How many; the strings live as long as pool and l. */
size_t facts_of(struct pool *pool, const struct log_line *l, struct fact ret[FACTS_MAX]);

#endif
