/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of ours, for the length of one line: out of the low numbers that a program counts on open() to return.
 */
#ifndef FDG_REPORT_HIGH_H
#define FDG_REPORT_HIGH_H

/* A close-on-exec duplicate of fd with a high number, or a negative errno. */
int fdg_dup_high(int fd);
/* open(2), moved to a high number; where none is free, the number that the kernel gave. */
int fdg_open_high(const char *path, int flags, unsigned mode);

#endif
