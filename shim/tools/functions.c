// SPDX-License-Identifier: MIT
#include "tools/functions.h"

#include <stdlib.h>
#include <string.h>

#include "tools/shorten.h"
#include "tools/symbolizer.h"

#define INLINED ", inlined into "

/* A function in a sentence as it is called on the lines of places: C++ names as people write them, inlined ones before what they are inlined into. */
static void name_function(struct run *r, const struct sources *s, struct log_line *l, const struct log_frame *frame)
{
	bool inlined;
	const char *function = sources_shown(s, frame, &inlined), *plus = frame->symbol ? strrchr(frame->symbol, '+') : NULL;
	const char *at = plus && function && !strstr(l->message, INLINED) ? strstr(l->message, frame->symbol) : NULL;
	size_t n = at ? (size_t)(plus - frame->symbol) : 0;
	bool same = at && strlen(function) == n && memcmp(function, frame->symbol, n) == 0;

	char *outer = NULL;

	if (!at || same || (!inlined && strncmp(frame->symbol, "_Z", 2) != 0))
		return;
	if (inlined)
		outer = symbolizer_function(frame->symbol);
	l->message = pool_format(&r->pool, "%.*s%s%s%s%s", (int)(at - l->message), l->message, shorten(&r->pool, function), outer ? INLINED : "",
		outer ? shorten(&r->pool, outer) : "", at + n);
	free(outer);
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
