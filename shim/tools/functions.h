/* SPDX-License-Identifier: MIT */
#ifndef FDG_TOOLS_FUNCTIONS_H
#define FDG_TOOLS_FUNCTIONS_H

#include "tools/log.h"
#include "tools/sources.h"

/* C++ functions in the sentences of findings, as they are called on the lines of places. */
void functions_name(struct run *r, const struct sources *s);

#endif
