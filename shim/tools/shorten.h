/* SPDX-License-Identifier: MIT */
#ifndef FDG_TOOLS_SHORTEN_H
#define FDG_TOOLS_SHORTEN_H

#include "tools/pool.h"

#define SHORTEN_FROM 160 /* bytes */
#define SHORTEN_MOST 240

/* A function's name as a line has room for it: of a long one the inner template arguments go, then all of them, then its middle. */
const char *shorten(struct pool *pool, const char *name);

#endif
