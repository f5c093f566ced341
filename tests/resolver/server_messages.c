// SPDX-License-Identifier: MIT
#include "server_messages.h"

#include <string.h>

enum { HEADER = 12, BIG = 3000, HUGE_SIZE = 5000 };

static enum act act_of(const char *label, size_t len)
{
	static const char *const texts[] = {
#define X(name, text) text,
		ACTS(X)
#undef X
	};
	size_t n = 0;

	while (n < len && label[n] >= 'a' && label[n] <= 'z')
		n++;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strlen(texts[i]) == n && !memcmp(texts[i], label, n))
			return (enum act)i;
	return ACT_OK;
}

static bool is_type(const struct message *query, unsigned type)
{
	size_t at = HEADER;

	while (at < query->len && query->data[at])
		at += query->data[at] + 1u;
	return at + 2 < query->len && query->data[at + 2] == type;
}

enum act message_act(const struct message *query)
{
	const uint8_t *p = query->data + HEADER;
	const char *label, *six;

	if (is_type(query, 12))
		return ACT_PTR;
	if (p[0] == 1 && p[1] == 'x') {
		p += 2;
		if (!p[0])
			return ACT_NX;
	}
	label = (const char *)p + 1;
	six = memmem(label, p[0], "-6", 2);
	if (six && is_type(query, 28))
		return act_of(six + 2, p[0] - (size_t)(six + 2 - label));
	return act_of(label, p[0]);
}

/* "wrongid-only": nothing but what is wrong. */
static bool is_alone(const struct message *query)
{
	return memmem(query->data + HEADER, query->data[HEADER] + 1u, "-only", 5);
}

bool message_has_opt(const struct message *query)
{
	return query->data[11];
}

static size_t end_of_question(const struct message *query)
{
	size_t at = HEADER;

	while (at < query->len && query->data[at])
		at += query->data[at] + 1u;
	return at + 5 <= query->len ? at + 5 : query->len;
}

void message_begin(const struct message *query, struct message *m, unsigned rcode)
{
	m->len = end_of_question(query);
	memcpy(m->data, query->data, m->len);
	m->data[2] = 0x81;
	m->data[3] = (uint8_t)(0x80 | rcode);
	memset(m->data + 6, 0, 6);
}

static void add_address(struct message *m)
{
	static const uint8_t four[] = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\300\0\2\1";
	static const uint8_t six[] = "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	unsigned type = m->data[m->len - 3];
	size_t n = type == 1 ? sizeof(four) - 1 : type == 28 ? sizeof(six) - 1 : 0;

	memcpy(m->data + m->len, type == 1 ? four : six, n);
	m->len += n;
	m->data[7] = n > 0;
}

/* A TXT record that fills the message up to n bytes. */
static void add_text(struct message *m, size_t n)
{
	size_t data = n - m->len - 12;

	memcpy(m->data + m->len, "\xc0\x0c\0\x10\0\1\0\0\0\x3c", 10);
	m->data[m->len + 10] = (uint8_t)(data >> 8);
	m->data[m->len + 11] = (uint8_t)data;
	memset(m->data + m->len + 12, 'x', data);
	m->len = n;
	m->data[7]++;
}

static void add_badvers(struct message *m)
{
	memcpy(m->data + m->len, "\0\0\x29\4\xd0\1\0\0\0\0\0", 11);
	m->len += 11;
	m->data[11] = 1;
}

/* A good answer, made wrong in one respect. */
static void spoil(struct message *m, enum act act)
{
	size_t end = end_of_question(m);

	switch (act) {
	case ACT_WRONGID:
		m->data[1] ^= 1;
		break;
	case ACT_WRONGNAME:
		m->data[HEADER + 1] ^= 1;
		break;
	case ACT_WRONGTYPE:
		m->data[end - 3] ^= 1;
		break;
	case ACT_WRONGCLASS:
		m->data[end - 1] = 3;
		break;
	case ACT_NOQUESTION:
		m->data[5] = 0;
		memmove(m->data + HEADER, m->data + end, m->len - end);
		m->len -= end - HEADER;
		break;
	case ACT_QUERY:
		m->data[2] &= 0x7f;
		break;
	case ACT_OPCODE:
		m->data[2] |= 0x10;
		break;
	case ACT_SHORT:
		m->len = 5;
		break;
	case ACT_EMPTY:
		m->len = 0;
		break;
	default:
		break;
	}
}

static unsigned rcode_of(enum act act)
{
	switch (act) {
	case ACT_FORMERR:
		return 1;
	case ACT_SERVFAIL:
		return 2;
	case ACT_NX:
		return 3;
	case ACT_NOTIMP:
		return 4;
	case ACT_REFUSED:
		return 5;
	default:
		return 0;
	}
}

static bool is_spoilt(enum act act)
{
	return act >= ACT_WRONGID && act <= ACT_WRONGPORT;
}

static int spoilt(const struct message *query, enum act act, struct message ret[2])
{
	message_begin(query, &ret[0], 0);
	add_address(&ret[0]);
	ret[1] = ret[0];
	ret[0].data[ret[0].len - 1] = 66; /* must not get in */
	spoil(&ret[0], act);
	return is_alone(query) ? 1 : 2;
}

static void raise_question(struct message *m)
{
	for (size_t i = HEADER; m->data[i]; i += m->data[i] + 1u)
		for (size_t k = 1; k <= m->data[i]; k++)
			if (m->data[i + k] >= 'a' && m->data[i + k] <= 'z')
				m->data[i + k] -= 32;
}

static int about_opt(const struct message *query, enum act act, struct message *m)
{
	message_begin(query, m, act == ACT_NOOPT);
	if (act == ACT_NOOPT) {
		m->len = HEADER;
		m->data[5] = 0;
	} else {
		add_badvers(m);
	}
	return act != ACT_OPTDROP;
}

/* One that is not spoilt, but has something of its own. */
static void finish(struct message *m, enum act act)
{
	if (act == ACT_NODATA || rcode_of(act))
		return;
	if (act == ACT_LAME) {
		m->data[3] &= 0x7f;
		return;
	}
	add_address(m);
	if (act == ACT_BIG || act == ACT_HUGE_)
		add_text(m, act == ACT_BIG ? BIG : HUGE_SIZE);
	if (act == ACT_MALFORMED)
		m->data[m->len - 5] = 200; /* the record's length */
	if (act == ACT_CASE)
		raise_question(m);
	if (act >= ACT_TC) {
		m->data[2] |= 2;
		m->len = end_of_question(m);
		m->data[7] = 0;
	}
}

int message_answer(const struct message *query, enum act act, struct message ret[2])
{
	if (act == ACT_SILENT)
		return 0;
	if (act >= ACT_NOOPT && act <= ACT_BADVERS && message_has_opt(query))
		return about_opt(query, act, &ret[0]);
	if (is_spoilt(act))
		return spoilt(query, act, ret);
	if (message_records(query, act, &ret[0]))
		return 1;
	message_begin(query, &ret[0], rcode_of(act));
	finish(&ret[0], act);
	ret[1] = ret[0];
	return act == ACT_TWICE ? 2 : 1;
}

int message_answer_tcp(const struct message *query, enum act act, struct message ret[2])
{
	if (act == ACT_TCMUTE || act == ACT_TCCUT)
		return 0;
	if (message_records(query, act, &ret[0]))
		return 1;
	message_begin(query, &ret[0], rcode_of(act));
	finish(&ret[0], act >= ACT_TC ? ACT_OK : act);
	if (act == ACT_TCJUNK)
		ret[0].len = 5;
	if (act != ACT_TCID)
		return 1;
	ret[1] = ret[0];
	ret[0].data[1] ^= 1;
	return 2;
}
