// SPDX-License-Identifier: MIT
#include "resolver/table.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"

#include "base/poison.h"

/* FNV-1a. The files are the administrator's: nobody else chooses names to collide. */
enum { FNV_START = 2166136261u, FNV_STEP = 16777619u };

static uint32_t fold(uint32_t hash, uint8_t c)
{
	return (hash ^ c) * FNV_STEP;
}

uint32_t fdg_table_hash(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t hash = FNV_START;

	while (n--)
		hash = fold(hash, *p++);
	return hash;
}

/* In any letter case; names that are compared with theirs find each other too. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = FNV_START;

	for (; *name; name++)
		hash = fold(hash, (uint8_t)(*name >= 'A' && *name <= 'Z' ? *name | 0x20 : *name));
	return hash;
}

static void count(struct fdg_text text, size_t *lines, size_t *words)
{
	bool inside = false;

	*lines = text.n > 0;
	*words = 0;
	for (size_t i = 0; i < text.n; i++) {
		bool space = fdg_text_is_space(text.s[i]);

		*lines += text.s[i] == '\n';
		*words += inside && space;
		inside = !space;
	}
	*words += inside + *lines; /* a line without a name has an empty one */
}

static uint32_t heads_for(size_t words)
{
	uint32_t n = 16;

	while (n < words)
		n *= 2;
	return n;
}

static size_t up(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

int fdg_table_make(struct fdg_table *ret, struct fdg_text text, size_t line_size)
{
	size_t lines, words, lines_len, names_len, heads_len, text_len;
	uint32_t heads;
	char *p;

	if (text.n > FDG_TABLE_TEXT_MAX)
		return -EFBIG;
	count(text, &lines, &words);
	heads = heads_for(words);
	lines_len = up(lines * line_size);
	names_len = up(words * sizeof(struct fdg_table_name));
	heads_len = heads * sizeof(uint32_t);
	text_len = text.n + words + lines + 1; /* words are as long as they were, with a NUL each */
	p = fdg_sys_mmap(lines_len + names_len + 2 * heads_len + text_len, false);
	if (!p)
		return -ENOMEM;
	*ret = (struct fdg_table){ .lines = p, .line_size = line_size, .mask = heads - 1 };
	ret->names = (void *)(p + lines_len);
	ret->heads = (void *)(p + lines_len + names_len);
	ret->key_heads = ret->heads + heads;
	ret->text = p + lines_len + names_len + 2 * heads_len;
	ret->mapped = lines_len + names_len + 2 * heads_len + text_len;
	memset(ret->heads, 0xff, 2 * heads_len);
	return 0;
}

void fdg_table_free(struct fdg_table *t)
{
	if (t->mapped)
		fdg_sys_munmap(t->lines, t->mapped);
	*t = (struct fdg_table){ .mapped = 0 };
}

void *fdg_table_add_line(struct fdg_table *t)
{
	return (char *)t->lines + t->line_size * t->line_count++;
}

uint32_t fdg_table_add_text(struct fdg_table *t, struct fdg_text word)
{
	uint32_t at = t->text_len;

	if (word.n)
		memcpy(t->text + at, word.s, word.n);
	t->text_len += (uint32_t)word.n + 1; /* the mapping was zero */
	return at;
}

uint32_t fdg_table_add_name(struct fdg_table *t, struct fdg_text word)
{
	uint32_t at = fdg_table_add_text(t, word);

	t->names[t->name_count++] = (struct fdg_table_name){ .text = at, .line = t->line_count - 1 };
	return at;
}

void fdg_table_index(struct fdg_table *t)
{
	for (uint32_t i = t->name_count; i-- > 0;) {
		uint32_t *head = &t->heads[hash_name(t->text + t->names[i].text) & t->mask];

		t->names[i].next = *head;
		*head = i;
	}
}

uint32_t fdg_table_first(const struct fdg_table *t, const char *name)
{
	return t->heads ? t->heads[hash_name(name) & t->mask] : FDG_TABLE_NONE;
}

uint32_t fdg_table_push_key(struct fdg_table *t, uint32_t hash, uint32_t line)
{
	uint32_t *head = &t->key_heads[hash & t->mask], next = *head;

	*head = line;
	return next;
}
