/* SPDX-License-Identifier: MIT */
/* Programs that run without the library: those that options only and skip mean, and what to do about the others. */
#ifndef FDG_TOOLS_LEFT_OUT_H
#define FDG_TOOLS_LEFT_OUT_H

#include <stdbool.h>

#include <stdint.h>

#include "tools/binary.h"

/* The file is looked at: a script's name is its interpreter's. */
bool left_out_is(const char *file);
/* What mends run.uncovered. `elsewhere`: it was given options of its own. */
const char *left_out_cure(enum binary_kind kind, bool elsewhere);
/* Why the loader did not preload, as the library foresaw it: `barred` of a run.exec. NULL: nothing was foreseen. */
struct left_out_bar { const char *word, *why, *cure; };
const struct left_out_bar *left_out_bar(int64_t barred);

#endif
