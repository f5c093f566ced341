/* SPDX-License-Identifier: MIT */
/* The parts of getnameinfo of glibc 2.36 that look nothing up in DNS: its arguments, addresses as text, and services. */
#ifndef FDG_RESOLVER_NAMEINFO_H
#define FDG_RESOLVER_NAMEINFO_H

#include "resolver/world.h"

enum { FDG_NAMEINFO_NOT_OURS = 1, FDG_NAMEINFO_HOST = 80, FDG_NAMEINFO_SERVICE = 256 };

/* 0, EAI_… or FDG_NAMEINFO_NOT_OURS (AF_UNIX, NI_NOFQDN, NI_IDN). */
int fdg_nameinfo_check(const struct sockaddr *address, socklen_t len, int flags, struct fdg_ip *ret,
		       uint16_t *ret_port);
/* The address as numbers, with its scope: the interface's name where that has a meaning. */
void fdg_nameinfo_number(const struct fdg_ip *ip, char ret[FDG_NAMEINFO_HOST]);
/* The port's name, or number. False: libc is to be asked. */
bool fdg_nameinfo_service(struct fdg_world *w, uint16_t port, int flags, uint64_t now, char ret[FDG_NAMEINFO_SERVICE]);

#endif
