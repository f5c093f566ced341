/* SPDX-License-Identifier: MIT */
/*
 * A run in the formats that CI reads. s may be NULL: then there are no source lines. The writers say nothing on their own; the caller looks at ferror(f).
 *
 * What programs put into their names, arguments and messages is data here: control characters, and characters that reorder text on a screen, are
 * written out (\x1b), and the marks of each format are escaped.
 */
#ifndef FDG_TOOLS_FORMATS_H
#define FDG_TOOLS_FORMATS_H

#include <stdio.h>

#include "tools/log.h"
#include "tools/sources.h"

/* SARIF 2.1.0, for code scanning: all findings but suppressed ones, each with a physical location in the repository. */
void sarif_write(const struct run *r, const struct sources *s, FILE *f);
/* JUnit XML as Jenkins and its like read it: a test case for each finding, one for each kind of finding that did not occur, and two about the run. */
void junit_write(const struct run *r, const struct sources *s, FILE *f);
/* Workflow commands of GitHub Actions, for standard output or error of a step. The forge shows ten annotations of each kind (error, warning, notice) a step: no
 * more than these are written, and a line that says how many others there are. */
void github_write(const struct run *r, const struct sources *s, FILE *f);

#endif
