/* SPDX-License-Identifier: MIT */
/* A node that is a number, or none: what getaddrinfo of glibc 2.36 makes of it without looking anything up. No allocation. */
#ifndef FDG_RESOLVER_NODE_H
#define FDG_RESOLVER_NODE_H

#include "resolver/address.h"
#include "resolver/hints.h"

enum { FDG_NODE_NAME = 1 };

/* 0: *ret; EAI_…; FDG_NODE_NAME: it is a name, to be looked up. `index`: of an interface, or 0. */
int fdg_node_number(const struct fdg_hints *h, unsigned (*index)(const char *name), struct fdg_ip *ret);
/* No node: the addresses to bind or to connect to; returns how many of ret[2]. */
unsigned fdg_node_none(const struct fdg_hints *h, struct fdg_ip ret[2]);
void fdg_ip_map(struct fdg_ip *ip);

#endif
