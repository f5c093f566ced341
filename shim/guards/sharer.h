/* SPDX-License-Identifier: MIT */
/*
 * Which other process holds the description of a descriptor that this one was started with? Looks into /proc: for reports alone. Async-signal-safe.
 */
#ifndef FDG_GUARDS_SHARER_H
#define FDG_GUARDS_SHARER_H

struct fdg_sharer {
	int pid, fd;
	char program[64]; /* its name, for people */
};

enum fdg_shared {
	FDG_SHARED_BY_NONE,   /* that we can see */
	FDG_SHARED_BY_ONE,    /* *ret says by whom */
	FDG_SHARED_NOT_TOLD,  /* we may not look at our parent, or its parents */
};

/* First our parent and its parents, then everybody. */
enum fdg_shared fdg_find_sharer(int fd, struct fdg_sharer *ret);

#endif
