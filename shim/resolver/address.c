// SPDX-License-Identifier: MIT
#include "resolver/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/poison.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool fdg_ip_is_mapped(const struct fdg_ip *ip)
{
	return ip->family == AF_INET6 && memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
}

void fdg_ip_to_six(const struct fdg_ip *ip, uint8_t ret[16])
{
	if (ip->family == AF_INET6) {
		memcpy(ret, ip->bytes, 16);
		return;
	}
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), ip->bytes, 4);
}

bool fdg_ip_parse(struct fdg_text t, int family, struct fdg_ip *ret)
{
	char text[FDG_TEXT_WORD];
	struct fdg_ip ip = { .family = AF_INET };

	if (!fdg_text_copy(t, text))
		return false;
	if (family != AF_INET6 && inet_pton(AF_INET, text, ip.bytes) == 1) {
		*ret = ip;
		return true;
	}
	ip.family = AF_INET6;
	if (family == AF_INET || inet_pton(AF_INET6, text, ip.bytes) != 1)
		return false;
	*ret = ip;
	return true;
}

bool fdg_ip_parse_old(struct fdg_text t, struct fdg_ip *ret)
{
	char text[FDG_TEXT_WORD];
	struct in_addr in;

	if (!fdg_text_copy(t, text))
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (fdg_text_is_space(t.s[i])) /* where inet_aton would stop */
			return false;
	if (!inet_aton(text, &in))
		return false;
	*ret = (struct fdg_ip){ .family = AF_INET };
	memcpy(ret->bytes, &in, sizeof(in));
	return true;
}

static bool is_local(const struct fdg_ip *ip)
{
	const uint8_t *b = ip->bytes;

	return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || (b[0] == 0xff && (b[1] & 0xf) == 2);
}

bool fdg_ip_parse_scope(struct fdg_text t, unsigned (*index)(const char *name), struct fdg_ip *ip)
{
	char text[FDG_TEXT_WORD];
	uint32_t scope = 0;

	if (index && is_local(ip) && fdg_text_copy(t, text))
		scope = index(text);
	if (!scope && (!t.n || *t.s == '+' || !fdg_text_number(t, UINT32_MAX, &scope)))
		return false;
	ip->scope = scope;
	return true;
}

socklen_t fdg_ip_to_socket(const struct fdg_ip *ip, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

	if (ip->family == AF_INET) {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&four->sin_addr, ip->bytes, 4);
		return sizeof(*four);
	}
	*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = ip->scope };
	memcpy(&six->sin6_addr, ip->bytes, 16);
	return sizeof(*six);
}

bool fdg_ip_from_socket(const struct sockaddr_storage *a, struct fdg_ip *ret)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;

	if (a->ss_family != AF_INET && a->ss_family != AF_INET6)
		return false;
	*ret = (struct fdg_ip){ .family = (uint8_t)a->ss_family };
	if (a->ss_family == AF_INET) {
		memcpy(ret->bytes, &four->sin_addr, 4);
	} else {
		memcpy(ret->bytes, &six->sin6_addr, 16);
		ret->scope = six->sin6_scope_id;
	}
	return true;
}
