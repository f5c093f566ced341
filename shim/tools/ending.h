/* SPDX-License-Identifier: MIT */
/* What a run.end says of what is missing. */
#ifndef FDG_TOOLS_ENDING_H
#define FDG_TOOLS_ENDING_H

#include "tools/log.h"

/* It came before a seccomp filter, and not at the end. */
bool ending_is_filter(const struct log_line *l);
/* Lines that the process and its forked children lost, and findings that were too many. */
uint64_t ending_lost(const struct log_line *l);
void filtered_add(struct run *r, int64_t pid, const char *command, bool forked);

#endif
