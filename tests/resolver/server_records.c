// SPDX-License-Identifier: MIT
/* Answers whose records are the matter. */
#include "server_messages.h"

#include <string.h>

enum { HEADER = 12, MANY = 60, LINKS = 12, A = 1, CNAME = 5, SOA = 6, PTR = 12, TXT = 16, AAAA = 28, IN = 1, CH = 3 };

static void put(struct message *m, const void *data, size_t n)
{
	memcpy(m->data + m->len, data, n);
	m->len += n;
}

static void put16(struct message *m, unsigned v)
{
	uint8_t two[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(m, two, 2);
}

/* "a.b" as a name on the wire, without the root; NULL: the name in the question. */
static size_t write_name(uint8_t *to, const char *text)
{
	size_t n = 0;

	if (!text) {
		memcpy(to, "\xc0\x0c", 2);
		return 2;
	}
	while (*text) {
		size_t len = strcspn(text, ".");

		to[n++] = (uint8_t)len;
		memcpy(to + n, text, len);
		n += len;
		text += len + (text[len] == '.');
	}
	to[n++] = 0;
	return n;
}

/* `section`: 0 answers, 1 authority. */
static void record(struct message *m, unsigned section, const char *owner, unsigned type, unsigned class_,
		   const void *data, size_t n)
{
	uint8_t name[256];

	put(m, name, write_name(name, owner));
	put16(m, type);
	put16(m, class_);
	put(m, "\0\0\0\x3c", 4);
	put16(m, (unsigned)n);
	put(m, data, n);
	m->data[7 + 2 * section]++;
}

static void alias(struct message *m, const char *owner, const char *target)
{
	uint8_t name[256];

	record(m, 0, owner, CNAME, IN, name, write_name(name, target));
}

static void address(struct message *m, const char *owner, unsigned type, unsigned class_, unsigned last)
{
	uint8_t four[4] = { 192, 0, 2, (uint8_t)last }, six[16] = { 0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)last };

	if (type == A)
		record(m, 0, owner, A, class_, four, 4);
	else if (type == AAAA)
		record(m, 0, owner, AAAA, class_, six, 16);
}

static void soa(struct message *m)
{
	static const uint8_t data[] = "\2ns\4test\0\4post\4test\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x1e";

	record(m, 1, "test", SOA, IN, data, sizeof(data) - 1);
}

static void long_chain(struct message *m, unsigned type)
{
	char from[] = "link0.test", to[] = "link0.test";

	alias(m, NULL, "link1.test");
	for (unsigned i = 1; i < LINKS; i++) {
		from[4] = (char)('0' + i);
		to[4] = (char)('1' + i);
		if (to[4] > '9')
			to[4] = (char)('a' + i);
		if (from[4] > '9')
			from[4] = (char)('a' + i - 1);
		alias(m, from, to);
	}
	address(m, to, type, IN, 1);
}

static void pointers(struct message *m, unsigned number)
{
	static const char *const targets[] = { "", "one.test", "two.test",       "",          "",
					       "", "six.test", "bad name!.test", "eight.test" };
	uint8_t name[256];

	if (number == 6)
		alias(m, NULL, "6.0-8.2.0.192.in-addr.arpa");
	record(m, 0, number == 6 ? "6.0-8.2.0.192.in-addr.arpa" : NULL, PTR, IN, name,
	       write_name(name, targets[number]));
	if (number == 2)
		record(m, 0, NULL, PTR, IN, name, write_name(name, "also.test"));
	if (number == 8)
		m->data[m->len - 13] = 200;
}

static bool is_pointer(const struct message *query, struct message *m)
{
	unsigned number = query->data[HEADER] == 1 ? query->data[HEADER + 1] - '0' : 9;

	message_begin(query, m, number == 5 ? 2 : number == 3 || number > 8 ? 3 : 0);
	if (number && number != 3 && number != 4 && number != 5 && number <= 8)
		pointers(m, number);
	return true;
}

static bool is_chain(struct message *m, enum act act, unsigned type)
{
	switch (act) {
	case ACT_CHAIN:
		alias(m, NULL, "Middle.test");
		alias(m, "Middle.test", "End.test");
		address(m, "End.test", type, IN, 1);
		return true;
	case ACT_LONGCHAIN:
		long_chain(m, type);
		return true;
	case ACT_LOOP:
		alias(m, NULL, "other.test");
		alias(m, "other.test", "loop.test");
		return true;
	case ACT_REVERSE:
		alias(m, "middle.test", "end.test");
		alias(m, NULL, "middle.test");
		address(m, "end.test", type, IN, 1);
		return true;
	case ACT_DANGLING:
		alias(m, NULL, "nowhere.test");
		return true;
	case ACT_BADTARGET:
		alias(m, NULL, "bad target!.test");
		address(m, "bad target!.test", type, IN, 1);
		return true;
	default:
		return false;
	}
}

static bool is_odd(struct message *m, enum act act, unsigned type)
{
	switch (act) {
	case ACT_FOREIGN:
		address(m, "another.test", type, IN, 66);
		return true;
	case ACT_CLASSCH:
		address(m, NULL, type, CH, 66);
		return true;
	case ACT_TXT:
		record(m, 0, NULL, TXT, IN, "\3abc", 4);
		return true;
	case ACT_UNRELATED:
		record(m, 0, NULL, TXT, IN, "\3abc", 4);
		address(m, NULL, type, IN, 1);
		return true;
	case ACT_DUP:
		address(m, NULL, type, IN, 1);
		address(m, NULL, type, IN, 1);
		return true;
	case ACT_MANY:
		for (unsigned i = 1; i <= MANY; i++)
			address(m, NULL, type, IN, i * 7 % 61);
		return true;
	case ACT_MIXED:
		address(m, NULL, type == A ? AAAA : A, IN, 66);
		address(m, NULL, type, IN, 1);
		return true;
	case ACT_SHORTDATA:
		record(m, 0, NULL, type, IN, "\1\2\3", 3);
		return true;
	default:
		return false;
	}
}

static bool is_broken(struct message *m, enum act act, unsigned type)
{
	switch (act) {
	case ACT_CUT:
		address(m, NULL, type, IN, 1);
		address(m, NULL, type, IN, 2);
		m->len -= 3;
		return true;
	case ACT_LOOPNAME:
		address(m, NULL, type, IN, 1);
		m->data[m->len - (type == A ? 16 : 28) + 1] = (uint8_t)(m->len - (type == A ? 16 : 28));
		return true;
	case ACT_RCODE:
		m->data[3] |= 9;
		return true;
	case ACT_FAILFULL:
		m->data[3] |= 2;
		address(m, NULL, type, IN, 1);
		return true;
	case ACT_NXFULL:
		m->data[3] |= 3;
		address(m, NULL, type, IN, 1);
		return true;
	case ACT_NXSOA:
		m->data[3] |= 3;
		soa(m);
		return true;
	case ACT_NODATASOA:
		soa(m);
		return true;
	case ACT_TTL:
		address(m, NULL, type, IN, 1);
		m->data[m->len - (type == A ? 7 : 19)] = 1;
		return true;
	default:
		return false;
	}
}

bool message_records(const struct message *query, enum act act, struct message *ret)
{
	unsigned type;

	if (act < ACT_CHAIN || act > ACT_TTL)
		return false;
	if (act == ACT_PTR)
		return is_pointer(query, ret);
	message_begin(query, ret, 0);
	type = ret->data[ret->len - 3];
	return is_chain(ret, act, type) || is_odd(ret, act, type) || is_broken(ret, act, type);
}
