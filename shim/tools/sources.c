// SPDX-License-Identifier: MIT
#include "tools/sources.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/explain.h"
#include "tools/facts.h"
#include "tools/plain.h"
#include "tools/repository.h"
#include "tools/shorten.h"
#include "tools/symbolizer.h"

#define OUTER_SHOWN 2

/* The lines of s->symbolizer.place[i] are line[first[i]] … line[first[i + 1] - 1]. */
struct sources {
	struct symbolizer symbolizer;
	struct repository repository;
	struct pool pool;
	struct source_line *line;
	size_t *first;
	const char **missing;
	size_t missings;
};

static int64_t seconds_of(const char *time)
{
	struct tm tm = { 0 };

	return time && strptime(time, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) : 0;
}

static void ask(struct sources *s, const struct log_frame *frames, unsigned n, int64_t seen)
{
	for (unsigned i = 0; i < n; i++) {
		symbolizer_ask(&s->symbolizer, frames[i].object, frames[i].offset, frames[i].symbol, seen);
		symbolizer_keep(&s->symbolizer, frames[i].source ? &frames[i] : NULL);
	}
}

static void ask_all(struct sources *s, const struct run *r)
{
	int64_t start = seconds_of(r->started);

	for (size_t i = 0; i < r->findings; i++) {
		const struct log_line *l = &r->finding[i].line;
		struct log_frame place[FACTS_PLACES];

		ask(s, place, facts_places(&s->pool, l, place), seconds_of(l->time));
		ask(s, l->site, l->sites, seconds_of(l->time));
		ask(s, l->created, l->createds, seconds_of(l->time));
		for (size_t k = 0; k < r->finding[i].places; k++)
			ask(s, &r->finding[i].place[k].frame, 1, seconds_of(l->time));
	}
	for (size_t i = 0; i < r->opens; i++)
		if (r->open[i].made.object)
			ask(s, &r->open[i].made, 1, start ? start + r->lasted_ms / 1000 : 0);
}

/* "main.tune+0x5a" without the end. */
static const char *without_offset(struct sources *s, const char *symbol)
{
	const char *plus = symbol ? strrchr(symbol, '+') : NULL;

	return plus ? pool_text(&s->pool, symbol, (size_t)(plus - symbol)) : symbol;
}

/* The log's own line comes first: of what is inlined into each other it is the program's, not the library's. */
static size_t add_known(struct sources *s, const struct log_frame *f, size_t n)
{
	const struct log_source *k = f->source;

	s->line[n] = (struct source_line){
		.function = k->function ? k->function : without_offset(s, f->symbol), .file = k->file, .line = k->line,
		.path = k->line ? repository_path(&s->repository, k->file) : NULL,
	};
	return n + 1;
}

/* Symbolizer lines with their paths in the repository. */
static void locate(struct sources *s)
{
	size_t all = 0, n = 0;

	for (size_t i = 0; i < s->symbolizer.places; i++)
		all += s->symbolizer.place[i].lines + 1;
	s->line = pool_take(&s->pool, (all + 1) * sizeof(*s->line));
	s->first = pool_take(&s->pool, (s->symbolizer.places + 1) * sizeof(*s->first));
	for (size_t i = 0; i < s->symbolizer.places; i++) {
		const struct symbolizer_place *p = &s->symbolizer.place[i];

		for (unsigned k = 0; k < p->lines && !p->known; k++) {
			const struct symbolizer_line *l = &p->line[k];

			s->line[n++] = (struct source_line){
				.function = l->function, .file = l->file, .line = l->line, .inlined = l->inlined,
				.path = l->line ? repository_path(&s->repository, l->file) : NULL,
			};
		}
		if (p->known)
			n = add_known(s, p->known, n);
		s->first[i + 1] = n;
	}
}

static bool is_known(const struct symbolizer_object *o)
{
	for (size_t i = 0; i < o->places; i++)
		if (!o->place[i].known)
			return false;
	return o->places > 0;
}

static void say_missing(struct sources *s, const struct symbolizer_object *o)
{
	static const char *const why[] = {
		[SYMBOLIZER_UNKNOWN] = "it was not read",
		[SYMBOLIZER_NO_DEBUG] = "it has no debug information; build it with -g, or install the debug package of what it belongs to",
		[SYMBOLIZER_UNREADABLE] = "it is not there any more, or is no ELF file that can be read",
		[SYMBOLIZER_CHANGED] = "it is not the file that ran: its symbols are elsewhere, or it was written since",
		[SYMBOLIZER_BROKEN] = "its debug information cannot be read",
	};
	if (is_known(o))
		return;
	if (o->state == SYMBOLIZER_WITHOUT && !s->missings)
		s->missing[s->missings++] = "no source lines: this fdguard was built without elfutils; install libdw-dev, and build it again";
	if (o->state == SYMBOLIZER_READ || o->state == SYMBOLIZER_WITHOUT || !strchr(o->path, '/'))
		return;
	s->missing[s->missings++] = pool_format(&s->pool, "no source lines for %s: %s%s%s%s", plain_copy(&s->pool, o->path), why[o->state], *o->build_id ? " (build-id " : "",
		o->build_id, *o->build_id ? ")" : "");
}

struct sources *sources_open(const struct run *r, const char *root)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	repository_open(&s->repository, root, r->directory && *r->directory ? r->directory : ".");
	ask_all(s, r);
	symbolizer_run(&s->symbolizer);
	locate(s);
	s->missing = pool_take(&s->pool, (s->symbolizer.objects + 1) * sizeof(*s->missing));
	for (size_t i = 0; i < s->symbolizer.objects; i++)
		say_missing(s, &s->symbolizer.object[i]);
	return s;
}

void sources_close(struct sources *s)
{
	if (!s)
		return;
	symbolizer_free(&s->symbolizer);
	repository_close(&s->repository);
	pool_free(&s->pool);
	free(s);
}

const char *sources_root(const struct sources *s)
{
	return s ? s->repository.root : "";
}

const char *sources_missing(const struct sources *s, size_t i)
{
	return s && i < s->missings ? s->missing[i] : NULL;
}

unsigned sources_lines(const struct sources *s, const struct log_frame *f, const struct source_line **ret)
{
	const struct symbolizer_place *p = s && f && f->object ? symbolizer_find(&s->symbolizer, f->object, f->offset) : NULL;
	size_t i = p ? (size_t)(p - s->symbolizer.place) : 0;

	if (!p)
		return 0;
	*ret = s->line + s->first[i];
	return (unsigned)(s->first[i + 1] - s->first[i]);
}

const char *sources_function(const struct sources *s, const struct log_frame *f)
{
	const struct source_line *l;

	return sources_lines(s, f, &l) ? l->function : NULL;
}

/* The first line of these frames that lies in the repository. */
static bool find_own(const struct sources *s, const struct log_frame *frame, unsigned frames, struct source_spot *ret)
{
	const struct source_line *l;

	for (unsigned i = 0; i < frames; i++) {
		unsigned n = sources_lines(s, &frame[i], &l);

		for (unsigned k = 0; k < n; k++)
			if (l[k].path) {
				*ret = (struct source_spot){ l[k].path, l[k].line, true, &frame[i], l[k].function };
				return true;
			}
	}
	return false;
}

void sources_spot(const struct sources *s, const struct run_finding *f, struct source_spot *ret)
{
	const struct log_line *l = &f->line;
	const struct explanation *e = explain_find(l->id);
	bool created = e && e->mend_at_created;
	const struct log_frame *frame[] = { created ? l->created : l->site, created ? l->site : l->created };
	unsigned frames[] = { created ? l->createds : l->sites, created ? l->sites : l->createds };

	*ret = (struct source_spot){ s ? s->repository.stable : "README.md", 1, false, frames[0] ? frame[0] : frames[1] ? frame[1] : NULL, NULL };
	if (!find_own(s, frame[0], frames[0], ret) && !find_own(s, frame[1], frames[1], ret))
		ret->function = ret->frame ? sources_function(s, ret->frame) : NULL;
}

static void put_line(const struct source_line *l, FILE *f)
{
	if (!l->file || !l->line)
		return;
	fputs(" at ", f);
	plain_put(f, l->path ? l->path : l->file);
	fprintf(f, ":%u", l->line);
}

static void put_function(const char *name, FILE *f)
{
	struct pool scratch = { 0 };

	plain_put(f, shorten(&scratch, name));
	pool_free(&scratch);
}

/* Where the compiler put an inlined function, since it may have put it at several places. */
static void put_outer_lines(const struct source_line *l, unsigned n, FILE *f)
{
	for (unsigned i = 1; i < n && i <= OUTER_SHOWN && l[i - 1].inlined && l[i].function; i++) {
		fputs(", inlined into ", f);
		put_function(l[i].function, f);
		put_line(&l[i], f);
	}
}

/* Of functions inlined into each other the first one that is the repository's, as where a finding is shown. */
static unsigned shown_line(const struct source_line *l, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (l[k].path)
			return k;
	return 0;
}

const char *sources_shown(const struct sources *s, const struct log_frame *frame, bool *ret_inlined)
{
	const struct source_line *l = NULL;
	unsigned n = sources_lines(s, frame, &l), k = shown_line(l, n);

	*ret_inlined = n && l[k].inlined;
	return n ? l[k].function : NULL;
}

void sources_put_frame(const struct sources *s, const struct log_frame *frame, FILE *f)
{
	const struct source_line *l = NULL;
	unsigned n = sources_lines(s, frame, &l), k = shown_line(l, n);
	const char *base = strrchr(frame->object, '/'), *name = n && l[k].function ? l[k].function : frame->symbol;

	if (name)
		put_function(name, f);
	if (n) {
		put_line(&l[k], f);
		put_outer_lines(&l[k], n - k, f);
	}
	fputs(name ? " (" : "", f);
	plain_put(f, base ? base + 1 : frame->object);
	fprintf(f, "+0x%llx", (unsigned long long)frame->offset);
	fputs(name ? ")" : "", f);
}
