/* SPDX-License-Identifier: MIT */
/* The same question to libc and to us, and what each says, as text. */
#ifndef TESTS_RESOLVER_DIFFERENTIAL_H
#define TESTS_RESOLVER_DIFFERENTIAL_H

#include <netdb.h>

#include "resolver/lookup.h"

enum { DIFFERENTIAL_TEXT = 16384 };

/* "NONAME", or "4/1/6 192.0.2.1:80 fl=2 =name", one after the other. */
void theirs_addresses(const char *node, const char *service, const struct addrinfo *hints, char *ret);
void ours_addresses(struct fdg_lookup *l, const char *node, const char *service, const struct addrinfo *hints,
		    char *ret);
/* getnameinfo: "host service", or an error. */
void theirs_name(const struct sockaddr *a, socklen_t len, socklen_t host_len, int flags, char *ret);
void ours_name(struct fdg_lookup *l, const struct sockaddr *a, socklen_t len, socklen_t host_len, int flags, char *ret);
/* gethostbyname2_r, gethostbyaddr_r: "name [alias …] address …", or h_errno's name. */
void theirs_host(const char *name, int family, char *ret);
void ours_host(struct fdg_lookup *l, const char *name, int family, char *ret);
void theirs_host_by_address(const void *address, socklen_t len, int family, char *ret);
void ours_host_by_address(struct fdg_lookup *l, const void *address, socklen_t len, int family, char *ret);

struct differential_tally {
	unsigned cases, known, wrong, found;
};

#endif
