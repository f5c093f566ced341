/* SPDX-License-Identifier: MIT */
#ifndef FDG_REPORT_QUIET_H
#define FDG_REPORT_QUIET_H

#include <stddef.h>

/*
 * One write(2) whose SIGPIPE and SIGXFSZ nobody sees: fdg_aside has blocked them. One that was pending before stays pending. A background job that may not write to its terminal would be
 * stopped by SIGTTOU for it; blocked, it may.
 */
long fdg_quiet_write(int fd, const char *text, size_t n);

#endif
