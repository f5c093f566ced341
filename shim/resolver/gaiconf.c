// SPDX-License-Identifier: MIT
#include "resolver/gaiconf.h"

#include <limits.h>
#include <string.h>

#include "base/poison.h"

enum { LINK_LOCAL = 2, SITE_LOCAL = 5, GLOBAL = 14, MAPPED_BITS = 96, ADDRESS_BITS = 128 };

#define MAPPED 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff

static const struct fdg_gaiconf_table labels = {
	{ { { [15] = 1 }, 128, 0 },
	  { { MAPPED }, 96, 4 },
	  { { 0 }, 96, 3 },
	  { { 0x20, 0x01 }, 32, 7 }, /* Teredo */
	  { { 0x20, 0x02 }, 16, 2 }, /* 6to4 */
	  { { 0xfe, 0xc0 }, 10, 5 },
	  { { 0xfc }, 7, 6 },
	  { { 0 }, 0, 1 } },
	8,
};

static const struct fdg_gaiconf_table precedences = {
	{ { { [15] = 1 }, 128, 50 },
	  { { MAPPED }, 96, 10 },
	  { { 0 }, 96, 20 },
	  { { 0x20, 0x02 }, 16, 30 },
	  { { 0 }, 0, 40 } },
	5,
};

static const struct fdg_gaiconf_table scopes = {
	{ { { MAPPED, 169, 254 }, 112, LINK_LOCAL }, { { MAPPED, 127 }, 104, LINK_LOCAL }, { { MAPPED }, 96, GLOBAL } },
	3,
};

/* Behind all that are as long. False: there is no room. */
static bool add(struct fdg_gaiconf_table *t, const struct fdg_gaiconf_entry *e)
{
	unsigned at = t->count;

	if (at == FDG_GAICONF_ENTRIES)
		return false;
	for (; at && t->entry[at - 1].bits < e->bits; at--)
		t->entry[at] = t->entry[at - 1];
	t->entry[at] = *e;
	t->count++;
	return true;
}

/* "ADDRESS/BITS VALUE" of AF_INET6, or with `four` of AF_INET as well, which must be mapped then. */
static bool parse_entry(struct fdg_text prefix, struct fdg_text value, bool four, struct fdg_gaiconf_entry *ret)
{
	struct fdg_text rest = prefix, number = fdg_text_until(&rest, "/");
	struct fdg_ip ip;
	uint32_t bits, offset;

	if (!fdg_ip_parse(number, four ? AF_UNSPEC : AF_INET6, &ip) ||
	    (four && ip.family == AF_INET6 && !fdg_ip_is_mapped(&ip)))
		return false;
	offset = ip.family == AF_INET ? MAPPED_BITS : 0;
	bits = ADDRESS_BITS - offset;
	if (number.n < prefix.n && !fdg_text_number(rest, bits, &bits))
		return false;
	if (!fdg_text_number(value, INT_MAX, &ret->value) || (four && bits + offset < MAPPED_BITS))
		return false;
	ret->bits = (uint8_t)(bits + offset);
	fdg_ip_to_six(&ip, ret->prefix);
	return true;
}

static void read_line(struct fdg_gaiconf *c, struct fdg_text line)
{
	struct fdg_text keyword, prefix, value;
	struct fdg_gaiconf_table *t = NULL;
	struct fdg_gaiconf_entry e;
	bool four = false;

	if (!fdg_text_word(&line, &keyword))
		return;
	fdg_text_word(&line, &prefix);
	fdg_text_word(&line, &value);
	if (fdg_text_is(keyword, "reload")) {
		c->reload = fdg_text_is(prefix, "yes");
	} else if (fdg_text_is(keyword, "label")) {
		t = &c->label;
	} else if (fdg_text_is(keyword, "precedence")) {
		t = &c->precedence;
	} else if (fdg_text_is(keyword, "scopev4")) {
		t = &c->scope4;
		four = true;
	}
	if (t && parse_entry(prefix, value, four, &e))
		c->cut |= !add(t, &e);
}

/* What was named, and at the end something that matches all; or the defaults. */
static void complete(struct fdg_gaiconf *c, struct fdg_gaiconf_table *t, const struct fdg_gaiconf_table *defaults)
{
	const struct fdg_gaiconf_entry *all = &defaults->entry[defaults->count - 1];

	if (!t->count)
		*t = *defaults;
	else if (t->entry[t->count - 1].bits > all->bits && !add(t, all))
		c->cut = true;
}

void fdg_gaiconf_parse(struct fdg_text text, struct fdg_gaiconf *ret)
{
	struct fdg_text line;

	ret->label.count = ret->precedence.count = ret->scope4.count = 0;
	ret->reload = ret->cut = false;
	while (fdg_text_line(&text, &line))
		read_line(ret, fdg_text_until(&line, "#"));
	complete(ret, &ret->label, &labels);
	complete(ret, &ret->precedence, &precedences);
	complete(ret, &ret->scope4, &scopes);
}

static bool matches(const struct fdg_gaiconf_entry *e, const uint8_t six[16])
{
	unsigned bytes = e->bits / 8, rest = e->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(e->prefix, six, bytes) == 0 && (!rest || ((e->prefix[bytes] ^ six[bytes]) & mask) == 0);
}

static uint32_t look_up(const struct fdg_gaiconf_table *t, const struct fdg_ip *ip)
{
	uint8_t six[16];
	unsigned i = 0;

	fdg_ip_to_six(ip, six);
	while (i + 1 < t->count && !matches(&t->entry[i], six))
		i++;
	return t->entry[i].value;
}

uint32_t fdg_gaiconf_label(const struct fdg_gaiconf *c, const struct fdg_ip *ip)
{
	return look_up(&c->label, ip);
}

uint32_t fdg_gaiconf_precedence(const struct fdg_gaiconf *c, const struct fdg_ip *ip)
{
	return look_up(&c->precedence, ip);
}

static bool is_loopback(const uint8_t *b)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	return memcmp(b, loopback, sizeof(loopback)) == 0;
}

uint32_t fdg_gaiconf_scope(const struct fdg_gaiconf *c, const struct fdg_ip *ip)
{
	const uint8_t *b = ip->bytes;

	if (ip->family == AF_INET)
		return look_up(&c->scope4, ip);
	if (b[0] == 0xff)
		return b[1] & 0xf;
	if ((b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || is_loopback(b))
		return LINK_LOCAL;
	return b[0] == 0xfe && (b[1] & 0xc0) == 0xc0 ? SITE_LOCAL : GLOBAL;
}
