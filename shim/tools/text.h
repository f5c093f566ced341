/* SPDX-License-Identifier: MIT */
/* Text files that a user wrote. */
#ifndef FDG_TOOLS_TEXT_H
#define FDG_TOOLS_TEXT_H

#include "tools/pool.h"

#define TEXT_FILE_MAX (4u << 20)

/* The whole of a file, without a NUL in it. NULL: said on standard error why not; `what` is what the file is. */
char *text_file(struct pool *pool, const char *what, const char *path);
/* Cuts the next line off; NULL at the end. */
char *text_line(char **text);

#endif
