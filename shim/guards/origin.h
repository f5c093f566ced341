/* SPDX-License-Identifier: MIT */
/*
 * Call stacks of creations, kept when option `stacks` asks for more than one frame (a return address is in every ledger entry anyway). Equal stacks are
 * kept once. Costs a few microseconds per descriptor made: paid by those who ask.
 *
 * Lock-free; the table is mapped at the first stack, and limited to FDG_ORIGINS: what finds no place has one frame.
 */
#ifndef FDG_GUARDS_ORIGIN_H
#define FDG_GUARDS_ORIGIN_H

#include <stdint.h>

#include "report/report.h"

#define FDG_ORIGINS 512
#define FDG_ORIGIN_FRAMES 32

/* Keeps the stack from here, without frames of libc and of ours. Returns its id, 0 if there is none. Not in memory that is not ours. */
uint32_t fdg_origin_keep(void);
/* Where a descriptor was made, innermost first: its kept stack, else the one call at `site` (NULL: not known). A place whose library is gone is left out. */
unsigned fdg_origin_places(uint32_t id, const void *site, struct fdg_place *ret, unsigned max);
/* The frames of a kept stack, innermost first; valid for ever. Returns how many, 0 for id 0. */
unsigned fdg_origin_frames(uint32_t id, const void *const **ret_pcs);

#endif
