// SPDX-License-Identifier: MIT
/* getnameinfo and gethostbyaddr. */
#include <errno.h>
#include <string.h>

#include "resolver/lookup_inside.h"
#include "resolver/nameinfo.h"

#include "base/poison.h"

static int put(const char *text, char *to, socklen_t room)
{
	size_t n = strlen(text) + 1;

	if (n > room)
		return EAI_OVERFLOW;
	memcpy(to, text, n);
	return 0;
}

/* 0: the name is in the request; else EAI_…, of which EAI_NONAME says that there is none. */
static int find_name(struct fdg_lookup *l, const struct fdg_ip *ip)
{
	static const uint8_t zeros[16];
	struct fdg_request *q;

	if (ip->family == AF_INET6 && !memcmp(ip->bytes, zeros, sizeof(zeros)))
		return EAI_NONAME;
	q = fdg_lookup_start(l);
	if (!q)
		return EAI_MEMORY;
	fdg_reverse_begin(l->core, q, ip);
	return fdg_lookup_run(l);
}

static int put_host(struct fdg_lookup *l, const struct fdg_ip *ip, char *host, socklen_t room, int flags)
{
	char text[FDG_NAMEINFO_HOST];
	int error = flags & NI_NUMERICHOST ? EAI_NONAME : find_name(l, ip);

	if (!error)
		return put(l->request->name, host, room);
	if (error != EAI_NONAME && error != EAI_NODATA)
		return error == FDG_CORE_NOT_OURS ? FDG_LOOKUP_NOT_OURS : error;
	if (flags & NI_NAMEREQD)
		return EAI_NONAME;
	fdg_nameinfo_number(ip, text);
	return put(text, host, room);
}

static int put_service(struct fdg_lookup *l, uint16_t port, char *service, socklen_t room, int flags)
{
	char text[FDG_NAMEINFO_SERVICE];

	if (!l->core)
		return EAI_MEMORY;
	if (!fdg_nameinfo_service(&l->core->world, port, flags, l->core->now, text))
		return FDG_LOOKUP_NOT_OURS;
	return put(text, service, room);
}

int fdg_lookup_name(struct fdg_lookup *l, const struct sockaddr *address, socklen_t len, char *host, socklen_t host_len,
		    char *service, socklen_t service_len, int flags)
{
	struct fdg_ip ip;
	uint16_t port;
	int error = fdg_nameinfo_check(address, len, flags, &ip, &port), saved = errno;

	if (!error && (flags & NI_NAMEREQD) && !host && !service)
		error = EAI_NONAME;
	if (!error && host && host_len)
		error = put_host(l, &ip, host, host_len, flags);
	if (!error && service && service_len)
		error = put_service(l, port, service, service_len, flags);
	errno = saved;
	return error == FDG_NAMEINFO_NOT_OURS ? FDG_LOOKUP_NOT_OURS : error;
}

/* h_errno. */
static int host_error(const struct fdg_lookup *l, int error)
{
	if (error == FDG_CORE_NOT_OURS)
		return FDG_LOOKUP_HOST_NOT_OURS;
	if (error == EAI_MEMORY || !l->request)
		return error == EAI_MEMORY ? NETDB_INTERNAL : HOST_NOT_FOUND;
	switch (l->request->why[0]) {
	case FDG_OUTCOME_SERVFAIL:
	case FDG_OUTCOME_AGAIN:
		return TRY_AGAIN;
	case FDG_OUTCOME_NODATA:
		return NO_DATA;
	case FDG_OUTCOME_NORECOVERY:
	case FDG_OUTCOME_EMPTY:
	case FDG_OUTCOME_BROKEN:
		return NO_RECOVERY;
	default:
		return HOST_NOT_FOUND;
	}
}

int fdg_lookup_host_errno(const struct fdg_lookup *l)
{
	const struct fdg_request *q = l->request;

	switch (q ? q->why[0] : FDG_OUTCOME_NOTFOUND) {
	case FDG_OUTCOME_SERVFAIL:
	case FDG_OUTCOME_AGAIN:
	case FDG_OUTCOME_EMPTY:
		return q->reverse || q->late ? 0 : EAGAIN;
	case FDG_OUTCOME_BROKEN:
		return EMSGSIZE;
	default:
		return 0;
	}
}

static void give(struct fdg_lookup *l, int family, unsigned address_len, unsigned count, struct fdg_lookup_host *ret)
{
	*ret = (struct fdg_lookup_host){
		.name = l->request->name,
		.aliases = l->names,
		.alias_count = l->request->name_count,
		.family = family,
		.address_len = address_len,
		.address_count = count,
		.addresses = l->addresses,
	};
}

int fdg_lookup_host_by_address(struct fdg_lookup *l, const void *address, socklen_t len, int family,
			       struct fdg_lookup_host *ret)
{
	struct fdg_ip ip = { .family = (uint8_t)family };
	int error, saved = errno;

	if ((family != AF_INET || len != 4) && (family != AF_INET6 || len != 16))
		return FDG_LOOKUP_HOST_NOT_OURS;
	memcpy(ip.bytes, address, len);
	error = find_name(l, &ip);
	errno = saved;
	if (error)
		return host_error(l, error);
	memcpy(l->addresses, ip.bytes, 16);
	if (family == AF_INET6 && l->request->source != FDG_FROM_FILES && fdg_reverse_is_four(&ip)) {
		memcpy(l->addresses, ip.bytes + 12, 4);
		give(l, AF_INET, 4, 1, ret);
	} else {
		give(l, family, len, 1, ret);
	}
	return 0;
}

/* Numbers are libc's: gethostbyname has rules of its own for them. */
static bool may_be_number(const char *name)
{
	size_t n = strlen(name);

	return !n || strchr(name, ':') || (name[n - 1] != '.' && strspn(name, "0123456789.") == n);
}

static unsigned put_addresses(struct fdg_lookup *l, unsigned width)
{
	unsigned n = 0;

	for (; n < l->request->ip_count && (n + 1) * width <= sizeof(l->addresses); n++)
		memcpy(l->addresses + n * width, l->request->ips[n].bytes, width);
	return n;
}

int fdg_lookup_host(struct fdg_lookup *l, const char *name, int family, struct fdg_lookup_host *ret)
{
	unsigned width = family == AF_INET ? 4 : 16, n;
	struct fdg_request *q;
	int error, saved = errno;

	if ((family != AF_INET && family != AF_INET6) || may_be_number(name) || strlen(name) >= FDG_REQUEST_TEXT)
		return FDG_LOOKUP_HOST_NOT_OURS;
	q = fdg_lookup_start(l);
	if (!q)
		return NETDB_INTERNAL;
	q->host_only = true;
	q->family = family;
	memcpy(q->node, name, strlen(name) + 1);
	fdg_request_look_up(l->core, q);
	error = fdg_lookup_run(l);
	errno = saved;
	if (error)
		return host_error(l, error);
	n = put_addresses(l, width);
	if (n < q->ip_count || q->names_cut)
		return FDG_LOOKUP_HOST_NOT_OURS;
	give(l, family, width, n, ret);
	return 0;
}
