/* SPDX-License-Identifier: MIT */
#ifndef FDG_REPORT_STABLE_H
#define FDG_REPORT_STABLE_H

#include <stddef.h>

/*
 * How much of a symbol's name is there in every build: without the clones of GCC and LLVM at its end (.constprop.0, .cold, .llvm.123) and Rust's hash (17h… E). Other dots
 * are the name's own. s may be the end of a name only: FDG_STABLE_TAIL bytes of it.
 */
#define FDG_STABLE_TAIL 96
size_t fdg_stable_length(const char *s, size_t n);

#endif
