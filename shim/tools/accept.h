/* SPDX-License-Identifier: MIT */
#ifndef FDG_TOOLS_ACCEPT_H
#define FDG_TOOLS_ACCEPT_H

#include "tools/log.h"

/* The line of a suppressions file that accepts findings like this one, in this build and the next: by the function as symbol tables call it, which may be another one than
 * debug information shows; by the object where that has no names; by the program where there is no place. A comment says where it
 * lets through more than that. */
const char *accept_line(struct pool *pool, const struct log_line *l);
/* Its part for all that an object's code does: "site:monitor:*". */
const char *accept_object(struct pool *pool, const char *object);

#endif
