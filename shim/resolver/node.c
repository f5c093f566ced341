// SPDX-License-Identifier: MIT
#include "resolver/node.h"

#include <string.h>

#include "base/poison.h"

void fdg_ip_map(struct fdg_ip *ip)
{
	uint8_t six[16];

	fdg_ip_to_six(ip, six);
	ip->family = AF_INET6;
	memcpy(ip->bytes, six, sizeof(six));
}

static int take_four(const struct fdg_hints *h, struct fdg_ip *ip)
{
	if (h->family != AF_INET6)
		return 0;
	if (!(h->flags & AI_V4MAPPED))
		return EAI_ADDRFAMILY;
	fdg_ip_map(ip);
	return 0;
}

static int take_six(const struct fdg_hints *h, struct fdg_ip *ip)
{
	if (h->family != AF_INET)
		return 0;
	if (!fdg_ip_is_mapped(ip))
		return EAI_ADDRFAMILY;
	memmove(ip->bytes, ip->bytes + 12, 4);
	memset(ip->bytes + 4, 0, 12);
	ip->family = AF_INET;
	return 0;
}

int fdg_node_number(const struct fdg_hints *h, unsigned (*index)(const char *name), struct fdg_ip *ret)
{
	struct fdg_text t = { h->node, strlen(h->node) }, scope;
	const char *percent = memchr(t.s, '%', t.n);
	int error;

	if (*t.s >= '0' && *t.s <= '9' && fdg_ip_parse_old(t, ret))
		return take_four(h, ret);
	if (!memchr(t.s, ':', t.n))
		return h->flags & AI_NUMERICHOST ? EAI_NONAME : FDG_NODE_NAME;
	if (percent) {
		t.n = (size_t)(percent - t.s);
		scope = (struct fdg_text){ percent + 1, strlen(percent + 1) };
	}
	if (!fdg_ip_parse(t, AF_INET6, ret))
		return h->flags & AI_NUMERICHOST ? EAI_NONAME : FDG_NODE_NAME;
	/* libc looks at the scope last; an address that became AF_INET's has no use for it. */
	struct fdg_ip six = *ret;

	error = take_six(h, ret);
	if (error || !percent)
		return error;
	if (!fdg_ip_parse_scope(scope, index, &six))
		return EAI_NONAME;
	if (ret->family == AF_INET6)
		ret->scope = six.scope;
	return 0;
}

unsigned fdg_node_none(const struct fdg_hints *h, struct fdg_ip ret[2])
{
	bool passive = h->flags & AI_PASSIVE;
	unsigned n = 0;

	if (h->family != AF_INET) {
		ret[n] = (struct fdg_ip){ .family = AF_INET6 };
		ret[n++].bytes[15] = !passive;
	}
	if (h->family != AF_INET6) {
		ret[n] = (struct fdg_ip){ .family = AF_INET };
		if (!passive)
			memcpy(ret[n].bytes, "\x7f\0\0\1", 4);
		n++;
	}
	return n;
}
