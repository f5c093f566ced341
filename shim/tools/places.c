// SPDX-License-Identifier: MIT
#include "tools/places.h"

#include <string.h>

#include "tools/explain.h"

const struct log_frame *places_frame(const struct log_line *l)
{
	const struct explanation *e = explain_find(l->id);
	const struct log_frame *site = l->sites ? l->site : NULL, *created = l->createds ? l->created : NULL;

	if (e && e->mend_at_created)
		return created ? created : site;
	return site ? site : created;
}

/* "epoll.stale" tells by closed_at that nobody saw the close, and "site" is the registration. */
static const char *epoll_act(const struct log_line *l)
{
	const char *call = log_field(l, "call");

	if (strcmp(l->id, "epoll.stale") == 0)
		return log_field(l, "closed_at") ? "registered at" : "closed at";
	return call && (strcmp(call, "poll") == 0 || strcmp(call, "ppoll") == 0) ? "waited at" : "registered at";
}

const char *places_act(const struct log_line *l)
{
	static const struct { const char *id, *act; } acts[] = {
		{ "cloexec.", "started at" }, { "select.fortify", "at" },      { "select.", "called at" },
		{ "nonblock.stall", "called at" }, { "nonblock.", "changed at" }, { "", "at" },
	};
	size_t i = 0;

	if (strncmp(l->id, "epoll.", 6) == 0)
		return epoll_act(l);
	while (strncmp(l->id, acts[i].id, strlen(acts[i].id)) != 0)
		i++;
	return acts[i].act;
}

static struct run_place *find(const struct run_finding *f, const struct log_frame *frame)
{
	for (size_t i = 0; i < f->places; i++)
		if (f->place[i].frame.offset == frame->offset && strcmp(f->place[i].frame.object, frame->object) == 0)
			return &f->place[i];
	return NULL;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Room for 1, 2, 4, … */
static struct run_place *more(struct pool *pool, struct run_finding *f)
{
	struct run_place *old = f->place;

	if (f->places == RUN_PLACES_MAX)
		return NULL;
	if ((f->places & (f->places - 1)) == 0) {
		f->place = pool_take(pool, (f->places ? 2 * f->places : 1) * sizeof(*f->place));
		if (f->places)
			memcpy(f->place, old, f->places * sizeof(*old));
	}
	return &f->place[f->places++];
}

void places_add(struct pool *pool, struct run_finding *f, const struct log_line *l)
{
	const struct log_frame *frame = places_frame(l);
	struct run_place *p = frame ? find(f, frame) : NULL;

	if (frame && !p && (p = more(pool, f)))
		p->frame = log_frame_copy(pool, frame);
	if (!p)
		return;
	f->again |= p->reports && p->pid == l->pid;
	p->pid = l->pid;
	p->reports++;
	p->most = greater(p->most, l->count);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* By the whole chain of inlined functions: a helper's line stands once for each line that calls it. */
static bool same_lines(const struct sources *s, const struct run_place *a, const struct run_place *b)
{
	const struct source_line *x = NULL, *y = NULL;
	unsigned n = sources_lines(s, &a->frame, &x);

	if (!n || n != sources_lines(s, &b->frame, &y))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!x[i].line || x[i].line != y[i].line || !same_text(x[i].file, y[i].file) || !same_text(x[i].function, y[i].function))
			return false;
	return true;
}

void places_fold(struct run_finding *f, const struct sources *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->places; i++) {
		size_t k = 0;

		while (k < kept && !same_lines(s, &f->place[k], &f->place[i]))
			k++;
		if (k == kept) {
			f->place[kept++] = f->place[i];
			continue;
		}
		f->place[k].reports += f->place[i].reports;
		f->place[k].most = greater(f->place[k].most, f->place[i].most);
	}
	f->places = kept;
}
