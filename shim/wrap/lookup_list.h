/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo's list, laid out as libc does: each entry one piece of malloc's with its address behind it, the canonical name another. So libc's freeaddrinfo frees our
 * lists, and there is no need to wrap it.
 */
#ifndef FDG_WRAP_LOOKUP_LIST_H
#define FDG_WRAP_LOOKUP_LIST_H

#include <netdb.h>

#include "resolver/lookup.h"

/* 0, or EAI_MEMORY: then nothing is left of it, and *ret is as it was. errno is left alone. */
int fdg_lookup_list(const struct fdg_lookup_result *r, struct addrinfo **ret);
/* NULL: there is no memory. */
struct addrinfo *fdg_lookup_list_copy(const struct addrinfo *list);

#endif
