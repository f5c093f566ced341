/* SPDX-License-Identifier: MIT */
#ifndef FDG_REPORT_PATTERN_H
#define FDG_REPORT_PATTERN_H

#include "base/fmt.h"

/* A path with the placeholders of options log and metrics: %p the pid of whom lines are about, %e its program's name, %% a percent sign. */
void fdg_put_pattern(struct fdg_buf *b, const char *pattern);

#endif
