// SPDX-License-Identifier: MIT
#include <string.h>

#include "options/reader.h"

#include "base/poison.h"

/* The user's own text, clipped and harmless. */
static void put_quoted(struct fdg_buf *b, struct fdg_slice v)
{
	char text[64];
	struct fdg_buf clipped = FDG_BUF(text);

	fdg_put_printable(&clipped, v.s, v.n);
	fdg_fmt(b, "'%s%s'", text, clipped.cut ? "..." : "");
}

static void put_place(struct fdg_buf *b, const struct fdg_option_source *s)
{
	unsigned line = 1;

	if (!s || !s->name.s)
		return;
	for (const char *p = s->start; p < s->at; p++)
		line += *p == '\n';
	fdg_put(b, ", in ");
	put_quoted(b, s->name);
	fdg_fmt(b, " line %u", line);
}

void fdg_say(struct fdg_reader *r, bool severe, const char *before, struct fdg_slice quoted, const char *after)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	r->mistakes += severe;
	if (!r->say)
		return;
	fdg_put(&b, before);
	put_quoted(&b, quoted);
	fdg_put(&b, after);
	put_place(&b, r->source);
	r->say(r->cookie, severe, text);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

enum { KEY_MAX = sizeof(fdg_rows[0].key) };

/* Insertions, deletions and replacements that make a of b; both are shorter than KEY_MAX. */
static unsigned edit_distance(struct fdg_slice a, struct fdg_slice b)
{
	unsigned row[KEY_MAX];

	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned replaced = diagonal + (a.s[i - 1] != b.s[j - 1]);

			diagonal = row[j];
			row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.n];
}

static const char *nearest_key(struct fdg_slice key)
{
	const char *nearest = NULL;
	unsigned best = key.n < 4 ? (unsigned)key.n / 2 + 1 : 3; /* of a short key half has to be left */

	if (key.n >= KEY_MAX)
		return NULL;
	for (size_t i = 0; i <= FDG_ROWS; i++) {
		const char *known = i < FDG_ROWS ? fdg_rows[i].key : "include";
		unsigned distance = edit_distance(key, FDG_SLICE(known));

		if (distance < best) {
			best = distance;
			nearest = known;
		}
	}
	return nearest;
}

void fdg_say_unknown(struct fdg_reader *r, struct fdg_slice key)
{
	const char *nearest = r->say ? nearest_key(key) : NULL;
	char after[64];
	struct fdg_buf b = FDG_BUF(after);

	if (nearest)
		fdg_fmt(&b, " (did you mean '%s'?)", nearest);
	fdg_say(r, true, "unknown key ", key, after);
}

void fdg_say_bad(struct fdg_reader *r, const struct fdg_row *row, struct fdg_slice value, const char *why)
{
	char after[256];
	struct fdg_buf b = FDG_BUF(after);

	fdg_fmt(&b, " for key '%s': ", row->key);
	if (*why)
		fdg_put(&b, why);
	else
		fdg_fmt(&b, "expected %s", row->values);
	fdg_say(r, true, "bad value ", value, after);
}

void fdg_say_later(struct fdg_reader *r, const struct fdg_row *row, const char *after)
{
	uint64_t bit = (uint64_t)1 << (row - fdg_rows);

	if (!(r->told & bit))
		fdg_say(r, false, "option ", FDG_SLICE(row->key), after);
	r->told |= bit;
}
