/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that a process means for its children, as what it did with them says: copied to a number of its choice (dup2, dup3), or made inheritable (F_SETFD, FIONCLEX).
 */
#ifndef FDG_SUPERVISE_MARKS_H
#define FDG_SUPERVISE_MARKS_H

#include "supervise/facts.h"

int fdg_marks_start(void);
/* `fd` is about to be a copy of `source`; or, where they are the same, to be inheritable. */
void fdg_marks_add(const struct fdg_process *p, int source, int fd);
/* By number and what is there: the number may be another's by now. Of a process that marked more than we keep, all are. */
bool fdg_marks_has(const struct fdg_process *p, int fd, const struct fdg_identity *what);
/* `source` is about to be copied to a number that the kernel chooses, which children inherit: that is not known, so all that is the same is left alone. */
void fdg_marks_copy(const struct fdg_process *p, int source);
/* Was it? True too of a process that copied more than we keep. */
bool fdg_marks_copied(const struct fdg_process *p, const struct fdg_identity *what);
/* It becomes another program, or has ended. */
void fdg_marks_forget(const struct fdg_process *p);

#endif
