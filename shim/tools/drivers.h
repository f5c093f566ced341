/* SPDX-License-Identifier: MIT */
/*
 * Programs that run a project's tests, and leak descriptors of their own into each: not the project's to mend, and no finding. What they leaked is counted. A leak of the
 * tests themselves is another matter, whatever runs them: a row is about what the driver itself made, not about what is below it.
 */
#ifndef FDG_TOOLS_DRIVERS_H
#define FDG_TOOLS_DRIVERS_H

#include "tools/log.h"

/* Is this report about what a driver leaked? Then it is counted in the run. */
bool drivers_take(struct run *r, const struct log_line *l);

#endif
