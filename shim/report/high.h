/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of ours, for the length of one line: out of the low numbers that a program counts on open() to return.
 */
#ifndef FDG_REPORT_HIGH_H
#define FDG_REPORT_HIGH_H

/* A close-on-exec duplicate of fd with a high number, or a negative errno. */
int fdg_dup_high(int fd);
/* Gives fd a high number in place of its own, which it keeps where none is free. A negative errno stays one. */
int fdg_move_high(int fd);
/* open(2), and that. */
int fdg_open_high(const char *path, int flags, unsigned mode);

#endif
