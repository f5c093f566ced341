// SPDX-License-Identifier: MIT
/* A preload that knows a name by itself, as libnss-wrapper's hosts and a proxy's clients do: nobody else is to be asked for known.test. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

#pragma GCC visibility push(default)

static const char *number_of(const char *name)
{
	return name && strcmp(name, "known.test") == 0 ? "203.0.113.7" : name;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		dlsym(RTLD_NEXT, "getaddrinfo");

	return next(number_of(node), service, hints, list);
}

struct hostent *gethostbyname(const char *name)
{
	struct hostent *(*next)(const char *) = dlsym(RTLD_NEXT, "gethostbyname");

	return next(number_of(name));
}
