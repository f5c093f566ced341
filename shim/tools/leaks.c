// SPDX-License-Identifier: MIT
#include "tools/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "tools/json.h"

static void add(struct run *r, size_t *room, const struct log_line *l, const struct json *v)
{
	const struct json *kind = json_member(v, "kind");
	struct run_open o = { .kind = kind ? kind->string : NULL, .exe = l->exe };
	int64_t count;

	if (json_integer(json_member(v, "more"), &count) && count > 0) {
		r->more_opens += (uint64_t)count;
		return;
	}
	if (!o.kind || !json_integer(json_member(v, "count"), &count) || count <= 0)
		return;
	log_frame_read(&r->pool, v, &o.made);
	for (size_t i = 0; i < r->opens; i++) {
		struct run_open *have = &r->open[i];

		if (strcmp(have->kind, o.kind) != 0 || strcmp(have->exe, o.exe) != 0 || have->made.offset != o.made.offset || !have->made.object != !o.made.object ||
		    (o.made.object && strcmp(have->made.object, o.made.object) != 0))
			continue;
		have->count += (uint64_t)count;
		have->images++;
		return;
	}
	if (r->opens == LEAKS_MAX) {
		r->more_opens += (uint64_t)count;
		return;
	}
	r->open = pool_grow(r->open, r->opens, room, sizeof(*r->open));
	o.kind = pool_copy(&r->pool, o.kind);
	o.exe = pool_copy(&r->pool, o.exe);
	o.count = (uint64_t)count;
	o.images = 1;
	r->open[r->opens++] = o;
}

void leaks_add(struct run *r, size_t *room, const struct log_line *l)
{
	const struct json *open = log_array(l, "open");

	for (const struct json *v = open ? open->first : NULL; v; v = v->next)
		add(r, room, l, v);
}

static int by_count(const void *a, const void *b)
{
	const struct run_open *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

void leaks_sort(struct run *r)
{
	if (r->opens)
		qsort(r->open, r->opens, sizeof(*r->open), by_count);
}
