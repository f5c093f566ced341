/* SPDX-License-Identifier: MIT */
/* /etc/host.conf, of which glibc 2.36 obeys "multi", "reorder" and "trim" (host.conf(5)); getaddrinfo sees the first alone. */
#ifndef FDG_RESOLVER_HOSTCONF_H
#define FDG_RESOLVER_HOSTCONF_H

#include "resolver/text.h"

/* Are all addresses of /etc/hosts wanted, not the first alone? `resolv_multi` is the environment's RESOLV_MULTI, or NULL. */
bool fdg_hostconf_multi(struct fdg_text text, const char *resolv_multi);

#endif
