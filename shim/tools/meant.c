// SPDX-License-Identifier: MIT
#include "tools/meant.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 500
#define WEAK_SHOWN 20
#define STRONG_SHOWN 5

static bool same_place(const struct log_frame *a, const struct log_frame *b)
{
	if (!a->object || !b->object)
		return !a->object && !b->object;
	return a->offset == b->offset && strcmp(a->object, b->object) == 0;
}

static struct run_meant *find(struct run *r, const char *kind, const char *reason, const struct log_frame *made)
{
	for (size_t i = 0; i < r->meants; i++) {
		struct run_meant *m = &r->meant[i];

		if (same_place(&m->made, made) && strcmp(m->kind, kind) == 0 && strcmp(m->reason, reason) == 0)
			return m;
	}
	return NULL;
}

static const char *field(struct run *r, const struct log_line *l, const char *name)
{
	const char *text = log_field(l, name);

	return pool_copy(&r->pool, text ? text : "");
}

static struct run_meant *enter(struct run *r, const struct log_line *l, const struct log_frame *made)
{
	struct run_meant *m;

	if (!r->meant)
		r->meant = pool_take(&r->pool, KEPT_MAX * sizeof(*r->meant));
	m = &r->meant[r->meants++];
	*m = (struct run_meant){ .kind = field(r, l, "kind"), .what = field(r, l, "what"), .reason = field(r, l, "reason"), .command = field(r, l, "command"),
		.exe = pool_copy(&r->pool, l->exe), .fd = l->fd, .weak = log_number(l, "weak", 0) > 0 };
	if (made->object)
		m->made = log_frame_copy(&r->pool, made);
	return m;
}

void meant_add(struct run *r, const struct log_line *l)
{
	const char *kind = log_field(l, "kind"), *reason = log_field(l, "reason");
	struct log_frame made = l->createds ? l->created[0] : (struct log_frame){ .object = NULL };
	struct run_meant *m = kind && reason ? find(r, kind, reason, &made) : NULL;

	if (!kind || !reason || l->fd < 0)
		return;
	if (!m && r->meants == KEPT_MAX) {
		r->more_meant++;
		return;
	}
	if (!m)
		m = enter(r, l, &made);
	m->count += l->count;
	m->times++;
}

static int order(const void *a, const void *b)
{
	const struct run_meant *x = a, *y = b;

	if (x->weak != y->weak)
		return y->weak - x->weak;
	return x->times != y->times ? (x->times < y->times) - (x->times > y->times) : strcmp(x->command, y->command);
}

void meant_sort(struct run *r)
{
	if (r->meants)
		qsort(r->meant, r->meants, sizeof(*r->meant), order);
}

/* fd 3 (file /etc/passwd, made at open_it at src/a.c:12 (a+0x1234)) in `head -n 3`: the argument 3 names it, 7 times */
static void put_one(const struct page *p, const struct run_meant *m)
{
	fprintf(p->f, "  fd %lld (", (long long)m->fd);
	page_text(p, m->kind);
	if (*m->what == '/') {
		fputc(' ', p->f);
		page_text(p, m->what);
	}
	fputs(", made at ", p->f);
	if (m->made.object)
		sources_put_frame(p->s, &m->made, p->f);
	else
		fputs("a place that we did not see", p->f);
	fputs(") in `", p->f);
	page_text(p, m->command);
	fputs("`: ", p->f);
	page_text(p, m->reason);
	if (m->times > 1) {
		fputs(", ", p->f);
		page_counted(p, m->times, "time", "times");
	}
	fputc('\n', p->f);
}

static void put_list(const struct page *p, bool weak, size_t max, const char *title)
{
	size_t all = 0;

	for (size_t i = 0; i < p->r->meants; i++) {
		if (p->r->meant[i].weak != weak)
			continue;
		if (all == 0)
			fprintf(p->f, "\n%s:\n", title);
		if (all++ < max)
			put_one(p, &p->r->meant[i]);
	}
	if (all > max)
		fprintf(p->f, "  and %zu more: --json or --out DIR has the list\n", all - max);
}

void meant_put(const struct page *p)
{
	put_list(p, true, WEAK_SHOWN, "Taken as meant for a child because of a bare number; where that number is about something else, this is a leak that was not reported");
	put_list(p, false, STRONG_SHOWN, "Taken as meant for a child, and no finding");
}
