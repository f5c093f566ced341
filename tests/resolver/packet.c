// SPDX-License-Identifier: MIT
#include "packet.h"

#include <string.h>

#include "common.h"

static void put8(struct packet *p, unsigned v)
{
	p->data[p->len++] = (uint8_t)v;
}

static void put16(struct packet *p, unsigned v)
{
	put8(p, v >> 8);
	put8(p, v & 0xff);
}

static void put32(struct packet *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p, v & 0xffff);
}

static void put_any(struct packet *p, unsigned n)
{
	while (n--)
		put8(p, any(256));
}

/* Up to three labels, and then the root or a pointer to a name before. */
static void put_name(struct packet *p)
{
	uint16_t start = (uint16_t)p->len;
	unsigned labels = any(4), targets = p->name_count;

	for (unsigned i = 0; i < labels; i++) {
		unsigned n = any(20) ? 1 + any(8) : 1 + any(63);

		put8(p, n);
		while (n--)
			put8(p, any(8) ? 'a' + any(26) : any(256));
	}
	if (targets && any(3))
		put16(p, 0xc000 | p->names[any(targets)]);
	else
		put8(p, 0);
	if (p->name_count < 64)
		p->names[p->name_count++] = start;
}

static void put_data(struct packet *p, unsigned type)
{
	switch (type) {
	case 1: /* A */
		put_any(p, 4);
		break;
	case 28: /* AAAA */
		put_any(p, 16);
		break;
	case 2: /* NS */
	case 5: /* CNAME */
	case 12: /* PTR */
		put_name(p);
		break;
	case 6: /* SOA */
		put_name(p);
		put_name(p);
		put_any(p, 20);
		break;
	case 15: /* MX */
		put_any(p, 2);
		put_name(p);
		break;
	case 16: /* TXT */
		put8(p, 3);
		put_any(p, 3);
		break;
	default: /* of types that nobody knows */
		put_any(p, any(20));
	}
}

static void put_record(struct packet *p)
{
	static const uint16_t types[] = { 1, 1, 28, 28, 5, 12, 6, 2, 15, 16, 65280 };
	unsigned type = types[any(COUNT(types))];
	size_t length;

	put_name(p);
	put16(p, type);
	put16(p, any(10) ? 1 : 3);
	put32(p, any(10) ? any(100000) : 0x80000000u | any(100));
	length = p->len;
	put16(p, 0);
	put_data(p, type);
	p->data[length] = (uint8_t)((p->len - length - 2) >> 8);
	p->data[length + 1] = (uint8_t)(p->len - length - 2);
}

static void put_opt(struct packet *p)
{
	static const uint8_t option[] = { 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	bool with = any(2);

	put8(p, 0);
	put16(p, 41);
	put16(p, 512 + any(4096));
	put8(p, any(3) ? 0 : any(256));
	put8(p, any(3) ? 0 : any(256));
	put16(p, any(2) ? 0x8000 : 0);
	put16(p, with ? sizeof(option) : 0);
	memcpy(p->data + p->len, option, sizeof(option));
	p->len += with ? sizeof(option) : 0;
}

void packet_make(struct packet *p)
{
	unsigned counts[3] = { any(4), any(3), any(3) };
	bool opt = any(2);

	p->len = p->name_count = 0;
	put_any(p, 2);
	put16(p, 0x8000 | (any(2) ? any(0x8000) : 0x180));
	put16(p, 1);
	put16(p, counts[0]);
	put16(p, counts[1]);
	put16(p, counts[2] + opt);
	put_name(p);
	put16(p, any(2) ? 1 : 28);
	put16(p, 1);
	for (unsigned s = 0; s < 3; s++)
		while (counts[s]--)
			put_record(p);
	if (opt)
		put_opt(p);
}

void packet_damage(struct packet *p)
{
	static const uint8_t often[] = { 0, 1, 0xc0, 0xc1, 0x0c, 0x40, 0x80, 63, 64, 0xff };
	unsigned times = 1 + any(3);

	while (times-- && p->len > 12) {
		size_t at = any(8) ? 12 + any((uint32_t)p->len - 12) : any(12);

		if (any(6) == 0)
			p->len = at;
		else if (any(2))
			p->data[at] = often[any(sizeof(often))];
		else
			p->data[at] ^= (uint8_t)(1 << any(8));
	}
}
