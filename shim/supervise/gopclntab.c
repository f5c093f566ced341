// SPDX-License-Identifier: MIT
#include "supervise/gopclntab.h"

#include <string.h>

#include "base/poison.h"

#define FUNCTIONS_MAX (16u << 20)
#define VALUE_BYTES (1u << 20) /* of one function's table of values: the longest seen have some 10,000 */
#define TABLES_MAX 64
#define INLINED_INDEX 2 /* PCDATA_InlTreeIndex and FUNCDATA_InlTree, since Go 1.16 */
#define INLINED_TREE 3
#define NONE UINT32_MAX

/* "fb ff ff ff 00 00 QUANTUM POINTER" */
static const uint8_t magics[] = { [FDG_GO_2] = 0xfb, [FDG_GO_16] = 0xfa, [FDG_GO_18] = 0xf0, [FDG_GO_20] = 0xf1 };

bool fdg_gopcln_is_magic(const uint8_t b[FDG_GO_MAGIC])
{
	return memchr(magics, b[0], sizeof(magics)) && b[1] == 0xff && b[2] == 0xff && b[3] == 0xff && !b[4] && !b[5] && (b[6] == 1 || b[6] == 2 || b[6] == 4) &&
	       (b[7] == 4 || b[7] == 8);
}

/* ---- bytes ---- */

static bool read_at(const struct fdg_gopcln *t, uint64_t at, void *to, size_t n)
{
	return at < t->size && n <= t->size - at && t->copy(t->cookie, t->address + at, to, n);
}

static bool read_number(const struct fdg_gopcln *t, uint64_t at, size_t bytes, uint64_t *ret)
{
	*ret = 0;
	return read_at(t, at, ret, bytes);
}

static bool read_32(const struct fdg_gopcln *t, uint64_t at, uint32_t *ret)
{
	return read_at(t, at, ret, sizeof(*ret));
}

/* A string that ends within the table; cut to what fits. */
static bool read_text(const struct fdg_gopcln *t, uint64_t at, char *ret, size_t room)
{
	size_t have = 0, n;

	ret[0] = '\0';
	while (have + 1 < room && at + have < t->size) {
		n = 64 - (t->address + at + have) % 64; /* the next page may not be there */
		n = n < room - 1 - have ? n : room - 1 - have;
		n = n < t->size - at - have ? n : t->size - at - have;
		if (!read_at(t, at + have, ret + have, n))
			break;
		if (memchr(ret + have, '\0', n))
			return ret[0];
		have += n;
	}
	ret[have] = '\0';
	return have + 1 == room;
}

/* A stream of bytes that knows its limit. */
struct stream {
	const struct fdg_gopcln *t;
	uint64_t at, left;
	uint8_t bytes[128];
	size_t next, have;
};

static bool next_byte(struct stream *s, uint8_t *ret)
{
	if (s->next == s->have) {
		s->have = sizeof(s->bytes);
		if (s->at < s->t->size && s->have > s->t->size - s->at)
			s->have = s->t->size - s->at;
		/* At the end of what is mapped a shorter piece may be there. */
		while (s->have && !read_at(s->t, s->at, s->bytes, s->have))
			s->have /= 2;
		s->at += s->have;
		s->next = 0;
	}
	if (!s->have || !s->left)
		return false;
	s->left--;
	*ret = s->bytes[s->next++];
	return true;
}

static bool next_varint(struct stream *s, uint32_t *ret)
{
	uint8_t byte = 0x80;

	*ret = 0;
	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		if (shift > 28 || !next_byte(s, &byte))
			return false;
		*ret |= (uint32_t)(byte & 0x7f) << shift;
	}
	return true;
}

/* The value at pc of a table that begins at this offset: pairs of by how much it changes, and for how long it stays. */
static bool value_at(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint32_t table, uint64_t pc, int32_t *ret)
{
	struct stream s = { .t = t, .at = t->values + table, .left = VALUE_BYTES };
	uint32_t change, length, value = UINT32_MAX;
	uint64_t end = f->entry;

	if (!table)
		return false;
	for (bool first = true; next_varint(&s, &change) && (change || first); first = false) {
		value += change & 1 ? ~(change >> 1) : change >> 1;
		if (!next_varint(&s, &length))
			return false;
		end += (uint64_t)length * t->quantum;
		if (pc < end) {
			*ret = (int32_t)value;
			return true;
		}
	}
	return false;
}

/* ---- the head ---- */

/* Words behind the magic: how many functions, how many files, since 1.18 where the code begins, and where the parts are. */
static bool read_head(struct fdg_gopcln *t)
{
	uint64_t word[8] = { 0 };
	unsigned words = t->version == FDG_GO_2 ? 1 : t->version == FDG_GO_16 ? 7 : 8, part = t->version == FDG_GO_16 ? 2 : 3;

	for (unsigned i = 0; i < words; i++)
		if (!read_number(t, FDG_GO_MAGIC + (uint64_t)i * t->pointer, t->pointer, &word[i]))
			return false;
	t->functions = word[0];
	if (t->version == FDG_GO_2) {
		t->names = t->units = t->values = 0;
		t->map = FDG_GO_MAGIC + t->pointer;
		return true;
	}
	if (t->version >= FDG_GO_18 && word[2])
		t->text = word[2];
	t->names = word[part];
	t->units = word[part + 1];
	t->files = word[part + 2];
	t->values = word[part + 3];
	t->map = word[part + 4];
	return t->names < t->size && t->units < t->size && t->files < t->size && t->values < t->size && t->map < t->size;
}

/* Entries of the map: a function's address, and where its record is. */
static unsigned entry_bytes(const struct fdg_gopcln *t)
{
	return t->version >= FDG_GO_18 ? 4 : t->pointer;
}

/* Where the i-th function begins; the one behind the last: where it ends. */
static bool entry_of(const struct fdg_gopcln *t, uint64_t i, uint64_t *ret)
{
	unsigned n = entry_bytes(t);

	if (!read_number(t, t->map + 2 * i * n, n, ret))
		return false;
	if (t->version >= FDG_GO_18)
		*ret += t->text;
	return true;
}

bool fdg_gopcln_open(struct fdg_gopcln *t)
{
	uint8_t magic[FDG_GO_MAGIC];
	uint64_t n;
	uint32_t files;

	if (!read_at(t, 0, magic, sizeof(magic)) || !fdg_gopcln_is_magic(magic))
		return false;
	for (t->version = FDG_GO_2; magics[t->version] != magic[0];)
		t->version++;
	t->quantum = magic[6];
	t->pointer = magic[7];
	if (!read_head(t) || !t->functions || t->functions > FUNCTIONS_MAX)
		return false;
	n = (2 * t->functions + 1) * entry_bytes(t);
	if (n > t->size || t->map > t->size - n)
		return false;
	if (t->version != FDG_GO_2)
		return true;
	if (!read_32(t, t->map + n, &files))
		return false;
	t->files = files;
	return true;
}

bool fdg_gopcln_range(const struct fdg_gopcln *t, uint64_t *ret_first, uint64_t *ret_end)
{
	return entry_of(t, 0, ret_first) && entry_of(t, t->functions, ret_end) && *ret_first < *ret_end;
}

/* ---- functions ---- */

static bool read_record(const struct fdg_gopcln *t, struct fdg_go_function *f)
{
	unsigned entry = entry_bytes(t), behind = t->version == FDG_GO_2 ? 0 : t->version == FDG_GO_20 ? 2 : 1;
	uint32_t word[10] = { 0 }; /* name, args, deferreturn, stack, file, line, how many tables; then unit, and where it starts */
	unsigned words = 7 + behind + 1;

	if (!read_at(t, f->at + entry, word, words * sizeof(*word)))
		return false;
	f->name = word[0];
	f->stack = word[3];
	f->file = word[4];
	f->line = word[5];
	f->tables = word[6];
	f->unit = behind ? word[7] : 0;
	f->datas = word[7 + behind] >> 24;
	f->data = f->at + entry + words * sizeof(*word);
	return true;
}

bool fdg_gopcln_find(const struct fdg_gopcln *t, uint64_t pc, struct fdg_go_function *ret)
{
	uint64_t low = 0, high = t->functions, at, begin, record;
	unsigned n = entry_bytes(t);

	while (high - low > 1) {
		at = low + (high - low) / 2;
		if (!entry_of(t, at, &begin))
			return false;
		if (begin <= pc)
			low = at;
		else
			high = at;
	}
	if (!entry_of(t, low, &ret->entry) || !entry_of(t, low + 1, &ret->end) || pc < ret->entry || pc >= ret->end)
		return false;
	if (!read_number(t, t->map + (2 * low + 1) * n, n, &record))
		return false;
	ret->at = record + (t->version == FDG_GO_2 ? 0 : t->map);
	return ret->at >= record && read_record(t, ret);
}

static bool name_at(const struct fdg_gopcln *t, uint32_t name, char ret[FDG_GO_NAME])
{
	return read_text(t, t->names + name, ret, FDG_GO_NAME);
}

bool fdg_gopcln_name(const struct fdg_gopcln *t, const struct fdg_go_function *f, char ret[FDG_GO_NAME])
{
	return name_at(t, f->name, ret);
}

bool fdg_gopcln_depth(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint64_t pc, uint32_t *ret)
{
	int32_t value;

	if (!value_at(t, f, f->stack, pc, &value) || value < 0 || value % (int32_t)t->pointer != 0)
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* ---- lines ---- */

static bool read_file(const struct fdg_gopcln *t, const struct fdg_go_function *f, int32_t number, char ret[FDG_GO_FILE])
{
	uint64_t at = t->version == FDG_GO_2 ? t->files : t->units + 4 * (uint64_t)f->unit;
	uint32_t file;

	if (number < 0 || !read_32(t, at + 4 * (uint64_t)number, &file) || file == NONE)
		return false;
	return read_text(t, t->version == FDG_GO_2 ? file : t->files + file, ret, FDG_GO_FILE);
}

static void read_line(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint64_t pc, struct fdg_go_line *ret)
{
	int32_t file, line;

	ret->line = 0;
	if (!value_at(t, f, f->file, pc, &file) || !read_file(t, f, file, ret->file))
		ret->file[0] = '\0';
	else if (value_at(t, f, f->line, pc, &line) && line > 0)
		ret->line = (unsigned)line;
}

bool fdg_gopcln_knows_inlined(const struct fdg_gopcln *t)
{
	return t->version == FDG_GO_16 || (t->version >= FDG_GO_18 && t->gofunc);
}

/* Where the tree of what is inlined into f is; 0: nowhere. */
static uint64_t tree_of(const struct fdg_gopcln *t, const struct fdg_go_function *f)
{
	uint64_t at = f->data + 4 * (uint64_t)f->tables, tree;

	if (!fdg_gopcln_knows_inlined(t) || f->tables <= INLINED_INDEX || f->tables > TABLES_MAX || f->datas <= INLINED_TREE)
		return 0;
	if (t->version >= FDG_GO_18)
		return read_number(t, at + 4 * INLINED_TREE, 4, &tree) && tree != NONE ? t->gofunc + tree : 0;
	at += (t->address + at) % t->pointer; /* pointers, aligned */
	return read_number(t, at + (uint64_t)t->pointer * INLINED_TREE, t->pointer, &tree) ? tree : 0;
}

/* What is inlined at pc, and where: false if nothing is. */
static bool take_inlined(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint64_t tree, uint64_t pc, uint32_t *ret_name, uint64_t *ret_into)
{
	unsigned words = t->version == FDG_GO_20 ? 4 : 5; /* 1.20: what, name, where, first line; before: what, file, line, name, where */
	uint32_t table, node[5];
	int32_t index;

	if (!tree || !read_32(t, f->data + 4 * INLINED_INDEX, &table) || !value_at(t, f, table, pc, &index) || index < 0)
		return false;
	if (!t->copy(t->cookie, tree + (uint64_t)index * words * 4, node, words * 4))
		return false;
	*ret_name = node[words == 4 ? 1 : 3];
	*ret_into = f->entry + node[words == 4 ? 2 : 4];
	return *ret_into < f->end;
}

bool fdg_gopcln_lines(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint64_t pc, fdg_go_see *see, void *cookie)
{
	uint64_t tree = tree_of(t, f), into = pc;
	struct fdg_go_line l;
	uint32_t name;

	for (unsigned i = 0; i < FDG_GO_INLINED && take_inlined(t, f, tree, pc, &name, &into); i++, pc = into) {
		read_line(t, f, pc, &l);
		if (name_at(t, name, l.function) && see(cookie, &l, true))
			return true;
	}
	if (!name_at(t, f->name, l.function))
		return false;
	read_line(t, f, pc, &l);
	see(cookie, &l, false);
	return true;
}
