// SPDX-License-Identifier: MIT
#include "guards/reuseport/socket_address.h"

#include <string.h>
#include <sys/socket.h>

#include "base/sys.h"

#include "base/poison.h"

bool fdg_socket_address_of(int fd, long call, union fdg_socket_address *ret)
{
	unsigned n = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return fdg_sys3(call, fd, ret, &n) == 0 && n <= sizeof(*ret) && (ret->any.sa_family == AF_INET || ret->any.sa_family == AF_INET6);
}

unsigned fdg_socket_address_length(const union fdg_socket_address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

static uint16_t port_of(const union fdg_socket_address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

bool fdg_socket_same_host(const union fdg_socket_address *a, const union fdg_socket_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
}

uint32_t fdg_socket_key(const union fdg_socket_address *a)
{
	const unsigned char *host = a->any.sa_family == AF_INET ? (const unsigned char *)&a->in.sin_addr : (const unsigned char *)&a->in6.sin6_addr;
	unsigned n = a->any.sa_family == AF_INET ? 4 : 16;
	uint32_t h = 2166136261u;

	for (unsigned i = 0; i < n; i++)
		h = (h ^ host[i]) * 16777619u;
	return (h >> 16 ^ h) << 16 | port_of(a);
}
