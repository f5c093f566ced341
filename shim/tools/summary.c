// SPDX-License-Identifier: MIT
#include "tools/summary.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "report/line.h"
#include "tools/accept.h"
#include "tools/meant.h"
#include "tools/page.h"
#include "tools/plain.h"

#define FINDINGS_SHOWN 50
#define LINES_SHOWN 20
#define COMMAND_SHOWN 200 /* bytes */

static void put_command(const struct page *p)
{
	char shown[9];
	size_t n = 0;

	for (size_t i = 0; p->r->argv[i]; i++) {
		const char *s = p->r->argv[i];

		if (i && n++ < COMMAND_SHOWN)
			fputc(' ', p->f);
		while (*s) {
			plain_next(&s, shown);
			n += strlen(shown);
			if (n > COMMAND_SHOWN) {
				fputs("…", p->f);
				return;
			}
			fputs(shown, p->f);
		}
	}
}

static size_t count_failing(const struct run *r, bool uncovered)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings; i++)
		n += r->finding[i].fails && run_is_uncovered(&r->finding[i]) == uncovered;
	return n;
}

static uint64_t count_verdict(const struct run *r, enum run_verdict verdict)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->findings; i++)
		n += r->finding[i].verdict == verdict;
	return n;
}

static const char *signal_name(int signal)
{
	static char text[32];
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(text, sizeof(text), "SIG%s", name);
	else
		snprintf(text, sizeof(text), "signal %d", signal);
	return text;
}

static const char *why_zero(const struct run *r)
{
	return r->no_exit_code ? ", the command's, because of --no-exitcode" : ", because of --exitcode 0";
}

static void put_time(const struct page *p, int64_t ms)
{
	if (ms % 1000)
		fprintf(p->f, "%lld ms", (long long)ms);
	else
		fprintf(p->f, "%lld s", (long long)(ms / 1000));
}

static bool any_uncovered(const struct run *r)
{
	for (size_t i = 0; i < r->findings; i++)
		if (run_is_uncovered(&r->finding[i]))
			return true;
	return false;
}

/* How the command ended, where that says something. */
static void put_outcome(const struct page *p)
{
	const struct run *r = p->r;
	bool never = !r->images && !any_uncovered(r) && (r->cmd_status == 126 || r->cmd_status == 127);

	if (r->timed_out) {
		fputs("not done after ", p->f);
		put_time(p, r->max_time_ms);
		fputs(" (--max-time); ", p->f);
		return;
	}
	if (r->cmd_status != 0 && r->cmd_status != 128 + r->interrupted) {
		fprintf(p->f, never ? "the command could not be started (%d)" : "the command exited with %d", r->cmd_status);
		if (r->cmd_status > 128 && r->cmd_status < 128 + 65)
			fprintf(p->f, " (killed by %s)", signal_name(r->cmd_status - 128));
		fputs("; ", p->f);
	}
	if (r->interrupted)
		fprintf(p->f, "interrupted by %s; ", signal_name(r->interrupted));
}

static void put_headline(const struct page *p)
{
	const struct run *r = p->r;
	size_t failing = count_failing(r, false), uncovered = count_failing(r, true);
	bool failed = r->exit_status != 0 || r->timed_out || r->problems;

	fprintf(p->f, "fdguard check: %s: ", failed ? "FAILED" : "passed");
	put_outcome(p);
	if (failing || !r->update.accepted)
		page_counted(p, failing, "finding", "findings");
	if (r->update.accepted) {
		fputs(failing ? ", " : "", p->f);
		page_counted(p, r->update.accepted, failing ? "other taken into the baseline" : "finding, taken into the baseline", failing ? "others taken into the baseline" : "findings, taken into the baseline");
	}
	if (uncovered) {
		fputs(", ", p->f);
		page_counted(p, uncovered, "program ran unguarded", "programs ran unguarded");
	}
	if (r->problems)
		fputs(", the evidence is not complete", p->f);
	if (r->unwrittens)
		fputs(", a result could not be written", p->f);
	fprintf(p->f, " (exit status %d%s)\n  command: ", r->exit_status, r->exit_status == 0 && (failed || failing || uncovered) ? why_zero(r) : "");
	put_command(p);
	fputc('\n', p->f);
}

static void put_update(const struct page *p)
{
	struct pool scratch = { 0 };

	if (!p->r->update.done)
		return;
	fputs("Baseline ", p->f);
	page_text(p, p->r->o.baseline);
	fputs(": ", p->f);
	page_counted(p, p->r->update.entries, "entry", "entries");
	fprintf(p->f, ", %zu new, %zu gone", p->r->update.added, p->r->update.gone);
	if (p->r->update.changed)
		fprintf(p->f, ", %zu changed", p->r->update.changed);
	fputc('\n', p->f);
	for (size_t i = 0; i < p->r->update.vagues && i < LINES_SHOWN; i++) {
		fputs("Baseline: ", p->f);
		page_text(p, p->r->update.vague[i]);
		fputs(" has no symbols, so its entries are addresses, which change with each build: check it before it is stripped, or suppress it by object (", p->f);
		page_text(p, accept_object(&scratch, p->r->update.vague[i]));
		fputs(")\n", p->f);
	}
	pool_free(&scratch);
}

/* Nobody is to wonder why a new kind of leak passed. */
static void put_old_entries(const struct page *p)
{
	const struct run *r = p->r;

	if (!r->old_entries || r->update.done)
		return;
	fputs("Baseline ", p->f);
	page_text(p, r->o.baseline);
	fputs(": ", p->f);
	page_counted(p, r->old_entries, "entry has", "entries have");
	fputs(" no places=, as older versions wrote them, and let any kind of descriptor at any number of places of a function through: run once with --update-baseline\n", p->f);
}

static void put_failing(const struct page *p)
{
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < p->r->findings; i++) {
		if (!p->r->finding[i].fails)
			continue;
		all++;
		if (shown < FINDINGS_SHOWN)
			page_finding(p, &p->r->finding[i], ++shown);
	}
	if (all > shown) {
		fputs("\n     and ", p->f);
		page_counted(p, all - shown, "more", "more");
		fputs(" of other places: --json or --out DIR has all of them\n", p->f);
	}
	if (p->r->more_findings) {
		fputs("\n     There were more different findings than check keeps apart: ", p->f);
		page_counted(p, p->r->more_findings, "further report is", "further reports are");
		fputs(" in the log alone\n", p->f);
	}
}

static void put_sentences(const struct page *p, const char *title, const char *const *sentence, size_t n)
{
	if (n)
		fprintf(p->f, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		fputs("  ", p->f);
		page_text(p, sentence[i]);
		fputc('\n', p->f);
	}
}

static void put_stuck(const struct page *p, bool ended)
{
	bool any = false;

	for (size_t i = 0; i < p->r->stucks; i++) {
		const struct run_stuck *k = &p->r->stuck[i];

		if (k->ended != ended)
			continue;
		if (!any)
			fputs(ended ? "\nEnded by check (TERM, then KILL), and where each was:\n" : "\nStill running when check stopped waiting, and left alone:\n", p->f);
		any = true;
		fprintf(p->f, "  pid %lld, ", (long long)k->pid);
		page_text(p, *k->command ? k->command : k->exe);
		fputs(": ", p->f);
		page_text(p, k->where);
		fputc('\n', p->f);
	}
}

static void put_coverage(const struct page *p)
{
	const struct run *r = p->r;
	size_t uncovered = 0;

	for (size_t i = 0; i < r->findings; i++)
		if (run_is_uncovered(&r->finding[i]))
			uncovered += r->finding[i].reports;
	fputs("\nCovered: ", p->f);
	page_counted(p, r->images + r->more_images, "program ran guarded, ", "programs ran guarded, ");
	page_number(p, uncovered);
	fputs(" did not", p->f);
	if (r->unended) {
		fputs("; ", p->f);
		page_counted(p, r->unended, "had no proper end (killed, still running, or ended past the C library): what it did last is not known", "had no proper end (killed, still running, or ended past the C library): what they did last is not known");
	}
	if (r->elsewhere) {
		fputs("; ", p->f);
		page_counted(p, r->elsewhere, "was given options of its own and reports elsewhere", "were given options of their own and report elsewhere");
	}
	fputc('\n', p->f);
	if (r->caller_fds) {
		fputs("Left out: ", p->f);
		page_counted(p, r->caller_fds, "descriptor that check itself was started with\n", "descriptors that check itself was started with\n");
	}
	for (size_t i = 0; i < r->drivers; i++) {
		fputs("Left out: ", p->f);
		page_counted(p, r->driver[i].reports, "report", "reports");
		fprintf(p->f, " of what %s itself leaks into each test: %s\n", r->driver[i].program, r->driver[i].what);
	}
}

/* Why places have no source lines. The sentences are plain already. */
static void put_missing(const struct page *p)
{
	const char *sentence;

	for (size_t i = 0; i < LINES_SHOWN && (sentence = sources_missing(p->s, i)); i++)
		fprintf(p->f, "Note: %s\n", sentence);
}

static uint64_t count_below(const struct run *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->findings; i++)
		n += r->finding[i].verdict == RUN_NEW && !r->finding[i].fails;
	return n;
}

static void put_let_through(const struct page *p)
{
	const struct run *r = p->r;
	const struct { uint64_t n; const char *one, *many; } parts[] = {
		{ count_verdict(r, RUN_BASELINED), "is in the baseline", "are in the baseline" },
		{ count_verdict(r, RUN_SUPPRESSED), "is suppressed", "are suppressed" },
		{ count_verdict(r, RUN_FIXED), "was fixed by fdguard", "were fixed by fdguard" },
		{ count_below(r), "is below --fail-on", "are below --fail-on" },
	};
	const char *before = "Let through: ";

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].n)
			continue;
		fputs(before, p->f);
		page_number(p, parts[i].n);
		fprintf(p->f, " %s%s", *before == ',' ? "" : parts[i].n == 1 ? "finding " : "findings ", parts[i].n == 1 ? parts[i].one : parts[i].many);
		before = ", ";
	}
	if (*before == ',')
		fputs(" (--json or --out DIR has them)\n", p->f);
}

static void put_stale(const struct page *p, const char *what, const char *file, const struct run_stale *stale, size_t n)
{
	if (!n)
		return;
	fprintf(p->f, "Matched nothing in the %s ", what);
	page_text(p, file);
	fprintf(p->f, ": take %s out, unless the command ran less than it does as a rule\n", n == 1 ? "this line" : "these lines");
	for (size_t i = 0; i < n && i < LINES_SHOWN; i++) {
		fprintf(p->f, "  line %u: ", stale[i].line);
		page_text(p, stale[i].text);
		fputc('\n', p->f);
	}
	if (n > LINES_SHOWN)
		fprintf(p->f, "  and %zu more\n", n - LINES_SHOWN);
}

static void put_open(const struct page *p)
{
	const struct run *r = p->r;

	if (!r->o.leaks)
		return;
	if (r->opens)
		fputs("\nStill open when programs ended, by place (no finding, an exit closes them):\n", p->f);
	else if (!r->unended) /* what did not tell is listed below */
		fputs("\nNothing was still open when programs ended.\n", p->f);
	for (size_t i = 0; i < r->opens && i < LINES_SHOWN; i++) {
		const struct run_open *o = &r->open[i];

		fputs("  ", p->f);
		page_number(p, o->count);
		fputs(" x ", p->f);
		page_text(p, o->kind);
		fputs(", made at ", p->f);
		if (o->made.object)
			sources_put_frame(p->s, &o->made, p->f);
		else
			fputs("a place that we did not see", p->f);
		fputs(", in ", p->f);
		page_text(p, o->exe);
		if (o->images > 1)
			fprintf(p->f, " (added up over %llu runs of it)", (unsigned long long)o->images);
		fputc('\n', p->f);
	}
	if (r->opens > LINES_SHOWN || r->more_opens)
		fputs("  and others: --json or --out DIR has the list\n", p->f);
}

/* What to do with it; for a program that ran unguarded there is no baseline. */
static void put_next(const struct page *p)
{
	bool findings = count_failing(p->r, false) > 0;

	if (!findings && !count_failing(p->r, true))
		return;
	fputs("Next: fdguard explain ", p->f);
	page_text(p, p->r->finding[0].line.id);
	fputs(" tells how to mend it. To let it through: its line behind \"suppress:\", in a file for --set suppressions=FILE", p->f);
	fputs(findings ? "; or --baseline FILE --update-baseline, for all that is there today.\n" : ".\n", p->f);
}

void summary_write(const struct run *r, const struct sources *s, FILE *f)
{
	struct page p = { r, s, f };

	put_headline(&p);
	put_sentences(&p, "Could not be written", r->unwritten, r->unwrittens);
	put_failing(&p);
	put_sentences(&p, "What this run cannot vouch for", r->problem, r->problems);
	put_stuck(&p, true);
	put_stuck(&p, false);
	put_open(&p);
	meant_put(&p);
	put_coverage(&p);
	put_missing(&p);
	put_let_through(&p);
	put_update(&p);
	put_old_entries(&p);
	put_stale(&p, "suppressions file", r->o.suppressions ? r->o.suppressions : "", r->stale_suppression, r->stale_suppressions);
	put_stale(&p, "baseline", r->o.baseline ? r->o.baseline : "", r->stale_baseline, r->stale_baselines);
	put_next(&p);
}
