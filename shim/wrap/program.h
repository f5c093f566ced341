/* SPDX-License-Identifier: MIT */
/* Which file an exec or spawn runs, for the run.exec line. */
#ifndef FDG_WRAP_PROGRAM_H
#define FDG_WRAP_PROGRAM_H

#include "base/fmt.h"

/* An absolute path where one can be found out, else what the program said. `dir` is a directory's descriptor or AT_FDCWD; a file that is empty or NULL is what dir
 * itself refers to. Writes to b alone: right in a vfork child. */
void fdg_put_program(struct fdg_buf *b, int dir, const char *file);
/* A name without a slash is looked up in PATH, as execvp and posix_spawnp do. */
void fdg_put_program_in_path(struct fdg_buf *b, const char *file);

#endif
