// SPDX-License-Identifier: MIT
/* A preload that stands behind libc's name, as those do that ask a proxy: all names are 203.0.113.9. */
#include <dlfcn.h>
#include <netdb.h>

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

	(void)name;
	return next("203.0.113.9", service, hints, list);
}
