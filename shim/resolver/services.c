// SPDX-License-Identifier: MIT
#include "resolver/services.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

struct line {
	uint16_t port;
	uint32_t name, protocol; /* offsets */
	uint32_t next;           /* line of the same port's hash */
};

/*
 * "80/tcp", of which *text becomes what follows the slashes. As libc, any base: 0x50, 0120; 16 of 32 bits are kept. Void if nothing is a number, or
 * if it is negative or has more than 32 bits, or if something else than a slash follows.
 */
static bool parse_port(struct fdg_text *text, uint16_t *ret)
{
	struct fdg_text rest = *text, number = fdg_text_until(&rest, "/");
	char digits[FDG_TEXT_WORD], *end;
	unsigned long value;

	if (!fdg_text_copy(number, digits))
		return false;
	value = strtoul(digits, &end, 0);
	if (end == digits || *end || value > UINT32_MAX)
		return false;
	while (fdg_text_starts(rest, "/"))
		fdg_text_until(&rest, "/");
	*text = rest;
	*ret = (uint16_t)value;
	return true;
}

static void add_line(struct fdg_services *s, struct fdg_text text)
{
	struct fdg_text name, word;
	struct line *line;
	uint16_t port;

	if (!fdg_text_word(&text, &name))
		return;
	text = fdg_text_trim_start(text);
	if (!parse_port(&text, &port))
		return;
	line = fdg_table_add_line(&s->table);
	line->port = port;
	line->name = fdg_table_add_name(&s->table, name);
	word = text; /* it may be empty, and a blank may follow the slash */
	word.n = 0;
	if (text.n && !fdg_text_is_space(*text.s))
		fdg_text_word(&text, &word);
	line->protocol = fdg_table_add_text(&s->table, word);
	while (fdg_text_word(&text, &word))
		fdg_table_add_name(&s->table, word);
}

static uint32_t hash_port(uint16_t port)
{
	return fdg_table_hash(&port, sizeof(port));
}

int fdg_services_parse(struct fdg_text text, struct fdg_services *ret)
{
	int error = fdg_table_make(&ret->table, text, sizeof(struct line));
	struct fdg_text at;
	struct line *lines;

	if (error)
		return error;
	while (fdg_text_line(&text, &at))
		add_line(ret, fdg_text_until(&at, "#"));
	fdg_table_index(&ret->table);
	lines = ret->table.lines;
	for (uint32_t i = ret->table.line_count; i-- > 0;)
		lines[i].next = fdg_table_push_key(&ret->table, hash_port(lines[i].port), i);
	return 0;
}

void fdg_services_free(struct fdg_services *s)
{
	fdg_table_free(&s->table);
}

static bool suits(const struct fdg_services *s, uint32_t line, const char *protocol)
{
	const struct line *l = (const struct line *)s->table.lines + line;

	return !protocol || strcmp(s->table.text + l->protocol, protocol) == 0;
}

bool fdg_services_port(const struct fdg_services *s, const char *name, const char *protocol, uint16_t *ret_port)
{
	const struct fdg_table *t = &s->table;

	for (uint32_t i = fdg_table_first(t, name); i != FDG_TABLE_NONE; i = t->names[i].next) {
		if (strcmp(t->text + t->names[i].text, name) != 0 || !suits(s, t->names[i].line, protocol))
			continue;
		*ret_port = ((const struct line *)t->lines)[t->names[i].line].port;
		return true;
	}
	return false;
}

const char *fdg_services_name(const struct fdg_services *s, uint16_t port, const char *protocol)
{
	const struct line *lines = s->table.lines;

	for (uint32_t i = fdg_table_first_key(&s->table, hash_port(port)); i != FDG_TABLE_NONE; i = lines[i].next)
		if (lines[i].port == port && suits(s, i, protocol))
			return s->table.text + lines[i].name;
	return NULL;
}

bool fdg_services_number(const char *service, uint16_t *ret_port)
{
	char *end;
	int number = (int)strtoul(service, &end, 10);

	if (*end || number < 0)
		return false;
	*ret_port = (uint16_t)number;
	return true;
}
