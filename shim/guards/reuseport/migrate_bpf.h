/* SPDX-License-Identifier: MIT */
/* Guard reuseport, migration: the program that does it, and the kernel's list of programs. Raw system calls; async-signal-safe. */
#ifndef FDG_GUARDS_REUSEPORT_MIGRATE_BPF_H
#define FDG_GUARDS_REUSEPORT_MIGRATE_BPF_H

#include "guards/reuseport/groups.h"

/* Is our program for g attached anywhere: 1, 0, or a negative errno. *id is where to look first (0: nowhere), and then where it is. */
int fdg_bpf_find(const struct fdg_group *g, unsigned *id);

#endif
