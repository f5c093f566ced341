/* SPDX-License-Identifier: MIT */
/* A run for people (text) and for programs of one's own (JSON). See formats.h for what CI systems read. */
#ifndef FDG_TOOLS_SUMMARY_H
#define FDG_TOOLS_SUMMARY_H

#include "tools/log.h"
#include "tools/sources.h"

/* What failed, where, what to do; then what was covered, and what was let through. */
void summary_write(const struct run *r, const struct sources *s, FILE *f);
/* One JSON document with all of it: "v":1, and the names of struct run. */
void run_json_write(const struct run *r, FILE *f);

#endif
