/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport: at which place the kernel has a listener in its group's list, by which a BPF program names it. The kernel does not tell, but it is simple: a new one comes last,
 * and where one leaves, the last takes its place. So it is known where all came and went before our eyes; what /proc shows must agree, or it is not known.
 *
 * Raw system calls; async-signal-safe. Only in the caller's turn (turn.h).
 */
#ifndef FDG_GUARDS_REUSEPORT_ORDER_H
#define FDG_GUARDS_REUSEPORT_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/reuseport/groups.h"

/* The socket of this inode listens since a moment ago, and `rows` is all that the kernel has of the group now. */
void fdg_order_joined(const struct fdg_group *g, uint64_t inode, const struct fdg_group_rows *rows);
/* `rows` is all that it has of it now; what of it is not known any more is forgotten. */
void fdg_order_agree(const struct fdg_group *g, const struct fdg_group_rows *rows);
/* Its place, from 0 on; -1: not known. */
int fdg_order_place(const struct fdg_group *g, uint64_t inode);
/* How many of it are known. */
unsigned fdg_order_count(const struct fdg_group *g);

#endif
