// SPDX-License-Identifier: MIT
#include "differential.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ EAI_BADFLAGS, "BADFLAGS" }, { EAI_NONAME, "NONAME" },        { EAI_AGAIN, "AGAIN" },
		{ EAI_FAIL, "FAIL" },         { EAI_NODATA, "NODATA" },        { EAI_FAMILY, "FAMILY" },
		{ EAI_SOCKTYPE, "SOCKTYPE" }, { EAI_SERVICE, "SERVICE" },      { EAI_ADDRFAMILY, "ADDRFAMILY" },
		{ EAI_MEMORY, "MEMORY" },     { EAI_SYSTEM, "SYSTEM" },        { EAI_OVERFLOW, "OVERFLOW" },
		{ EAI_CANCELED, "CANCELED" }, { FDG_LOOKUP_NOT_OURS, "LIBC" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return "?";
}

static const char *host_error_name(int error)
{
	switch (error) {
	case HOST_NOT_FOUND:
		return "HOST_NOT_FOUND";
	case TRY_AGAIN:
		return "TRY_AGAIN";
	case NO_RECOVERY:
		return "NO_RECOVERY";
	case NO_DATA:
		return "NO_DATA";
	case FDG_LOOKUP_HOST_NOT_OURS:
		return "LIBC";
	default:
		return "INTERNAL";
	}
}

static void add(char *to, const char *text)
{
	size_t n = strlen(to), more = strlen(text);

	if (n + more + 1 < DIFFERENTIAL_TEXT)
		memcpy(to + n, text, more + 1);
}

static void add_entry(char *to, int flags, int family, int socktype, int protocol, const struct sockaddr *a,
		      const char *canonical)
{
	const struct sockaddr_in6 *six = (const void *)a;
	const struct sockaddr_in *four = (const void *)a;
	char address[INET6_ADDRSTRLEN], line[512];

	inet_ntop(family, family == AF_INET ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr, address,
		  sizeof(address));
	snprintf(line, sizeof(line), "%d/%d/%d %s%%%u:%u fl=%x%s%s; ", family == AF_INET ? 4 : 6, socktype, protocol,
		 address, family == AF_INET ? 0 : six->sin6_scope_id, ntohs(four->sin_port), (unsigned)flags,
		 canonical ? " =" : "", canonical ? canonical : "");
	add(to, line);
}

void theirs_addresses(const char *node, const char *service, const struct addrinfo *hints, char *ret)
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(node, service, hints, &list);

	*ret = '\0';
	if (error) {
		add(ret, error_name(error));
		return;
	}
	for (const struct addrinfo *a = list; a; a = a->ai_next)
		add_entry(ret, a->ai_flags, a->ai_family, a->ai_socktype, a->ai_protocol, a->ai_addr, a->ai_canonname);
	freeaddrinfo(list);
}

void ours_addresses(struct fdg_lookup *l, const char *node, const char *service, const struct addrinfo *hints,
		    char *ret)
{
	struct fdg_lookup_result r;
	struct fdg_lookup_entry e;
	int error, number = 0;

	*ret = '\0';
	fdg_lookup_begin(l);
	error = fdg_lookup_addresses(l, node, service, hints, &r, &number);
	if (error)
		add(ret, error_name(error));
	for (unsigned i = 0; !error && fdg_lookup_entry(&r, i, &e); i++)
		add_entry(ret, e.flags, e.family, e.socktype, e.protocol, &e.address.any, e.canonical);
	fdg_lookup_end(l);
}

static void put_name(int error, const char *host, const char *service, char *ret)
{
	*ret = '\0';
	add(ret, error ? error_name(error) : host);
	if (error)
		return;
	add(ret, " ");
	add(ret, service);
}

void theirs_name(const struct sockaddr *a, socklen_t len, socklen_t host_len, int flags, char *ret)
{
	char host[1025] = "", service[64] = "";
	int error = getnameinfo(a, len, host, host_len, service, sizeof(service), flags);

	put_name(error, host, service, ret);
}

void ours_name(struct fdg_lookup *l, const struct sockaddr *a, socklen_t len, socklen_t host_len, int flags, char *ret)
{
	char host[1025] = "", service[64] = "";
	int error;

	fdg_lookup_begin(l);
	error = fdg_lookup_name(l, a, len, host, host_len, service, sizeof(service), flags);
	fdg_lookup_end(l);
	put_name(error, host, service, ret);
}

static void add_address(char *to, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	add(to, " ");
	add(to, inet_ntop(family, address, text, sizeof(text)));
}

static void put_theirs(const struct hostent *h, int error, char *ret)
{
	*ret = '\0';
	if (!h) {
		add(ret, host_error_name(error));
		return;
	}
	add(ret, h->h_name);
	for (char **alias = h->h_aliases; *alias; alias++) {
		add(ret, " [");
		add(ret, *alias);
		add(ret, "]");
	}
	for (char **address = h->h_addr_list; *address; address++)
		add_address(ret, h->h_addrtype, *address);
}

static void put_ours(const struct fdg_lookup_host *h, int error, char *ret)
{
	const char *alias = h->aliases;

	*ret = '\0';
	if (error) {
		add(ret, host_error_name(error));
		return;
	}
	add(ret, h->name);
	for (unsigned i = 0; i < h->alias_count; i++, alias += strlen(alias) + 1) {
		add(ret, " [");
		add(ret, alias);
		add(ret, "]");
	}
	for (unsigned i = 0; i < h->address_count; i++)
		add_address(ret, h->family, h->addresses + i * h->address_len);
}

void theirs_host(const char *name, int family, char *ret)
{
	struct hostent space, *h = NULL;
	char buf[16384];
	int error = 0;

	gethostbyname2_r(name, family, &space, buf, sizeof(buf), &h, &error);
	put_theirs(h, error, ret);
}

void ours_host(struct fdg_lookup *l, const char *name, int family, char *ret)
{
	struct fdg_lookup_host h = { .name = NULL };
	int error;

	fdg_lookup_begin(l);
	error = fdg_lookup_host(l, name, family, &h);
	put_ours(&h, error, ret);
	fdg_lookup_end(l);
}

void theirs_host_by_address(const void *address, socklen_t len, int family, char *ret)
{
	struct hostent space, *h = NULL;
	char buf[16384];
	int error = 0;

	gethostbyaddr_r(address, len, family, &space, buf, sizeof(buf), &h, &error);
	put_theirs(h, error, ret);
}

void ours_host_by_address(struct fdg_lookup *l, const void *address, socklen_t len, int family, char *ret)
{
	struct fdg_lookup_host h = { .name = NULL };
	int error;

	fdg_lookup_begin(l);
	error = fdg_lookup_host_by_address(l, address, len, family, &h);
	put_ours(&h, error, ret);
	fdg_lookup_end(l);
}
