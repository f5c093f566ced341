// SPDX-License-Identifier: MIT
#include "tools/functions.h"

#include <string.h>

/* A C++ function in a sentence, as it is called on the lines of places. */
static void name_function(struct run *r, const struct sources *s, struct log_line *l, const struct log_frame *frame)
{
	const char *function = sources_function(s, frame), *plus = frame->symbol ? strrchr(frame->symbol, '+') : NULL;
	const char *at = plus && function && strncmp(frame->symbol, "_Z", 2) == 0 ? strstr(l->message, frame->symbol) : NULL;

	if (at)
		l->message = pool_format(&r->pool, "%.*s%s%s", (int)(at - l->message), l->message, function, at + (plus - frame->symbol));
}

void functions_name(struct run *r, const struct sources *s)
{
	for (size_t i = 0; i < r->findings; i++) {
		struct log_line *l = &r->finding[i].line;

		for (unsigned k = 0; k < l->createds; k++)
			name_function(r, s, l, &l->created[k]);
		for (unsigned k = 0; k < l->sites; k++)
			name_function(r, s, l, &l->site[k]);
	}
}
