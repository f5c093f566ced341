/* SPDX-License-Identifier: MIT */
/*
 * Suppressions: findings that somebody has looked at and does not want to see again. One per line:
 *
 *     ID [site:GLOB] [peer:GLOB] [exe:GLOB] [# reason]
 *
 * ID may be a glob (cloexec.*). All parts that are given must match. site is compared with `object-basename:symbol` and with
 * `object-basename:0xoffset` of the first frame of the finding's site and of its created place; exe with the program's path and its base name.
 */
#ifndef FDG_REPORT_SUPPRESS_H
#define FDG_REPORT_SUPPRESS_H

#include <stdbool.h>

#include "base/fmt.h"
#include "report/line.h"

#define FDG_SUPPRESS_BYTES (64u << 10)
#define FDG_SUPPRESS_LINES 1024

/* The strings lie in the line that was parsed; NULL: not given. */
struct fdg_suppression {
	const char *id, *site, *peer, *exe;
	unsigned line;
};

/* Parses a line in place. False with ret->id NULL and nothing said: an empty line or a comment; false with ret_why filled: a mistake. */
bool fdg_suppression_parse(char *line, struct fdg_suppression *ret, struct fdg_buf *ret_why);
bool fdg_suppression_matches(const struct fdg_suppression *s, const struct fdg_finding *f, const struct fdg_symbols *symbols);

/* Reads fdg_options.suppressions; a mistake is a sentence by fdg_report_say, and the rest is used. */
void fdg_suppress_start(void);
bool fdg_suppress_any(void);
bool fdg_suppressed(const struct fdg_finding *f, const struct fdg_symbols *symbols);
/* A JSON array of the line numbers that matched something, in this process or one that it forked. */
void fdg_suppress_put_used(struct fdg_buf *b);

#endif
