/* SPDX-License-Identifier: MIT */
/*
 * Numbers that nobody can guess, from the kernel, in portions. They lie in a page that a forked child finds empty: no number is used by two
 * processes, and the page tells whose it is.
 */
#ifndef FDG_RESOLVER_RANDOM_H
#define FDG_RESOLVER_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct fdg_random {
	struct fdg_random_page *page;
	int pid;   /* where the kernel does not empty pages: the process that filled it; else 0 */
	bool used; /* what is asked for again is asked for often */
};

/* 0, or -ENOMEM. */
int fdg_random_make(struct fdg_random *ret);
void fdg_random_free(struct fdg_random *r);
/* False when the kernel gives none. */
bool fdg_random_16(struct fdg_random *r, uint16_t *ret);
/* What that will say next, if nothing comes between; false: it is not known yet. */
bool fdg_random_next(const struct fdg_random *r, uint16_t *ret);
/* True once in a forked child. */
bool fdg_random_is_forked(struct fdg_random *r);

#endif
