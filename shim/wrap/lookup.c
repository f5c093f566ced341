// SPDX-License-Identifier: MIT
/*
 * Lookups of names and addresses, which wait for a server inside libc: straight through, and timed where the thread has an event loop. They are cancellation points, and
 * nothing here would need undoing.
 */
#include "wrap/wrap.h"

#include "guards/nonblock/lookup.h"

/* LOOKUP(type, name, (parameters), what is looked up, arguments) */
#define LOOKUP(type, name, parameters, asked, ...) \
	WRAP(type, name, parameters) \
	{ \
		struct fdg_lookup l; \
		type r; \
\
		if (fdg_out() || !fdg_lookup_begin(&l)) \
			return real_##name(__VA_ARGS__); \
		asked; \
		r = real_##name(__VA_ARGS__); \
		fdg_lookup_end(&l, #name, FDG_SITE); \
		return r; \
	}

LOOKUP(int, getaddrinfo, (const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found),
       fdg_lookup_name(&l, host), host, service, hints, found)
LOOKUP(int, getnameinfo, (const struct sockaddr *peer, socklen_t len, char *host, socklen_t hosts, char *service, socklen_t services, int flags),
       fdg_lookup_peer(&l, peer, len), peer, len, host, hosts, service, services, flags)

LOOKUP(struct hostent *, gethostbyname, (const char *host), fdg_lookup_name(&l, host), host)
LOOKUP(struct hostent *, gethostbyname2, (const char *host, int family), fdg_lookup_name(&l, host), host, family)
LOOKUP(struct hostent *, gethostbyaddr, (const void *address, socklen_t len, int family), fdg_lookup_address(&l, family, address, len), address, len, family)
LOOKUP(int, gethostbyname_r, (const char *host, struct hostent *to, char *room, size_t n, struct hostent **found, int *error),
       fdg_lookup_name(&l, host), host, to, room, n, found, error)
LOOKUP(int, gethostbyname2_r, (const char *host, int family, struct hostent *to, char *room, size_t n, struct hostent **found, int *error),
       fdg_lookup_name(&l, host), host, family, to, room, n, found, error)
LOOKUP(int, gethostbyaddr_r, (const void *address, socklen_t len, int family, struct hostent *to, char *room, size_t n, struct hostent **found, int *error),
       fdg_lookup_address(&l, family, address, len), address, len, family, to, room, n, found, error)
