// SPDX-License-Identifier: MIT
/* From addresses to names. */
#include "resolver/core.h"

#include <string.h>

#include "base/poison.h"

/* RFC 1035 section 3.5, RFC 3596 section 2.5. */
static void reverse_four(const uint8_t *b, char *text)
{
	for (int i = 3; i >= 0; i--) {
		text = fdg_text_put_number(text, b[i]);
		*text++ = '.';
	}
	memcpy(text, "in-addr.arpa", sizeof("in-addr.arpa"));
}

static void reverse_six(const uint8_t *b, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 15; i >= 0; i--) {
		*text++ = digits[b[i] & 0xf];
		*text++ = '.';
		*text++ = digits[b[i] >> 4];
		*text++ = '.';
	}
	memcpy(text, "ip6.arpa", sizeof("ip6.arpa"));
}

/* ::a.b.c.d, but not ::1: libc takes it for AF_INET's, as it does ::ffff:a.b.c.d. */
bool fdg_reverse_is_four(const struct fdg_ip *ip)
{
	static const uint8_t zeros[12], one[4] = { 0, 0, 0, 1 };

	if (ip->family == AF_INET || fdg_ip_is_mapped(ip))
		return true;
	return !memcmp(ip->bytes, zeros, sizeof(zeros)) && memcmp(ip->bytes + 12, one, sizeof(one)) != 0;
}

bool fdg_reverse_name(const struct fdg_ip *ip, struct fdg_dns_name *ret)
{
	char text[80];

	if (fdg_reverse_is_four(ip))
		reverse_four(ip->family == AF_INET ? ip->bytes : ip->bytes + 12, text);
	else
		reverse_six(ip->bytes, text);
	return !fdg_dns_name_from_text(text, strlen(text), ret);
}

enum fdg_nss_status fdg_reverse_files(struct fdg_core *c, struct fdg_request *q)
{
	struct fdg_hosts_entry e;
	const char *alias;

	if (c->set.flags & FDG_CORE_NO_HOSTS)
		return FDG_NSS_NOTFOUND;
	fdg_world_hosts(&c->world, &(struct fdg_hosts_want){ .ip = &q->address }, c->now);
	if (!c->world.hosts_ours) {
		fdg_request_end(c, q, FDG_CORE_NOT_OURS);
		return FDG_NSS_UNAVAIL;
	}
	q->source = FDG_FROM_FILES;
	if (!fdg_hosts_by_address(&c->world.hosts, &q->address, &e))
		return FDG_NSS_NOTFOUND;
	fdg_request_name(q, e.name);
	alias = e.aliases;
	for (uint32_t i = 0; q->names && i < e.alias_count; i++, alias += strlen(alias) + 1)
		fdg_request_alias(q, alias);
	q->found = true;
	q->ttl = 0;
	return FDG_NSS_SUCCESS;
}

void fdg_reverse_begin(struct fdg_core *c, struct fdg_request *q, const struct fdg_ip *address)
{
	q->reverse = true;
	q->address = *address;
	fdg_request_look_up(c, q);
}
