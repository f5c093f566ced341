/* SPDX-License-Identifier: MIT */
#ifndef FDG_TOOLS_REPORT_OPTIONS_H
#define FDG_TOOLS_REPORT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/report.h"

struct report_options {
	const char *html, *junit, *sarif; /* files; NULL: not wanted */
	const char *suppressions;
	enum fdg_level level;
	size_t top;       /* 0: all */
	bool no_commands;
	enum { LINES_HERE, LINES_ALWAYS, LINES_NEVER } lines;
	char **log;       /* LOG…, NULL behind the last */
};

/* False: the program is over, with *ret_status. What is wrong was said. argv is put in order. */
bool report_options_read(int argc, char *argv[], struct report_options *ret, int *ret_status);

#endif
