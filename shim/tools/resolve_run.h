/* SPDX-License-Identifier: MIT */
/* Names in, lines out, in memory that does not grow with their number. */
#ifndef FDG_TOOLS_RESOLVE_RUN_H
#define FDG_TOOLS_RESOLVE_RUN_H

#include "tools/resolve_options.h"

/* The exit status. */
int resolve_run(const struct resolve_options *o);

#endif
