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
