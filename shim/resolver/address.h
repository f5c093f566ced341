/* SPDX-License-Identifier: MIT */
/* An address of either family, and its text. */
#ifndef FDG_RESOLVER_ADDRESS_H
#define FDG_RESOLVER_ADDRESS_H

#include <netinet/in.h>

#include <sys/socket.h>

#include "resolver/text.h"

struct fdg_ip {
	uint8_t family;    /* AF_INET or AF_INET6 */
	uint8_t bytes[16]; /* the first 4 of them, and zeros, for AF_INET */
	uint32_t scope;    /* AF_INET6: an interface's index, or 0 */
};

/* Is it AF_INET's, as AF_INET6 shows it: ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2)? */
bool fdg_ip_is_mapped(const struct fdg_ip *ip);
/* The 16 bytes of AF_INET6: an AF_INET address is mapped. */
void fdg_ip_to_six(const struct fdg_ip *ip, uint8_t ret[16]);
/* Numbers as inet_pton takes them, of the given family or, AF_UNSPEC, of either; no scope. */
bool fdg_ip_parse(struct fdg_text t, int family, struct fdg_ip *ret);
/* All forms of inet_aton: 127.1, 0x7f.1, 2130706433. Not more than FDG_TEXT_WORD - 1 bytes. */
bool fdg_ip_parse_old(struct fdg_text t, struct fdg_ip *ret);
/*
 * What follows a % in the text of an address: an interface's name, where that has a meaning (link-local addresses: RFC 4007 section 11), or
 * a number. `index` asks for an interface's index, 0 if there is none; NULL: names are not known.
 */
bool fdg_ip_parse_scope(struct fdg_text t, unsigned (*index)(const char *name), struct fdg_ip *ip);

/* As the kernel wants it; returns its length. And back: false if it is of another family. */
socklen_t fdg_ip_to_socket(const struct fdg_ip *ip, uint16_t port, struct sockaddr_storage *ret);
bool fdg_ip_from_socket(const struct sockaddr_storage *a, struct fdg_ip *ret);

#endif
