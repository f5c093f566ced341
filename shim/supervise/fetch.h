/* SPDX-License-Identifier: MIT */
/*
 * An open descriptor of another process, looked at from near by: a copy of it, and what kind of thing it is. What sockets are is remembered, for all children of a parent have the same ones.
 */
#ifndef FDG_SUPERVISE_FETCH_H
#define FDG_SUPERVISE_FETCH_H

#include "supervise/open.h"

/* A copy, to be closed; -1: it is not to be had, or another one by now. */
int fdg_fetch(const struct fdg_process *p, const struct fdg_open *o);
/* False: it was not asked, or that was long ago. */
bool fdg_fetch_knows(const struct fdg_open *o, fdg_kindword *ret_kind);
/* Asks the copy; where there is none, by what /proc calls it. */
fdg_kindword fdg_fetch_kind(const struct fdg_process *p, const struct fdg_open *o, int local);

#endif
