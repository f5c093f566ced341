// SPDX-License-Identifier: MIT
#include "resolver/hints.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

enum {
	OLD_IDN = 0x300, /* AI_IDN_ALLOW_UNASSIGNED, AI_IDN_USE_STD3_ASCII_RULES: without effect */
	KNOWN = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_ADDRCONFIG | AI_V4MAPPED | AI_IDN | AI_CANONIDN |
		AI_NUMERICSERV | AI_ALL | OLD_IDN,
};

/* In libc's order: the first that fits is taken. */
static const struct protocol {
	int socktype, protocol;
	bool any;    /* any protocol number fits; and there are no services */
	bool wanted; /* by who wants all */
	char name[8];
} protocols[] = {
	{ SOCK_STREAM, IPPROTO_TCP, false, true, "tcp" },
	{ SOCK_DGRAM, IPPROTO_UDP, false, true, "udp" },
	{ SOCK_DCCP, IPPROTO_DCCP, false, false, "dccp" },
	{ SOCK_DGRAM, IPPROTO_UDPLITE, false, false, "udplite" },
	{ SOCK_STREAM, IPPROTO_SCTP, false, false, "sctp" },
	{ SOCK_SEQPACKET, IPPROTO_SCTP, false, false, "sctp" },
	{ SOCK_RAW, 0, true, true, "raw" },
};

enum { PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

static const char *unless_star(const char *s)
{
	return s && strcmp(s, "*") == 0 ? NULL : s;
}

static bool is_ascii(const char *s)
{
	while (*s && !(*s & 0x80))
		s++;
	return !*s;
}

static bool is_digits(const char *service)
{
	char *end;

	strtoul(service, &end, 10);
	return !*end;
}

int fdg_hints_read(const char *node, const char *service, const struct addrinfo *hints, struct fdg_hints *ret)
{
	memset(ret, 0, offsetof(struct fdg_hints, kind));
	ret->node = unless_star(node);
	ret->service = unless_star(service);
	ret->kind_count = 0;
	ret->is_number = ret->is_digits = false;
	ret->number = 0;
	if (!ret->node && !ret->service)
		return EAI_NONAME;
	ret->flags = hints ? hints->ai_flags : AI_V4MAPPED | AI_ADDRCONFIG;
	if (ret->flags & ~KNOWN)
		return EAI_BADFLAGS;
	if ((ret->flags & AI_CANONNAME) && !ret->node)
		return EAI_BADFLAGS;
	if (hints) {
		ret->family = hints->ai_family;
		ret->socktype = hints->ai_socktype;
		ret->protocol = hints->ai_protocol;
	}
	if (ret->family != AF_UNSPEC && ret->family != AF_INET && ret->family != AF_INET6)
		return EAI_FAMILY;
	if ((ret->flags & AI_IDN) && ret->node && !is_ascii(ret->node))
		return FDG_HINTS_NOT_OURS;
	if (ret->flags & AI_CANONIDN)
		return FDG_HINTS_NOT_OURS;
	if (ret->service && !*ret->service)
		ret->service = NULL;
	ret->is_number = ret->service && fdg_services_number(ret->service, &ret->number);
	ret->is_digits = ret->service && is_digits(ret->service);
	return 0;
}

static bool fits(const struct fdg_hints *h, const struct protocol *p)
{
	if (h->socktype && h->socktype != p->socktype)
		return false;
	return !h->protocol || p->any || h->protocol == p->protocol;
}

static const struct protocol *first_fit(const struct fdg_hints *h)
{
	for (unsigned i = 0; i < PROTOCOLS; i++)
		if (fits(h, &protocols[i]))
			return &protocols[i];
	return NULL;
}

static void add(struct fdg_hints *h, const struct protocol *p, uint16_t port)
{
	h->kind[h->kind_count++] = (struct fdg_kind){ p->socktype, p->any ? h->protocol : p->protocol, port };
}

/* Without a name of a service: the first that fits, or all that one wants. */
static int by_number(struct fdg_hints *h, const struct protocol *first)
{
	if (first) {
		add(h, first, h->number);
		return 0;
	}
	for (unsigned i = 0; i < PROTOCOLS; i++)
		if (protocols[i].wanted)
			add(h, &protocols[i], h->number);
	return 0;
}

static int by_name(struct fdg_hints *h, const struct protocol *first, const struct fdg_services *services)
{
	uint16_t port;

	for (unsigned i = 0; i < PROTOCOLS; i++) {
		const struct protocol *p = &protocols[i];

		if (first ? p != first : p->any)
			continue;
		if (fdg_services_port(services, h->service, p->name, &port))
			add(h, p, port);
	}
	return h->kind_count ? 0 : EAI_SERVICE;
}

bool fdg_hints_need_services(const struct fdg_hints *h)
{
	return h->service && !h->is_number && (h->is_digits || !(h->flags & AI_NUMERICSERV));
}

int fdg_hints_kinds(struct fdg_hints *h, const struct fdg_services *services)
{
	const struct protocol *first = NULL;

	h->kind_count = 0;
	if (h->service && !h->is_digits && (h->flags & AI_NUMERICSERV))
		return EAI_NONAME;
	if (h->socktype || h->protocol) {
		first = first_fit(h);
		if (!first)
			return h->socktype ? EAI_SOCKTYPE : EAI_SERVICE;
		if (first->any && h->service)
			return EAI_SERVICE;
	}
	return !h->service || h->is_number ? by_number(h, first) : by_name(h, first, services);
}
