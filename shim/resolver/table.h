/* SPDX-License-Identifier: MIT */
/*
 * A hash from names to the lines of a file, in one mapping: what /etc/hosts and /etc/services have in common. Filled once, by one thread, and
 * then only read, by any number.
 *
 * The names of a line lie one behind the other, each with its NUL. Several lines may have one name; they come in the file's order.
 */
#ifndef FDG_RESOLVER_TABLE_H
#define FDG_RESOLVER_TABLE_H

#include "resolver/text.h"

/* 16 MiB of text, and so at most 2^24 names and lines: a number of 32 bits counts all. */
enum { FDG_TABLE_TEXT_MAX = 16 << 20 };

#define FDG_TABLE_NONE UINT32_MAX

struct fdg_table_name {
	uint32_t text; /* offset */
	uint32_t line;
	uint32_t next; /* of the same hash */
};

struct fdg_table {
	void *lines; /* of line_size bytes each, zeroed */
	char *text;
	struct fdg_table_name *names;
	uint32_t *heads, *key_heads;
	uint32_t line_count, name_count, text_len, mask;
	size_t mapped, line_size;
};

/* Room for every line and word of the text: 0, -EFBIG or -ENOMEM. */
int fdg_table_make(struct fdg_table *ret, struct fdg_text text, size_t line_size);
void fdg_table_free(struct fdg_table *t);

/* A new line. */
void *fdg_table_add_line(struct fdg_table *t);
/* A word of the newest line; returns where it is in the text. */
uint32_t fdg_table_add_text(struct fdg_table *t, struct fdg_text word);
/* … by which the line is found. */
uint32_t fdg_table_add_name(struct fdg_table *t, struct fdg_text word);
/* When all is added: names are found from now on. */
void fdg_table_index(struct fdg_table *t);

/* The first line with the name, or one with that hash: compare it. FDG_TABLE_NONE: no more. */
uint32_t fdg_table_first(const struct fdg_table *t, const char *name);

/* A second way to a line, by another hash: the chain is in the lines, which are pushed from the last to the first. */
uint32_t fdg_table_hash(const void *data, size_t n);
static inline uint32_t fdg_table_first_key(const struct fdg_table *t, uint32_t hash)
{
	return t->key_heads ? t->key_heads[hash & t->mask] : FDG_TABLE_NONE;
}
/* Puts the line before those of its hash, and returns the one behind it. */
uint32_t fdg_table_push_key(struct fdg_table *t, uint32_t hash, uint32_t line);

#endif
