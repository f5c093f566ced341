// SPDX-License-Identifier: MIT
#include "resolver/hosts.h"

#include <string.h>
#include <strings.h>

#include "base/poison.h"

struct line {
	uint8_t family;
	uint8_t bytes[16];
	uint32_t names; /* offset of the canonical name */
	uint32_t name_count;
	uint32_t next; /* line of the same address hash */
};

static const struct fdg_ip loopback4 = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
static const struct fdg_ip loopback6 = { .family = AF_INET6, .bytes = { [15] = 1 } };

static void add_line(struct fdg_hosts *h, struct fdg_text text)
{
	struct fdg_text word;
	struct fdg_ip ip;
	struct line *line;

	if (!fdg_text_word(&text, &word) || !fdg_ip_parse(word, AF_UNSPEC, &ip))
		return;
	line = fdg_table_add_line(&h->table);
	line->family = ip.family;
	memcpy(line->bytes, ip.bytes, sizeof(line->bytes));
	fdg_text_word(&text, &word); /* there may be none: "" then */
	line->names = fdg_table_add_name(&h->table, word);
	line->name_count = 1;
	while (fdg_text_word(&text, &word)) {
		fdg_table_add_name(&h->table, word);
		line->name_count++;
	}
}

static struct fdg_ip address_of(const struct line *line)
{
	struct fdg_ip ip = { .family = line->family };

	memcpy(ip.bytes, line->bytes, sizeof(ip.bytes));
	return ip;
}

/* The administrator's own addresses, as names are. */
static uint32_t hash_address(const struct fdg_ip *ip)
{
	uint64_t half[2];

	fdg_ip_to_six(ip, (uint8_t *)half);
	half[1] ^= half[0] * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(half[1] * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void index_addresses(struct fdg_hosts *h)
{
	struct line *lines = h->table.lines;

	for (uint32_t i = h->table.line_count; i-- > 0;) {
		struct fdg_ip ip = address_of(&lines[i]);

		lines[i].next = fdg_table_push_key(&h->table, hash_address(&ip), i);
	}
}

int fdg_hosts_parse(struct fdg_text text, struct fdg_hosts *ret)
{
	int error = fdg_table_make(&ret->table, text, sizeof(struct line));
	struct fdg_text line;

	if (error)
		return error;
	while (fdg_text_line(&text, &line))
		add_line(ret, fdg_text_until(&line, "#"));
	fdg_table_index(&ret->table);
	index_addresses(ret);
	return 0;
}

void fdg_hosts_free(struct fdg_hosts *h)
{
	fdg_table_free(&h->table);
}

static bool is(const struct fdg_ip *a, const struct fdg_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* What a line's address is for a caller who asks for AF_INET; false if it is nothing. */
static bool to_four(struct fdg_ip *ip)
{
	struct fdg_ip four = { .family = AF_INET };

	if (ip->family == AF_INET)
		return true;
	if (is(ip, &loopback6))
		four = loopback4;
	else if (fdg_ip_is_mapped(ip))
		memcpy(four.bytes, ip->bytes + 12, 4);
	else
		return false;
	*ip = four;
	return true;
}

static bool to_six(struct fdg_ip *ip)
{
	struct fdg_ip six = { .family = AF_INET6 };

	fdg_ip_to_six(ip, six.bytes);
	*ip = six;
	return true;
}

static bool suits(struct fdg_ip *ip, int family, bool mapped)
{
	if (family == AF_INET)
		return to_four(ip);
	return family == AF_UNSPEC || ip->family == AF_INET6 || (mapped && to_six(ip));
}

static void fill(const struct fdg_hosts *h, uint32_t at, const struct fdg_ip *ip, struct fdg_hosts_entry *ret)
{
	const struct line *line = (const struct line *)h->table.lines + at;
	const char *name = h->table.text + line->names;

	*ret = (struct fdg_hosts_entry){
		.address = *ip, .name = name, .aliases = name + strlen(name) + 1, .alias_count = line->name_count - 1
	};
}

/* The next name of the walk that is the one asked for, in another line than the one before. */
static bool next_node(const struct fdg_hosts *h, struct fdg_hosts_query *q)
{
	const struct fdg_table *t = &h->table;
	uint32_t node = q->started ? t->names[q->node].next : fdg_table_first(t, q->name);

	while (node != FDG_TABLE_NONE && ((q->started && t->names[node].line == q->line) ||
					  strcasecmp(t->text + t->names[node].text, q->name) != 0))
		node = t->names[node].next;
	if (node == FDG_TABLE_NONE)
		return false;
	q->started = true;
	q->node = node;
	q->line = t->names[node].line;
	return true;
}

bool fdg_hosts_next(const struct fdg_hosts *h, struct fdg_hosts_query *q, struct fdg_hosts_entry *ret)
{
	if (q->single && q->found)
		return false;
	while (next_node(h, q)) {
		struct fdg_ip ip = address_of((const struct line *)h->table.lines + q->line);

		if (!suits(&ip, q->family, q->mapped))
			continue;
		q->found = true;
		fill(h, q->line, &ip, ret);
		return true;
	}
	return false;
}

/* The first line with the address: of AF_INET6 alone if that is what it is, of either family if it is AF_INET. */
static uint32_t first_line(const struct fdg_hosts *h, const struct fdg_ip *ip)
{
	const struct line *lines = h->table.lines;
	uint32_t at = fdg_table_first_key(&h->table, hash_address(ip));
	struct fdg_ip want = *ip;

	to_six(&want);
	for (; at != FDG_TABLE_NONE; at = lines[at].next) {
		struct fdg_ip has = address_of(&lines[at]);

		if (ip->family == AF_INET6 && has.family == AF_INET)
			continue;
		to_six(&has);
		if (is(&has, &want))
			break;
	}
	return at;
}

bool fdg_hosts_by_address(const struct fdg_hosts *h, const struct fdg_ip *ip, struct fdg_hosts_entry *ret)
{
	uint32_t at = first_line(h, ip);

	if (is(ip, &loopback4)) {
		uint32_t other = first_line(h, &loopback6);

		at = other < at ? other : at; /* FDG_TABLE_NONE is the largest */
	}
	if (at == FDG_TABLE_NONE)
		return false;
	fill(h, at, ip, ret);
	return true;
}
