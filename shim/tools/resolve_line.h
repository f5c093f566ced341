/* SPDX-License-Identifier: MIT */
/* What became of a name, as a line of text or JSON. */
#ifndef FDG_TOOLS_RESOLVE_LINE_H
#define FDG_TOOLS_RESOLVE_LINE_H

#include <fdguard/resolver.h>

#include "tools/resolve_input.h"

enum resolve_outcome { RESOLVE_OK, RESOLVE_NONAME, RESOLVE_NODATA, RESOLVE_FAILED, RESOLVE_BAD, RESOLVE_OUTCOMES };

/* A line of whatever length; { 0 } is a good one. */
struct resolve_line {
	char *text;
	size_t len, room;
	bool json;
};

/* False: no memory. */
bool resolve_line_result(struct resolve_line *l, uint64_t number, const struct fdg_resolver_result *r,
			 enum resolve_outcome *ret);
bool resolve_line_bad(struct resolve_line *l, const struct resolve_name *name);
/* The beginning of a bad line, for people. */
const char *resolve_line_shown(const struct resolve_name *name, char *to, size_t room);

#endif
