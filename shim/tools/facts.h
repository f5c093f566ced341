/* SPDX-License-Identifier: MIT */
/* What a finding knows beside its sentence and its places, for people: as the library's text shows it, without what the sentence says already. */
#ifndef FDG_TOOLS_FACTS_H
#define FDG_TOOLS_FACTS_H

#include "tools/log.h"

#define FACTS_MAX 16

struct fact {
	const char *label, *text;
};

/* How many; the strings live as long as pool and l. */
size_t facts_of(struct pool *pool, const struct log_line *l, struct fact ret[FACTS_MAX]);

#endif
