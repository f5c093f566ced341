/* SPDX-License-Identifier: MIT */
/*
 * finding -> its fields, one after the other, as sinks want them that have a name for each value. Names are those of the JSON lines; site and created come once for each frame.
 */
#ifndef FDG_REPORT_FIELDS_H
#define FDG_REPORT_FIELDS_H

#include "report/line.h"

/* n bytes at value; cut: more would not have fit. */
typedef void fdg_field(void *cookie, const char *name, const char *value, size_t n, bool cut);

void fdg_each_field(const struct fdg_item *item, const struct fdg_share *share, fdg_field *f, void *cookie);

/* The kernel's number for syslog: 3 is an error, 4 a warning, 5 a notice, 6 what is said of runs. */
int fdg_severity(const struct fdg_finding *f);

#endif
