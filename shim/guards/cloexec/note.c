// SPDX-License-Identifier: MIT
#include "guards/cloexec/note.h"

#include <string.h>

#include "base/arena.h"
#include "guards/origin.h"
#include "report/symbol.h"

#include "base/poison.h"

/* Numbers mostly come in rising order; what posix_spawn's actions name may come in any, and a reader wants ranges that rise. */
static void add_range(struct fdg_note_group *g, int first, int last)
{
	unsigned at = g->ranges, end;

	while (at > 0 && g->range[at - 1].last >= first - 1)
		at--;
	if (at < g->ranges && g->range[at].first <= first && g->range[at].last >= last)
		return;
	g->count += (uint64_t)(last - first) + 1;
	for (end = at; end < g->ranges && g->range[end].first <= last + 1; end++) {
		first = first < g->range[end].first ? first : g->range[end].first;
		last = last > g->range[end].last ? last : g->range[end].last;
	}
	if (end == at && g->ranges == FDG_NOTE_RANGES) {
		/* Out of room: a range grows over the gap. For meant and told groups that is a silence too many; for others `more` says that the
		 * list is not exact. */
		g->more = true;
		if (at > 0)
			g->range[at - 1].last = last;
		else
			g->range[0].first = first;
		return;
	}
	memmove(&g->range[at + 1], &g->range[end], (g->ranges - end) * sizeof(*g->range));
	g->range[at].first = first;
	g->range[at].last = last;
	g->ranges = g->ranges + 1 - (end - at);
}

void fdg_note_group_add(struct fdg_note_group *g, int fd)
{
	add_range(g, fd, fd);
}

static struct fdg_note_group *group_of(struct fdg_note *n, char letter, fdg_kindword kind, const void *pc, uint32_t origin)
{
	unsigned most = letter == FDG_NOTE_FORCED ? FDG_NOTE_GROUPS - 1 : FDG_NOTE_GROUPS; /* a leak is worth more than what was held back */
	struct fdg_note_group *g;

	for (unsigned i = 0; i < n->groups; i++)
		if (n->group[i].letter == letter && n->group[i].kind == kind && n->group[i].pc == pc &&
		    n->group[i].origin == origin)
			return &n->group[i];
	if (n->groups >= most) /* full: the last group of the letter takes it, else the last one of all */
		for (unsigned i = n->groups; i-- > 0;)
			if (n->group[i].letter == letter)
				return &n->group[i];
	if (n->groups >= most)
		return NULL;
	g = &n->group[n->groups++];
	memset(g, 0, sizeof(*g));
	g->letter = letter;
	g->kind = kind;
	g->pc = pc;
	g->origin = origin;
	return g;
}

void fdg_note_begin(struct fdg_note *n)
{
	n->groups = 0;
	group_of(n, FDG_NOTE_MEANT, FDG_KIND_UNKNOWN, NULL, 0);
	group_of(n, FDG_NOTE_TOLD, FDG_KIND_UNKNOWN, NULL, 0);
}

void fdg_note_add(struct fdg_note *n, char letter, fdg_kindword kind, const void *pc, uint32_t origin, int fd)
{
	struct fdg_note_group *g = group_of(n, letter, kind, pc, origin);

	if (!g)
		return;
	if (g->kind != kind || g->pc != pc || g->origin != origin) { /* took in a stranger: it can speak for neither */
		g->kind = FDG_KIND_UNKNOWN;
		g->pc = NULL;
		g->origin = 0;
		g->crowded = true;
	}
	add_range(g, fd, fd);
}

void fdg_note_add_range(struct fdg_note *n, char letter, int first, int last)
{
	struct fdg_note_group *g = group_of(n, letter, FDG_KIND_UNKNOWN, NULL, 0);

	if (g)
		add_range(g, first, last);
}

static void put_escaped(struct fdg_buf *b, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c > ' ' && c != '%' && c != ',' && c != 0x7f) {
			fdg_put_char(b, *s);
			continue;
		}
		fdg_put_char(b, '%');
		fdg_put_char(b, hex[c >> 4]);
		fdg_put_char(b, hex[c & 15]);
	}
}

static void put_place(struct fdg_buf *b, const struct fdg_place *p)
{
	fdg_fmt(b, "%lx:", (unsigned long)p->offset);
	put_escaped(b, p->object);
}

void fdg_note_ranges(const struct fdg_note_group *g, struct fdg_buf *b)
{
	for (unsigned i = 0; i < g->ranges; i++) {
		fdg_fmt(b, i ? ",%d" : "%d", g->range[i].first);
		if (g->range[i].last > g->range[i].first)
			fdg_fmt(b, "-%d", g->range[i].last);
	}
	if (g->more)
		fdg_put(b, "+");
}

static void put_places(struct fdg_buf *b, const struct fdg_place *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i)
			fdg_put_char(b, ',');
		put_place(b, &p[i]);
	}
}

static void put_group(struct fdg_buf *b, const struct fdg_note_group *g, bool with_places)
{
	struct fdg_place made[FDG_NOTE_FRAMES];
	unsigned n = with_places ? fdg_origin_places(g->origin, g->pc, made, FDG_NOTE_FRAMES) : 0;

	fdg_fmt(b, " %c%s%lx.%lx:", g->letter, g->crowded || (g->pc && !with_places) ? "*" : "", (unsigned long)g->kind, (unsigned long)g->count);
	fdg_note_ranges(g, b);
	if (n) {
		fdg_put_char(b, '@');
		put_places(b, made, n);
	}
}

/* What was cut off half-way is taken back. */
static bool take_back(struct fdg_buf *b, size_t to)
{
	if (!b->cut)
		return false;
	b->len = to;
	b->text[to] = '\0';
	b->cut = false;
	return true;
}

void fdg_note_write(const struct fdg_note *n, struct fdg_buf *b)
{
	fdg_fmt(b, FDG_NOTE_NAME "=1 %c %d %d ", n->spawned ? 's' : 'x', n->pid, n->maker);
	put_escaped(b, n->exe && *n->exe ? n->exe : "?");
	fdg_put_char(b, ' ');
	put_places(b, n->site, n->sites);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < n->groups; i++) {
			const struct fdg_note_group *g = &n->group[i];
			bool quiet = g->letter == FDG_NOTE_MEANT || g->letter == FDG_NOTE_TOLD;
			size_t before = b->len;

			if (quiet != (pass == 0) || !g->count)
				continue;
			put_group(b, g, true);
			if (take_back(b, before))
				put_group(b, g, false);
			if (take_back(b, before))
				return;
		}
	}
}

/* ---- reading ---- */

static bool read_hex(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	for (; p - *s < 16; p++) {
		if (*p >= '0' && *p <= '9')
			v = v << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			v = v << 4 | (uint64_t)(*p - 'a' + 10);
		else
			break;
	}
	if (p == *s)
		return false;
	*s = p;
	*ret = v;
	return true;
}

static bool read_number(const char **s, int *ret)
{
	const char *p = *s;
	int v = 0;

	for (; *p >= '0' && *p <= '9' && p - *s < 9; p++)
		v = v * 10 + (*p - '0');
	if (p == *s)
		return false;
	*s = p;
	*ret = v;
	return true;
}

static bool expect(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* A word up to a space, a comma or the end, its %XX undone, kept in the arena. */
static const char *read_word(const char **s)
{
	size_t n = strcspn(*s, " ,"), out = 0;
	char *copy = fdg_arena_strndup(*s, n);
	const char *end = *s + n;

	if (!copy)
		return NULL;
	for (const char *p = *s; p < end; p++) {
		const char *digits = p + 1;
		uint64_t c;

		if (*p == '%' && end - p > 2) {
			char two[3] = { p[1], p[2], '\0' };

			digits = two;
			if (!read_hex(&digits, &c) || *digits)
				return NULL;
			copy[out++] = c ? (char)c : '?';
			p += 2;
		} else {
			copy[out++] = *p;
		}
	}
	copy[out] = '\0';
	*s = end;
	return copy;
}

static bool read_place(const char **s, struct fdg_place *ret)
{
	return read_hex(s, &ret->offset) && expect(s, ':') && (ret->object = read_word(s)) != NULL;
}

static bool read_places(const char **s, struct fdg_place ret[FDG_NOTE_FRAMES], unsigned *ret_n)
{
	do {
		if (*ret_n == FDG_NOTE_FRAMES || !read_place(s, &ret[*ret_n]))
			return false;
		++*ret_n;
	} while (expect(s, ','));
	return true;
}

static bool read_ranges(const char **s, struct fdg_note_group *g)
{
	do {
		int first, last;

		if (g->ranges == FDG_NOTE_RANGES || !read_number(s, &first))
			return false;
		last = first;
		if (**s == '-' && (++*s, !read_number(s, &last)))
			return false;
		if (last < first || (g->ranges && first <= g->range[g->ranges - 1].last))
			return false;
		g->range[g->ranges].first = first;
		g->range[g->ranges++].last = last;
	} while (expect(s, ','));
	g->more = expect(s, '+');
	return true;
}

static bool read_group(const char **s, struct fdg_note_group *g)
{
	uint64_t kind, count;

	g->letter = **s;
	if (!g->letter || !strchr("qtlfka", *(*s)++))
		return false;
	g->crowded = expect(s, '*');
	if (!read_hex(s, &kind) || !expect(s, '.') || !read_hex(s, &count) || !expect(s, ':') || !read_ranges(s, g))
		return false;
	g->kind = (fdg_kindword)(kind & 0xfffff);
	g->count = count;
	return **s != '@' || (++*s, read_places(s, g->created, &g->createds));
}

static bool read_all(const char *s, struct fdg_note *n)
{
	if (!expect(&s, '1') || !expect(&s, ' '))
		return false;
	n->spawned = *s == 's';
	if (*s != 's' && *s != 'x')
		return false;
	s++;
	if (!expect(&s, ' ') || !read_number(&s, &n->pid) || !expect(&s, ' ') || !read_number(&s, &n->maker) || !expect(&s, ' '))
		return false;
	if (!(n->exe = read_word(&s)) || !expect(&s, ' ') || !read_places(&s, n->site, &n->sites))
		return false;
	while (expect(&s, ' '))
		if (n->groups == FDG_NOTE_GROUPS || !read_group(&s, &n->group[n->groups++]))
			return false;
	return *s == '\0';
}

bool fdg_note_read(const char *text, struct fdg_note *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (strnlen(text, FDG_NOTE_MAX + 1) <= FDG_NOTE_MAX && read_all(text, ret))
		return true;
	memset(ret, 0, sizeof(*ret));
	return false;
}

struct fdg_note_group *fdg_note_find(struct fdg_note *n, int fd)
{
	for (unsigned i = 0; i < n->groups; i++) {
		struct fdg_note_group *g = &n->group[i];

		if (g->letter == FDG_NOTE_FORCED)
			continue;
		for (unsigned r = 0; r < g->ranges; r++)
			if (fd >= g->range[r].first && fd <= g->range[r].last)
				return g;
	}
	return NULL;
}
