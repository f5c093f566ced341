/* SPDX-License-Identifier: MIT */
/*
 * What getaddrinfo is asked for: its flags, its service, and what sockets an address is wanted for, as glibc 2.36 takes them. No allocation, no I/O.
 */
#ifndef FDG_RESOLVER_HINTS_H
#define FDG_RESOLVER_HINTS_H

#include <netdb.h>

#include "resolver/services.h"

enum { FDG_HINTS_KINDS = 8 };

struct fdg_kind {
	int socktype, protocol;
	uint16_t port;
};

struct fdg_hints {
	int socktype, flags, family, protocol;
	const char *node, *service; /* NULL: none. "*" is none too, and so is the service "" */
	struct fdg_kind kind[FDG_HINTS_KINDS];
	unsigned kind_count;
	/* The service: a number, or a name that is looked up. */
	bool is_number;
	bool is_digits; /* strtoul reads all of it: AI_NUMERICSERV is content, even where the number is none */
	uint16_t number;
};

/* Checks in libc's order, up to what AI_ADDRCONFIG has a say in: 0, EAI_…, or FDG_HINTS_NOT_OURS. The texts are not copied. */
int fdg_hints_read(const char *node, const char *service, const struct addrinfo *hints, struct fdg_hints *ret);
enum { FDG_HINTS_NOT_OURS = 1 };

/* The rest: the sockets that are wanted. `services`: /etc/services, or NULL if the service is a number, or none. */
bool fdg_hints_need_services(const struct fdg_hints *h);
int fdg_hints_kinds(struct fdg_hints *h, const struct fdg_services *services);

#endif
