/* SPDX-License-Identifier: MIT */
/* What migrate.c remembers of a group. */
#ifndef FDG_GUARDS_REUSEPORT_MIGRATE_PARTS_H
#define FDG_GUARDS_REUSEPORT_MIGRATE_PARTS_H

#include "guards/reuseport/groups.h"

enum fdg_migrate_state {
	FDG_MIGRATE_UNKNOWN,
	FDG_MIGRATE_ATTACHED,
	FDG_MIGRATE_OLDER,
	FDG_MIGRATE_STEERED,
	FDG_MIGRATE_MOVED, /* by an eBPF program of the program's, which may migrate */
	FDG_MIGRATE_PASSED,
	FDG_MIGRATE_UNSEEN,
	FDG_MIGRATE_REFUSED /* and above: a step for each errno */
};

unsigned fdg_migrate_state_of(const struct fdg_group *g);

#endif
