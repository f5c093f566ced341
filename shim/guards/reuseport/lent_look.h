/* SPDX-License-Identifier: MIT */
/*
 * Who has these sockets? What /proc tells of all processes, those first that can have inherited them.
 *
 * Raw system calls; async-signal-safe.
 */
#ifndef FDG_GUARDS_REUSEPORT_LENT_LOOK_H
#define FDG_GUARDS_REUSEPORT_LENT_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/reuseport/lent.h"

struct fdg_lent_look {
	const uint64_t *inode;
	bool *found;       /* somebody else is seen to have each */
	unsigned n, looks; /* at so many descriptors at most */
	bool guesses;      /* who may not be read may have them */
	int64_t cpu;       /* ns of the CPU that it took */
};
enum fdg_unseen fdg_lent_look(struct fdg_lent_look *l);

#endif
