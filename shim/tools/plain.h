/* SPDX-License-Identifier: MIT */
/*
 * Somebody's text made harmless, one character at a time: what a terminal, a log viewer or a forge would obey becomes visible text.
 */
#ifndef FDG_TOOLS_PLAIN_H
#define FDG_TOOLS_PLAIN_H

#include <stdint.h>
#include <stdio.h>

#include "tools/pool.h"

/*
 * Takes the next character of *s, which is not at its end. What is no UTF-8, controls (newline and tab too), characters that reorder or hide text (U+202E and its like) and
 * those that XML does not have come back as several: ret holds what to show instead, "\x1b" or "\u202e", and the result is 0. Else the
 * result is the character, and ret its bytes. ret is NUL-terminated.
 */
uint32_t plain_next(const char **s, char ret[9]);
/* All of s with no mark of any format escaped. */
void plain_put(FILE *f, const char *s);
char *plain_copy(struct pool *p, const char *s);

#endif
