/* SPDX-License-Identifier: MIT */
/*
 * The order of addresses: RFC 6724 section 6, as getaddrinfo of glibc 2.36 does it. Who asks the kernel for source addresses, and keeps them, is the
 * caller; no allocation, no I/O.
 *
 * libc differs from the RFC: rule 9 counts for AF_INET too, where source and destination are in one subnet, and for AF_INET6 it compares only the
 * first 32-bit word in which either destination differs from its source.
 */
#ifndef FDG_RESOLVER_SORT_H
#define FDG_RESOLVER_SORT_H

#include "resolver/gaiconf.h"

/* Where packets to a destination would come from. */
struct fdg_sort_source {
	struct fdg_ip ip;   /* of the destination's family */
	uint8_t prefix_len; /* AF_INET: of the source's own subnet; 0: not known */
	bool deprecated;    /* rule 3 */
	bool home;          /* rule 4 */
	bool tunnel;        /* rule 7: the interface is one; */
	uint32_t interface; /* addresses of one interface do not differ in that */
};

struct fdg_sort_item {
	struct fdg_ip to;
	/* Filled in by fdg_sort. */
	struct fdg_sort_source from;
	bool reachable, scope_fits, label_fits;
	uint32_t scope, precedence;
};

/* True and the source that the kernel would take for the destination; false if there is no way to it. */
typedef bool fdg_sort_ask(void *cookie, const struct fdg_ip *to, struct fdg_sort_source *ret);

/*
 * n items; their order, as numbers of items, goes to the first half of `order`, which has room for 2 * n. The items stay where they are. Equal
 * neighbours are asked for once.
 */
void fdg_sort(const struct fdg_gaiconf *conf, struct fdg_sort_item *items, unsigned *order, unsigned n,
	      fdg_sort_ask *ask, void *cookie);

#endif
