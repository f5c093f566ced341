// SPDX-License-Identifier: MIT
/*
 * What report.js shows: one JSON object, compact, since there may be a hundred thousand findings in it. Texts are in "strings", once each; where a text is meant there is
 * its number. The order of the members of a finding and of an image is in report.js too (FINDING, IMAGE). Times of findings count from "start" on. Of very many findings the
 * gravest are in the first object; each that follows has more findings, and the strings that came with them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/accept.h"
#include "tools/explain.h"
#include "tools/facts.h"
#include "tools/plain.h"
#include "tools/report_page.h"

#define IMAGES_SHOWN 50000
#define FIRST 5000 /* findings that the script has at once; the others come in parts behind it */
#define PART 10000
#define PLACES_SHOWN 20

struct data {
	const struct report *p;
	FILE *f;
	struct pool pool, scratch;
	struct strings strings;
	size_t told; /* strings that were put out */
	size_t next; /* finding */
	bool filled; /* what is open has something in it */
};

static void put_separator(struct data *d)
{
	if (d->filled)
		fputc(',', d->f);
	d->filled = true;
}

static void put_number(struct data *d, int64_t n)
{
	put_separator(d);
	fprintf(d->f, "%" PRId64, n);
}

static void put_text(struct data *d, const char *s)
{
	put_number(d, strings_number(&d->strings, &d->pool, s ? s : ""));
}

static void open_list(struct data *d, const char *name)
{
	put_separator(d);
	if (name)
		fprintf(d->f, "\"%s\":", name);
	fputc('[', d->f);
	d->filled = false;
}

static void close_list(struct data *d)
{
	fputc(']', d->f);
	d->filled = true;
}

/* The inside of a JSON string that HTML does not obey either: no '<', no '&'; plain_next leaves no U+2028. own: our text, which has lines. */
static void put_inside(FILE *f, const char *s, bool own)
{
	char text[9];

	while (*s) {
		if (own && *s == '\n') {
			fputs("\\n", f);
			s++;
			continue;
		}
		plain_next(&s, text);
		for (const char *c = text; *c; c++) {
			if (*c == '<' || *c == '>' || *c == '&')
				fprintf(f, "\\u%04x", *c);
			else
				fprintf(f, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
		}
	}
}

static void put_quoted(struct data *d, const char *s, bool own)
{
	put_separator(d);
	fputc('"', d->f);
	put_inside(d->f, s, own);
	fputc('"', d->f);
}

static void put_frames(struct data *d, const struct log_line *l)
{
	struct report_part part[2];
	unsigned n = report_parts(l, part);

	open_list(d, NULL);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < part[i].frames; k++) {
			put_text(d, k ? "called from" : part[i].label);
			put_text(d, report_frame_text(d->p, &d->scratch, &part[i].frame[k]));
		}
	close_list(d);
}

static void put_facts(struct data *d, const struct log_line *l)
{
	struct fact fact[FACTS_MAX];
	size_t n = facts_of(&d->scratch, l, fact);

	open_list(d, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!d->p->commands && strcmp(fact[i].label, "command") == 0)
			continue;
		put_text(d, fact[i].label);
		put_text(d, fact[i].place.object ? report_frame_text(d->p, &d->scratch, &fact[i].place) : fact[i].text);
	}
	close_list(d);
}

static void put_names(struct data *d, const struct seen_name *list, unsigned n, uint64_t more)
{
	open_list(d, NULL);
	for (unsigned i = 0; i < n; i++) {
		put_text(d, report_string(d->p, list[i].name));
		put_number(d, (int64_t)list[i].times);
		put_number(d, (int64_t)list[i].most);
	}
	close_list(d);
	put_number(d, (int64_t)more);
}

static void put_places(struct data *d, const struct run_finding *g)
{
	open_list(d, NULL);
	for (size_t i = 0; g->places > 1 && i < g->places && i < PLACES_SHOWN; i++) {
		put_text(d, report_frame_text(d->p, &d->scratch, &g->place[i].frame));
		put_number(d, (int64_t)g->place[i].reports);
	}
	close_list(d);
	put_number(d, (int64_t)g->places);
}

static void put_finding(struct data *d, const struct run_finding *g)
{
	const struct log_line *l = &g->line;
	const struct seen *s = g->seen;

	fputs(d->filled ? ",\n" : "\n", d->f);
	d->filled = false;
	open_list(d, NULL);
	put_text(d, l->id);
	put_text(d, l->guard);
	put_number(d, l->level);
	put_number(d, g->verdict == RUN_FIXED);
	put_text(d, l->message);
	put_text(d, l->exe);
	put_text(d, l->fix);
	put_text(d, accept_line(&d->scratch, l));
	put_number(d, (int64_t)g->reports);
	put_number(d, (int64_t)g->repeats);
	put_number(d, (int64_t)g->most);
	put_number(d, (int64_t)s->processes);
	put_number(d, s->since ? s->since - d->p->first : -1);
	put_number(d, s->first - s->since);
	put_number(d, s->last - s->since);
	put_frames(d, l);
	put_facts(d, l);
	put_names(d, s->host, s->hosts, s->more_hosts);
	put_names(d, s->peer, s->peers, s->more_peers);
	put_places(d, g);
	close_list(d);
	pool_empty(&d->scratch);
}

/* The next so many. */
static void put_findings(struct data *d, size_t most)
{
	const struct run *r = &d->p->r;

	open_list(d, "findings");
	for (size_t n = 0; n < most && d->next < r->findings; d->next++)
		if (report_is_told(&r->finding[d->next])) {
			put_finding(d, &r->finding[d->next]);
			n++;
		}
	close_list(d);
}

/* Of the kinds that occur: what they mean and how to mend them. */
static void put_kinds(struct data *d)
{
	const struct explanation *e;

	open_list(d, "kinds");
	for (size_t i = 0; (e = explain_at(i)); i++) {
		size_t k = 0;

		while (k < d->p->r.findings && strcmp(d->p->r.finding[k].line.id, e->id) != 0)
			k++;
		if (k == d->p->r.findings)
			continue;
		open_list(d, NULL);
		put_quoted(d, e->id, true);
		put_quoted(d, e->title, true);
		put_quoted(d, e->part[EXPLAIN_MEANS] ? e->part[EXPLAIN_MEANS] : "", true);
		put_quoted(d, e->part[EXPLAIN_MEND] ? e->part[EXPLAIN_MEND] : "", true);
		close_list(d);
	}
	close_list(d);
}

static size_t within(size_t entry)
{
	return entry <= IMAGES_SHOWN ? entry : 0;
}

static void put_image(struct data *d, const struct report_image *i)
{
	fputs(d->filled ? ",\n" : "\n", d->f);
	d->filled = false;
	open_list(d, NULL);
	put_text(d, report_string(d->p, i->who.host));
	put_number(d, i->who.pid);
	put_number(d, i->ppid);
	put_number(d, (int64_t)within(i->parent));
	put_number(d, (int64_t)within(i->before));
	put_text(d, report_string(d->p, i->exe));
	put_text(d, report_string(d->p, i->command));
	put_number(d, i->start);
	put_number(d, i->end);
	put_number(d, i->kind);
	put_number(d, (i->ended ? 1 : 0) | (i->filtered ? 2 : 0));
	put_text(d, i->why);
	for (int level = FDG_LEVEL_ERROR; level >= FDG_LEVEL_NOTE; level--)
		put_number(d, (int64_t)i->findings[level]);
	close_list(d);
}

static void put_images(struct data *d)
{
	const struct report *p = d->p;
	uint64_t left = p->more_images;

	open_list(d, "images");
	for (size_t i = 0; i < p->images && i < IMAGES_SHOWN; i++)
		put_image(d, &p->image[i]);
	close_list(d);
	if (p->images > IMAGES_SHOWN)
		left += p->images - IMAGES_SHOWN;
	fprintf(d->f, ",\"more_images\":%" PRIu64, left);
}

/* Those that are new. */
static void put_strings(struct data *d)
{
	open_list(d, "strings");
	for (; d->told < d->strings.count; d->told++)
		put_quoted(d, d->strings.text[d->told], false);
	close_list(d);
}

static uint64_t count_told(const struct run *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->findings; i++)
		n += report_is_told(&r->finding[i]);
	return n;
}

void report_put_data(const struct report *p, FILE *f)
{
	struct data d = { .p = p, .f = f };

	fprintf(f, "<script type=\"application/json\" id=\"data\">{\"start\":%" PRId64 ",\"all\":%" PRIu64, p->first, count_told(&p->r));
	d.filled = true;
	put_kinds(&d);
	put_findings(&d, FIRST);
	put_images(&d);
	put_strings(&d);
	fprintf(f, "}</script>\n<script>%s</script>\n", report_js);
	while (d.next < p->r.findings) {
		fputs("<script type=\"application/json\" class=\"data\">{", f);
		d.filled = false;
		put_findings(&d, PART);
		put_strings(&d);
		fputs("}</script>\n", f);
	}
	strings_free(&d.strings);
	pool_free(&d.pool);
	pool_free(&d.scratch);
}
