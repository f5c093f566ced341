/* SPDX-License-Identifier: MIT */
/* Addresses of internet sockets, as the kernel says now. Raw system calls; async-signal-safe. */
#ifndef FDG_GUARDS_REUSEPORT_SOCKET_ADDRESS_H
#define FDG_GUARDS_REUSEPORT_SOCKET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

union fdg_socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* `call` is SYS_getsockname or SYS_getpeername. False: it has none, or one of another family. */
bool fdg_socket_address_of(int fd, long call, union fdg_socket_address *ret);
unsigned fdg_socket_address_length(const union fdg_socket_address *a);
bool fdg_socket_same_host(const union fdg_socket_address *a, const union fdg_socket_address *b);
/* The port and, in 16 bits, the host. */
uint32_t fdg_socket_key(const union fdg_socket_address *a);

#endif
