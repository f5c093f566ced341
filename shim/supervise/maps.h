/* SPDX-License-Identifier: MIT */
/*
 * Which files another process has mapped.
 */
#ifndef FDG_SUPERVISE_MAPS_H
#define FDG_SUPERVISE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "supervise/facts.h"

/* Calls `see` for each mapping that has a name, in the order of addresses, until it returns true: that is the result. */
typedef bool fdg_maps_see(void *cookie, uint64_t first, uint64_t behind, const char *name);
bool fdg_maps_walk(int pid, fdg_maps_see *see, void *cookie);

/* Is our preload mapped there? */
bool fdg_maps_has_preload(int pid);
/* Who made the call at this address, of a program that has our preload; of all others it is OTHER. */
enum fdg_maps_caller { FDG_CALLER_OTHER, FDG_CALLER_LIBC, FDG_CALLER_PRELOAD };
enum fdg_maps_caller fdg_maps_caller(struct fdg_process *p, uint64_t address);
/* Was it one of the last two, which has judged it then? */
bool fdg_maps_judged(struct fdg_process *p, uint64_t address);

#endif
