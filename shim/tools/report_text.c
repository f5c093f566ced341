// SPDX-License-Identifier: MIT
/* The report as text: by guard and kind of finding. */
#include <string.h>

#include "base/fmt.h"
#include "report/line.h"
#include "tools/accept.h"
#include "tools/explain.h"
#include "tools/facts.h"
#include "tools/page.h"
#include "tools/places.h"
#include "tools/plain.h"
#include "tools/report.h"

#define PLACES_SHOWN 10
#define FILES_SHOWN 20
#define KINDS_MAX 256

struct text {
	struct page page;
	const struct report *p;
	struct pool scratch;
	size_t top, number;
};

static void put_fact(struct text *t, const char *label, const char *value)
{
	fprintf(t->page.f, "     %s: ", label);
	page_text(&t->page, value);
	fputc('\n', t->page.f);
}

static void put_frames(struct text *t, const char *label, const struct log_frame *frame, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fprintf(t->page.f, "     %s ", i ? "  called from" : label);
		report_put_frame(t->p, &frame[i], t->page.f);
		fputc('\n', t->page.f);
	}
}

/* What is to be mended comes first. */
static void put_both(struct text *t, const struct log_line *l)
{
	bool created_first = places_frame(l) == l->created;

	if (!created_first)
		put_frames(t, places_act(l), l->site, l->sites);
	put_frames(t, "made at", l->created, l->createds);
	if (created_first)
		put_frames(t, places_act(l), l->site, l->sites);
	if (!l->sites && !l->createds)
		put_fact(t, "program", l->exe);
}

static void put_names(struct text *t, const char *label, const struct seen_name *list, unsigned n, uint64_t more)
{
	FILE *f = t->page.f;

	if (!n || (n == 1 && !more && !*report_string(t->p, list[0].name)))
		return;
	fprintf(f, "     %s: ", label);
	for (unsigned i = 0; i < n; i++) {
		const char *name = report_string(t->p, list[i].name);

		fputs(i ? ", " : "", f);
		page_text(&t->page, *name ? name : "host not told");
		if (list[i].most > 1 || list[i].times > 1) {
			fputs(" (", f);
			page_counted(&t->page, list[i].times, "report", "reports");
			if (list[i].most > 1) {
				fputs(", at most ", f);
				page_number(&t->page, list[i].most);
			}
			fputc(')', f);
		}
	}
	if (more) {
		fputs(", and ", f);
		page_counted(&t->page, more, "report about others", "reports about others");
	}
	fputc('\n', f);
}

static void put_seen(struct text *t, const struct run_finding *g)
{
	const struct seen *s = g->seen;
	FILE *f = t->page.f;

	fprintf(f, "     since %s", report_when(&t->scratch, s->since));
	if (s->first != s->since)
		fprintf(f, ", first told %s", report_when(&t->scratch, s->first));
	if (s->last != s->first)
		fprintf(f, ", last %s", report_when(&t->scratch, s->last));
	fputs(": ", f);
	page_counted(&t->page, g->reports, "report", "reports");
	fputs(" of ", f);
	page_counted(&t->page, s->processes, "process", "processes");
	if (g->repeats) {
		fputs(", and ", f);
		page_counted(&t->page, g->repeats, "repeat that was only counted", "repeats that were only counted");
	}
	fputc('\n', f);
	put_names(t, "hosts", s->host, s->hosts, s->more_hosts);
	if (s->peers > 1 || s->more_peers)
		put_names(t, "peers", s->peer, s->peers, s->more_peers);
}

static void put_places(struct text *t, const struct run_finding *g)
{
	if (g->places < 2)
		return;
	fputs("     at ", t->page.f);
	page_number(&t->page, g->places);
	fputs(" places of one function:\n", t->page.f);
	for (size_t i = 0; i < g->places && i < PLACES_SHOWN; i++) {
		fputs("       ", t->page.f);
		report_put_frame(t->p, &g->place[i].frame, t->page.f);
		fputs(", ", t->page.f);
		page_counted(&t->page, g->place[i].reports, "report", "reports");
		fputc('\n', t->page.f);
	}
	if (g->places > PLACES_SHOWN)
		fprintf(t->page.f, "       and %zu more\n", g->places - PLACES_SHOWN);
}

static void put_facts(struct text *t, const struct log_line *l)
{
	struct fact fact[FACTS_MAX];
	size_t n = facts_of(&t->scratch, l, fact);

	for (size_t i = 0; i < n; i++) {
		if (!t->p->commands && strcmp(fact[i].label, "command") == 0)
			continue;
		if (fact[i].place.object)
			put_frames(t, pool_format(&t->scratch, "%s:", fact[i].label), &fact[i].place, 1);
		else
			put_fact(t, fact[i].label, fact[i].text);
	}
}

static void put_finding(struct text *t, const struct run_finding *g)
{
	const struct log_line *l = &g->line;

	fprintf(t->page.f, "\n%3zu. %s: ", ++t->number, fdg_level_word(l->level));
	page_text(&t->page, l->message);
	fprintf(t->page.f, " [%s%s]\n", l->id, g->verdict == RUN_FIXED ? ", fixed" : "");
	put_seen(t, g);
	put_both(t, l);
	put_places(t, g);
	put_facts(t, l);
	if (l->fix)
		put_fact(t, "fix", l->fix);
	put_fact(t, "suppress", accept_line(&t->scratch, l));
	pool_empty(&t->scratch);
}

static bool is_kind(const struct run_finding *f, const char *id)
{
	return f->verdict != RUN_SUPPRESSED && strcmp(f->line.id, id) == 0;
}

static void put_kind(struct text *t, const char *id)
{
	const struct run *r = t->page.r;
	const struct explanation *e = explain_find(id);
	uint64_t reports = 0;
	size_t n = 0, told = 0;

	for (size_t i = 0; i < r->findings; i++)
		if (is_kind(&r->finding[i], id)) {
			n++;
			reports += r->finding[i].reports;
		}
	fprintf(t->page.f, "\n%s: %s\n  ", id, e ? e->title : "a finding that this version of fdguard does not know");
	page_counted(&t->page, n, "finding, ", "findings, ");
	page_counted(&t->page, reports, "report", "reports");
	fprintf(t->page.f, e ? "; what it means and how to mend it: fdguard explain %s\n" : "\n", id);
	for (size_t i = 0; i < r->findings; i++)
		if (is_kind(&r->finding[i], id) && (!t->top || told < t->top)) {
			put_finding(t, &r->finding[i]);
			told++;
		}
	if (n > told) {
		fputs("\n     and ", t->page.f);
		page_counted(&t->page, n - told, "more of these: ", "more of these: ");
		fputs("--top 0 tells all of them\n", t->page.f);
	}
}

struct kinds {
	const struct log_line *line[KINDS_MAX];
	size_t count;
};

/* The findings are sorted by weight: kinds come as their gravest do. */
static void find_kinds(const struct run *r, struct kinds *k)
{
	for (size_t i = 0; i < r->findings && k->count < KINDS_MAX; i++) {
		const struct run_finding *f = &r->finding[i];
		size_t n = 0;

		while (n < k->count && strcmp(k->line[n]->id, f->line.id) != 0)
			n++;
		if (n == k->count && f->verdict != RUN_SUPPRESSED)
			k->line[k->count++] = &f->line;
	}
}

/* Guard by guard. */
static void put_kinds(struct text *t)
{
	struct kinds k = { .count = 0 };
	bool done[KINDS_MAX] = { false };

	find_kinds(t->page.r, &k);
	for (size_t i = 0; i < k.count; i++)
		for (size_t n = i; n < k.count; n++)
			if (!done[n] && !done[i] && strcmp(k.line[n]->guard, k.line[i]->guard) == 0) {
				put_kind(t, k.line[n]->id);
				done[n] = n != i;
			}
}

static void put_headline(struct text *t)
{
	const struct report *p = t->p;
	FILE *f = t->page.f;
	uint64_t suppressed = 0;

	for (size_t i = 0; i < p->r.findings; i++)
		suppressed += p->r.finding[i].verdict == RUN_SUPPRESSED;
	fputs("fdguard report: ", f);
	page_counted(&t->page, p->r.findings - suppressed, "finding", "findings");
	fputs(" of ", f);
	page_counted(&t->page, p->processes, "process", "processes");
	fputs(" on ", f);
	page_counted(&t->page, p->host_count, "host", "hosts");
	fprintf(f, ", from %s to %s\n  read: ", report_when(&t->scratch, p->first), report_when(&t->scratch, p->last));
	page_counted(&t->page, p->lines, "line of ", "lines of ");
	page_counted(&t->page, p->files, "file", "files");
	if (p->bad) {
		fputs("; ", f);
		page_counted(&t->page, p->bad, "line is none of ours", "lines are none of ours");
	}
	fputc('\n', f);
	if (suppressed || p->below) {
		fputs("  left out: ", f);
		page_counted(&t->page, suppressed, "finding that is suppressed, ", "findings that are suppressed, ");
		page_counted(&t->page, p->below, "line below --level\n", "lines below --level\n");
	}
}

static void put_coverage(struct text *t)
{
	const struct report *p = t->p;
	uint64_t guarded = 0, unguarded = 0, lost = 0;

	for (size_t i = 0; i < p->images; i++) {
		guarded += p->image[i].kind == IMAGE_GUARDED;
		unguarded += p->image[i].kind == IMAGE_UNCOVERED;
		lost += p->image[i].lost;
	}
	fputs("\nCovered: ", t->page.f);
	page_counted(&t->page, guarded, "program ran guarded, ", "programs ran guarded, ");
	page_number(&t->page, unguarded);
	fputs(" did not", t->page.f);
	if (!p->lines)
		fputs(" (no line was read: a run with --json writes one for each program that it guards, so none was; fdguard scan writes findings alone, and tells by its exit status that it looked and found nothing)", t->page.f);
	if (lost) {
		fputs("; ", t->page.f);
		page_counted(&t->page, lost, "finding could not be written to a log", "findings could not be written to a log");
	}
	fputc('\n', t->page.f);
}

static void put_files(struct text *t)
{
	const struct report *p = t->p;
	size_t shown = 0, wrong = 0;

	for (size_t i = 0; i < p->files; i++) {
		const struct report_file *f = &p->file[i];

		if (!f->problem && !f->bad)
			continue;
		wrong++;
		if (shown++ >= FILES_SHOWN)
			continue;
		fputs(shown == 1 ? "\nNot all could be read:\n  " : "  ", t->page.f);
		page_text(&t->page, f->path);
		fputs(f->problem ? " " : "", t->page.f);
		page_text(&t->page, f->problem ? f->problem : "");
		for (size_t k = 0; k < f->bad && k < REPORT_BAD_SHOWN; k++) {
			fputs(k ? "; " : ": ", t->page.f);
			page_text(&t->page, f->why[k]);
		}
		if (f->bad > REPORT_BAD_SHOWN)
			fprintf(t->page.f, "; and %llu more lines that are none of ours", (unsigned long long)(f->bad - REPORT_BAD_SHOWN));
		fputc('\n', t->page.f);
	}
	if (wrong > FILES_SHOWN)
		fprintf(t->page.f, "  and %zu more files\n", wrong - FILES_SHOWN);
}

void report_text_write(const struct report *p, size_t top, FILE *f)
{
	struct text t = { .page = { &p->r, p->sources, f }, .p = p, .top = top };

	put_headline(&t);
	put_kinds(&t);
	if (p->r.more_findings) {
		fputs("\nThere were more different findings than report keeps apart: ", f);
		page_counted(&t.page, p->r.more_findings, "further report is in the logs alone\n", "further reports are in the logs alone\n");
	}
	put_coverage(&t);
	put_files(&t);
	for (size_t i = 0; i < 20 && sources_missing(p->sources, i); i++)
		fprintf(f, "Note: %s\n", sources_missing(p->sources, i));
	pool_free(&t.scratch);
}
