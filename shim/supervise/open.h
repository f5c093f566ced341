/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of a process that a program which it becomes will have; and those that a program was started with.
 */
#ifndef FDG_SUPERVISE_OPEN_H
#define FDG_SUPERVISE_OPEN_H

#include <stdbool.h>

#include "base/kind.h"
#include "supervise/facts.h"

#define FDG_OPEN_MAX 4096

struct fdg_open {
	int fd;
	unsigned mode; /* st_mode */
	struct fdg_identity what;
	bool is_held; /* it has close-on-exec, by us: see undo.h */
};

struct fdg_open_list {
	unsigned count;
	bool is_whole; /* all that there are */
	bool is_cut;   /* there are more: it would take too long, or too much room */
	struct fdg_open file[FDG_OPEN_MAX];
};

int fdg_open_start(void);
/* All above 2 without close-on-exec, by rising number. until: by fdg_patience_clock. */
void fdg_open_list(int pid, struct fdg_open_list *ret, int64_t until);
const struct fdg_open *fdg_open_find(const struct fdg_open_list *l, int fd);
/* As /proc calls it. */
fdg_kindword fdg_open_kind(int pid, const struct fdg_open *o);

/* The program that the process becomes is started with these. */
void fdg_open_keep(const struct fdg_process *p, const struct fdg_open_list *l);
/* Was it? True too where there were more than are kept. */
bool fdg_open_was_there(const struct fdg_process *p, const struct fdg_identity *what);

#endif
