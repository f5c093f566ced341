/* SPDX-License-Identifier: MIT */
/* What the summary's counts leave open: programs that were left out, that never began, and that did not tell what they had open. */
#ifndef FDG_TOOLS_COVERAGE_H
#define FDG_TOOLS_COVERAGE_H

#include "tools/log.h"

void coverage_write(const struct run *r, FILE *f);

#endif
