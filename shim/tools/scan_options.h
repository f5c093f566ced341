/* SPDX-License-Identifier: MIT */
/* The arguments of `fdguard scan`. */
#ifndef FDG_TOOLS_SCAN_OPTIONS_H
#define FDG_TOOLS_SCAN_OPTIONS_H

#include "tools/scan.h"

/* Into ret and fdg_options. False: there is nothing to do, and *ret_status is what to exit with; said why. ret->pid is in argv's room. */
bool scan_options_read(int argc, char *argv[], struct scan_options *ret, int *ret_status);

#endif
