/* SPDX-License-Identifier: MIT */
/*
 * A small table of Go's functions, in each of its formats, as the linker would make it for
 *
 *	runtime.main   0x1000 to 0x1100
 *	main.caller    0x1100 to 0x1200   8 bytes of stack, from 0x1104 on 40; /home/u/prog.go: line 10, from 0x1110 on 12, from 0x1140 on 14
 *	main.(*T).tune 0x1200 to 0x1300
 *
 * In main.caller main.short (line 7) is inlined from 0x1118 to 0x1140, called at 0x1110; and in that os.(*File).Fd (file_unix.go, line 90) from 0x1120 to 0x1130, called at 0x1118.
 */
#ifndef TESTS_HARNESS_GOTABLE_H
#define TESTS_HARNESS_GOTABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "supervise/gopclntab.h"

#define GOTABLE_AT UINT64_C(0x500000) /* its address */
#define GOTABLE_TEXT UINT64_C(0x1000)

struct gotable {
	uint8_t bytes[2048];
	size_t n;
	enum fdg_go_version version;
	uint32_t text[5], file[2], table[5], record[3]; /* offsets of what was put: names, files' names, tables of values, records */
	size_t names, units, files, values, map, tree;
};

static size_t gotable_put(struct gotable *t, uint64_t value, size_t bytes)
{
	size_t at = t->n;

	memcpy(t->bytes + t->n, &value, bytes);
	t->n += bytes;
	return at;
}

static uint32_t gotable_text(struct gotable *t, size_t from, const char *s)
{
	uint32_t at = (uint32_t)(t->n - from);

	memcpy(t->bytes + t->n, s, strlen(s) + 1);
	t->n += strlen(s) + 1;
	return at;
}

static void gotable_varint(struct gotable *t, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		t->bytes[t->n++] = (uint8_t)(v | 0x80);
	t->bytes[t->n++] = (uint8_t)v;
}

/* n pairs of a value and how far it goes. */
static uint32_t gotable_values(struct gotable *t, const int (*pair)[2], size_t n)
{
	uint32_t at = (uint32_t)(t->n - t->values);
	int value = -1, from = 0;

	for (size_t i = 0; i < n; i++) {
		int change = pair[i][0] - value;

		gotable_varint(t, change < 0 ? ~((uint32_t)change << 1) : (uint32_t)change << 1);
		gotable_varint(t, (uint32_t)(pair[i][1] - from));
		value = pair[i][0];
		from = pair[i][1];
	}
	t->bytes[t->n++] = 0;
	return at;
}

static void gotable_texts(struct gotable *t)
{
	static const char *const names[] = { "runtime.main", "main.caller", "main.(*T).tune", "os.(*File).Fd", "main.short" };
	static const char *const files[] = { "/home/u/prog.go", "/usr/lib/go-1.19/src/os/file_unix.go" };

	t->names = t->version == FDG_GO_2 ? 0 : t->n;
	for (int i = 0; i < 5; i++)
		t->text[i] = gotable_text(t, t->names, names[i]);
	while (t->n % 4)
		t->n++;
	t->units = t->n;
	if (t->version != FDG_GO_2)
		gotable_put(t, 0, 8); /* filled later */
	t->files = t->version == FDG_GO_2 ? 0 : t->n;
	for (int i = 0; i < 2; i++)
		t->file[i] = gotable_text(t, t->files, files[i]);
	if (t->version != FDG_GO_2)
		memcpy(t->bytes + t->units, t->file, sizeof(t->file));
}

static void gotable_tables(struct gotable *t)
{
	unsigned first = t->version == FDG_GO_2 ? 1 : 0; /* in the oldest one files count from 1 */
	const int stack[][2] = { { 8, 4 }, { 40, 256 } }, file[][2] = { { (int)first, 32 }, { (int)first + 1, 48 }, { (int)first, 256 } };
	static const int line[][2] = { { 10, 16 }, { 12, 24 }, { 7, 32 }, { 90, 48 }, { 7, 64 }, { 14, 256 } }, inlined[][2] = { { -1, 24 }, { 1, 32 }, { 0, 48 }, { 1, 64 }, { -1, 256 } };
	static const int flat[][2] = { { 0, 256 } };

	t->values = t->version == FDG_GO_2 ? 0 : t->n;
	gotable_put(t, 0, 1); /* offset 0 is no table */
	t->table[0] = gotable_values(t, stack, 2);
	t->table[1] = gotable_values(t, file, 3);
	t->table[2] = gotable_values(t, line, 6);
	t->table[3] = gotable_values(t, inlined, 5);
	t->table[4] = gotable_values(t, flat, 1);
	while (t->n % 8)
		t->n++;
}

/* Name, where it is inlined, and what else the format has. */
static void gotable_node(struct gotable *t, uint32_t name, uint32_t into)
{
	gotable_put(t, 0, 4);
	if (t->version != FDG_GO_20)
		gotable_put(t, 0, 8);
	gotable_put(t, name, 4);
	gotable_put(t, into, 4);
	if (t->version == FDG_GO_20)
		gotable_put(t, 0, 4);
}

static void gotable_record(struct gotable *t, int i)
{
	t->record[i] = (uint32_t)(t->n - (t->version == FDG_GO_2 ? 0 : t->map));
	gotable_put(t, t->version >= FDG_GO_18 ? (uint64_t)i * 256 : GOTABLE_TEXT + (uint64_t)i * 256, t->version >= FDG_GO_18 ? 4 : 8);
	gotable_put(t, t->text[i], 4);
	gotable_put(t, 0, 8);
	gotable_put(t, i == 1 ? t->table[0] : t->table[4], 4);
	gotable_put(t, t->table[1], 4);
	gotable_put(t, t->table[2], 4);
	gotable_put(t, t->version == FDG_GO_16 ? 4 : 3, 4);
	if (t->version != FDG_GO_2)
		gotable_put(t, 0, 4);
	if (t->version == FDG_GO_20)
		gotable_put(t, 1, 4);
	gotable_put(t, UINT32_C(4) << 24, 4);
	gotable_put(t, 0, 8);
	gotable_put(t, i == 1 ? t->table[3] : 0, 4);
	if (t->version == FDG_GO_16)
		gotable_put(t, 0, 4);
	while (t->version == FDG_GO_16 && t->n % 8)
		t->n++;
	for (int k = 0; k < 4; k++)
		gotable_put(t, t->version >= FDG_GO_18 ? (k == 3 && i == 1 ? 0 : UINT32_MAX) : k == 3 && i == 1 ? GOTABLE_AT + t->tree : 0, t->version >= FDG_GO_18 ? 4 : 8);
	while (t->n % 8)
		t->n++;
}

static void gotable_map(struct gotable *t)
{
	size_t end, bytes = t->version >= FDG_GO_18 ? 4 : 8;

	for (uint64_t i = 0; i < 4; i++) {
		memcpy(t->bytes + t->map + 2 * i * bytes, &(uint64_t){ i * 256 + (bytes == 8 ? GOTABLE_TEXT : 0) }, bytes);
		if (i < 3)
			memcpy(t->bytes + t->map + (2 * i + 1) * bytes, &(uint64_t){ t->record[i] }, bytes);
	}
	if (t->version != FDG_GO_2)
		return;
	end = t->map + 7 * bytes;
	memcpy(t->bytes + end, &(uint32_t){ (uint32_t)t->n }, 4);
	gotable_put(t, 3, 4);
	gotable_put(t, t->file[0], 4);
	gotable_put(t, t->file[1], 4);
}

static void gotable_head(struct gotable *t)
{
	static const uint8_t first[] = { 0xfb, 0xfa, 0xf0, 0xf1 };
	const uint64_t words[] = { 3, 2, GOTABLE_TEXT, t->names, t->units, t->files, t->values, t->map };
	uint8_t *at = t->bytes + FDG_GO_MAGIC;

	memcpy(t->bytes, (const uint8_t[]){ first[t->version], 0xff, 0xff, 0xff, 0, 0, 1, 8 }, FDG_GO_MAGIC);
	for (int i = 0; i < (t->version == FDG_GO_2 ? 1 : 8); i++) {
		if (i == 2 && t->version == FDG_GO_16)
			continue;
		memcpy(at, &words[i], 8);
		at += 8;
	}
}

static void gotable_make(struct gotable *t, enum fdg_go_version version)
{
	*t = (struct gotable){ .version = version };
	t->n = 8 + 8 * 8;
	t->map = t->n = version == FDG_GO_2 ? 16 : t->n;
	if (version == FDG_GO_2)
		t->n += 7 * 8 + 8;
	gotable_texts(t);
	gotable_tables(t);
	t->tree = t->n;
	gotable_node(t, t->text[3], 0x18);
	gotable_node(t, t->text[4], 0x10);
	while (t->n % 8)
		t->n++;
	if (version != FDG_GO_2) {
		t->map = t->n;
		t->n += 7 * (version >= FDG_GO_18 ? 4 : 8);
		while (t->n % 8)
			t->n++;
	}
	for (int i = 0; i < 3; i++)
		gotable_record(t, i);
	gotable_map(t);
	gotable_head(t);
}

#endif
