/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors a child gets because something names them, and what does, or since its parent made them inheritable: run.meant lines, for who wants to see what was not reported. A bare number among arguments
 * counts as a name, whatever it means there. With run.exec=on alone; nobody else pays for it.
 */
#ifndef FDG_GUARDS_CLOEXEC_MEANT_H
#define FDG_GUARDS_CLOEXEC_MEANT_H

#include "guards/cloexec/cloexec.h"
#include "guards/cloexec/naming.h"

/* In the process that execs or spawns, once x->note is filled. Right in a vfork child. */
void fdg_meant_exec(struct fdg_exec *x, const struct fdg_named *named);

/* In the new image, of what its parent did not speak of: one after the other, then what was added is written. *m is NULL at first. */
struct fdg_meant;
void fdg_meant_found(struct fdg_meant **m, const struct fdg_named *named, char *const argv[], char *const envp[], int fd, fdg_kindword kind,
		     const struct fdg_place *made);
void fdg_meant_write(struct fdg_meant **m, char *const argv[]);

#endif
