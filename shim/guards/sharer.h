/* SPDX-License-Identifier: MIT */
/*
 * Which other process holds the description of a descriptor that this one was started with? Looks into /proc: for reports alone. Async-signal-safe.
 */
#ifndef FDG_GUARDS_SHARER_H
#define FDG_GUARDS_SHARER_H

#include <stdbool.h>

struct fdg_sharer {
	int pid, fd;
	char program[64]; /* its name, for people */
	bool is_heir;     /* see fdg_find_stranger */
};

enum fdg_shared {
	FDG_SHARED_BY_NONE,   /* that we can see */
	FDG_SHARED_BY_ONE,    /* *ret says by whom */
	FDG_SHARED_NOT_TOLD,  /* we may not look at our parent, or its parents */
};

/* First our parent and its parents, then everybody. */
enum fdg_shared fdg_find_sharer(int fd, struct fdg_sharer *ret);

/* The copies of this process that were forked since, by it or, if that is gone, by `of`. */
struct fdg_heirs {
	unsigned since; /* fdg_holders_count() */
	int of;
};

/*
 * Who but us and our ancestors uses it? An heir before all others; it knows what is to be done about it. FDG_SHARED_NOT_TOLD: none that we can see, but there may be: a
 * process of our session does not let us look, or there is no /proc.
 */
enum fdg_shared fdg_find_stranger(int fd, const struct fdg_heirs *heirs, struct fdg_sharer *ret);
/* Those that this process has now are its ancestors from now on, though its parent may end. */
void fdg_sharer_know_ancestors(void);
/* Does the process hold fd's description? True where we may not look. */
bool fdg_sharer_has(int pid, int fd);
/* The name of its program, for people; "" if it is not to be had. */
void fdg_sharer_name(int pid, char name[64]);

/* A number of /proc/PID/stat, from 4 on; 0: not to be had. 22 is when it started, on the clock of fdg_sharer_now: 1/100 s. */
long fdg_sharer_stat(int pid, int field);
long fdg_sharer_now(void);

#endif
