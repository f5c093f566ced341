/* SPDX-License-Identifier: MIT */
/* getaddrinfo's list of a request, in memory that is used again for the next one. */
#ifndef FDG_RESOLVER_LISTING_H
#define FDG_RESOLVER_LISTING_H

#include "resolver/resolver_inside.h"

/* NULL: no memory. */
const struct addrinfo *fdg_listing(struct fdg_resolver *r, struct fdg_request *q);

#endif
