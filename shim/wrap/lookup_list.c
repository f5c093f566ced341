// SPDX-License-Identifier: MIT
#include "wrap/lookup_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_list(struct addrinfo *a)
{
	while (a) {
		struct addrinfo *next = a->ai_next;

		free(a->ai_canonname);
		free(a);
		a = next;
	}
}

static char *copy(const char *text)
{
	size_t n = strlen(text) + 1;
	char *to = malloc(n);

	return to ? memcpy(to, text, n) : NULL;
}

static struct addrinfo *make(const struct fdg_lookup_entry *e)
{
	struct addrinfo *a = malloc(sizeof(*a) + e->address_len);

	if (!a)
		return NULL;
	*a = (struct addrinfo){
		.ai_flags = e->flags,
		.ai_family = e->family,
		.ai_socktype = e->socktype,
		.ai_protocol = e->protocol,
		.ai_addrlen = e->address_len,
		.ai_addr = (struct sockaddr *)(a + 1),
	};
	memcpy(a->ai_addr, &e->address, e->address_len);
	if (!e->canonical || (a->ai_canonname = copy(e->canonical)))
		return a;
	free(a);
	return NULL;
}

int fdg_lookup_list(const struct fdg_lookup_result *r, struct addrinfo **ret)
{
	struct addrinfo *first = NULL, **last = &first;
	struct fdg_lookup_entry e;
	int saved = errno;

	for (unsigned i = 0; fdg_lookup_entry(r, i, &e); i++) {
		*last = make(&e);
		if (!*last) {
			free_list(first);
			errno = saved;
			return EAI_MEMORY;
		}
		last = &(*last)->ai_next;
	}
	errno = saved;
	*ret = first;
	return 0;
}

static struct addrinfo *copy_of(const struct addrinfo *a)
{
	struct addrinfo *c = malloc(sizeof(*c) + a->ai_addrlen);

	if (!c)
		return NULL;
	*c = *a;
	c->ai_next = NULL;
	c->ai_addr = (struct sockaddr *)(c + 1);
	memcpy(c->ai_addr, a->ai_addr, a->ai_addrlen);
	c->ai_canonname = a->ai_canonname ? copy(a->ai_canonname) : NULL;
	if (a->ai_canonname && !c->ai_canonname) {
		free(c);
		return NULL;
	}
	return c;
}

struct addrinfo *fdg_lookup_list_copy(const struct addrinfo *list)
{
	struct addrinfo *first = NULL, **last = &first;

	for (; list; list = list->ai_next) {
		*last = copy_of(list);
		if (!*last) {
			free_list(first);
			return NULL;
		}
		last = &(*last)->ai_next;
	}
	return first;
}
