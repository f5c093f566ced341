/* SPDX-License-Identifier: MIT */
/*
 * The finding run.uncovered, of a program that the supervisor was to watch.
 */
#ifndef FDG_GUARDS_UNCOVERED_H
#define FDG_GUARDS_UNCOVERED_H

/* `name` is the command as it was called; why goes on after "it": "is supervised by another program already". */
void fdg_uncovered_report(const char *name, const char *why);
/* The same of a part: the whole sentence, and what to do. */
void fdg_uncovered_partly(const char *message, const char *fix);

#endif
