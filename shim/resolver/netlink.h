/* SPDX-License-Identifier: MIT */
/* This host's addresses, asked of the kernel (rtnetlink(7)). */
#ifndef FDG_RESOLVER_NETLINK_H
#define FDG_RESOLVER_NETLINK_H

#include "resolver/address.h"

struct fdg_netlink_address {
	struct fdg_ip ip; /* IFA_LOCAL if there is one, else IFA_ADDRESS */
	uint8_t prefix_len;
	uint32_t flags; /* IFA_F_… */
	uint32_t interface;
};

typedef void fdg_netlink_take(void *cookie, const struct fdg_netlink_address *a);

/* 0, or a negative errno. *loose: the socket, while there is one; else -1. */
int fdg_netlink_addresses(fdg_netlink_take *take, void *cookie, volatile int *loose);
/* A socket that is told of changes of addresses, routes and rules; or a negative errno. */
int fdg_netlink_told(volatile int *loose);

#endif
