// SPDX-License-Identifier: MIT
#include <string.h>

#include "report/line.h"
#include "tools/accept.h"
#include "tools/facts.h"
#include "tools/page.h"
#include "tools/places.h"

#define PLACES_SHOWN 20
#define PIDS_SHOWN 5

static void put_frames(const struct page *p, const char *label, const struct log_frame *frame, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fprintf(p->f, "     %s ", label);
		sources_put_frame(p->s, &frame[i], p->f);
		fputc('\n', p->f);
		label = "  called from";
	}
}

static void put_fact(const struct page *p, const char *label, const char *value)
{
	fprintf(p->f, "     %s: ", label);
	page_text(p, value);
	fputc('\n', p->f);
}

/* What a time is: as a rule a process tells a place once, and counts on. */
static void put_times(const struct page *p, const struct run_finding *f)
{
	if (f->reports + f->repeats == 1)
		return;
	fputs("     seen: ", p->f);
	page_counted(p, f->reports, "time", "times");
	fprintf(p->f, " in %s", f->processes == RUN_PIDS_MAX ? "at least " : "");
	page_counted(p, f->processes, "process", "processes");
	fputs(f->again ? " (a process reports a place again when there is more of it, or another peer; above is the report with the highest count" : " (a process reports a place once", p->f);
	if (f->repeats) {
		fputs(", and counted ", p->f);
		page_counted(p, f->repeats, "repeat", "repeats");
	}
	fputs("): pid", p->f);
	for (uint64_t i = 0; i < f->processes && i < PIDS_SHOWN; i++)
		fprintf(p->f, "%s %lld", i ? "," : "", (long long)f->pid[i]);
	fputs(f->processes > PIDS_SHOWN ? ", …\n" : "\n", p->f);
}

/* The lines that share the sentence above. */
static void put_places(const struct page *p, const struct run_finding *f)
{
	if (f->places < 2)
		return;
	fputs(places_frame(&f->line) == f->line.created ? "     made at " : "     done at ", p->f);
	page_number(p, f->places);
	fputs(" places of one function:\n", p->f);
	for (size_t i = 0; i < f->places && i < PLACES_SHOWN; i++) {
		fputs("       ", p->f);
		sources_put_frame(p->s, &f->place[i].frame, p->f);
		fputs(", ", p->f);
		page_counted(p, f->place[i].reports, "time", "times");
		if (f->place[i].most > 1) {
			fputs(", with ", p->f);
			page_number(p, f->place[i].most);
			fputs(" descriptors at most", p->f);
		}
		fputc('\n', p->f);
	}
	if (f->places > PLACES_SHOWN)
		fprintf(p->f, "       and %zu more: --json or --out DIR has all of them\n", f->places - PLACES_SHOWN);
}

static void put_facts(const struct page *p, struct pool *scratch, const struct log_line *l)
{
	struct fact fact[FACTS_MAX];
	size_t n = facts_of(scratch, l, fact);

	for (size_t i = 0; i < n; i++)
		if (fact[i].place.object)
			put_frames(p, pool_format(scratch, "%s:", fact[i].label), &fact[i].place, 1);
		else
			put_fact(p, fact[i].label, fact[i].text);
}

/* What is to be mended comes first. */
static void put_both(const struct page *p, const struct log_line *l)
{
	if (places_frame(l) != l->created)
		put_frames(p, places_act(l), l->site, l->sites);
	put_frames(p, "made at", l->created, l->createds);
	if (places_frame(l) == l->created)
		put_frames(p, places_act(l), l->site, l->sites);
}

void page_finding(const struct page *p, const struct run_finding *f, size_t n)
{
	const struct log_line *l = &f->line;
	struct pool scratch = { 0 };

	fprintf(p->f, "\n%3zu. %s: ", n, fdg_level_word(l->level));
	page_text(p, l->message);
	fprintf(p->f, " [%s]\n", l->id);
	if (f->excess)
		put_fact(p, "new", f->excess);
	put_both(p, l);
	if (!l->sites && !l->createds)
		put_fact(p, "program", l->exe);
	put_places(p, f);
	put_facts(p, &scratch, l);
	put_times(p, f);
	if (l->fix)
		put_fact(p, "fix", l->fix);
	put_fact(p, "suppress", accept_line(&scratch, l));
	pool_free(&scratch);
}
