// SPDX-License-Identifier: MIT
#include "tools/summary.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "report/line.h"
#include "tools/plain.h"

#define FINDINGS_SHOWN 50
#define LINES_SHOWN 20
#define COMMAND_SHOWN 200 /* bytes */

struct page {
	const struct run *r;
	const struct sources *s;
	FILE *f;
};

static void text(const struct page *p, const char *s)
{
	plain_put(p->f, s);
}

/* 1,100 */
static void number(const struct page *p, uint64_t n)
{
	char digits[40];
	struct fdg_buf b = FDG_BUF(digits);

	fdg_put_count(&b, n);
	fputs(digits, p->f);
}

/* "3 things" */
static void counted(const struct page *p, uint64_t n, const char *one, const char *many)
{
	number(p, n);
	fprintf(p->f, " %s", n == 1 ? one : many);
}

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

static void put_headline(const struct page *p)
{
	const struct run *r = p->r;
	size_t failing = count_failing(r, false), uncovered = count_failing(r, true);
	const char *comma = "";

	bool failed = r->exit_status != 0 || r->timed_out || r->problems;

	fprintf(p->f, "fdguard check: %s: ", failed ? "FAILED" : "passed");
	if (r->cmd_status != 0 && !r->timed_out) {
		fprintf(p->f, "the command exited with %d", r->cmd_status);
		if (r->cmd_status > 128 && r->cmd_status < 128 + 65)
			fprintf(p->f, " (killed by %s)", signal_name(r->cmd_status - 128));
		comma = "; ";
	}
	if (r->timed_out) {
		fprintf(p->f, "not done after %lld ms", (long long)r->max_time_ms);
		comma = "; ";
	} else if (r->interrupted) {
		fprintf(p->f, "%sinterrupted by %s", comma, signal_name(r->interrupted));
		comma = "; ";
	}
	fputs(comma, p->f);
	counted(p, failing, "finding", "findings");
	if (uncovered) {
		fputs(", ", p->f);
		counted(p, uncovered, "program ran unguarded", "programs ran unguarded");
	}
	if (r->problems)
		fputs(", the evidence is not complete", p->f);
	if (r->unwrittens)
		fputs(", a result could not be written", p->f);
	fprintf(p->f, " (exit status %d%s)\n  command: ", r->exit_status, failed && r->exit_status == 0 ? why_zero(r) : "");
	put_command(p);
	fputc('\n', p->f);
}

static void put_update(const struct page *p)
{
	if (!p->r->update.done)
		return;
	fputs("Baseline ", p->f);
	text(p, p->r->o.baseline);
	fputs(": ", p->f);
	counted(p, p->r->update.entries, "entry", "entries");
	fprintf(p->f, ", %zu new, %zu gone\n", p->r->update.added, p->r->update.gone);
}

static void put_frames(const struct page *p, const char *label, const struct log_frame *frame, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fprintf(p->f, "     %s ", label);
		sources_put_frame(p->s, &frame[i], p->f);
		fputc('\n', p->f);
		label = "  called from";
	}
}

static void put_seen(const struct page *p, const struct run_finding *f)
{
	if (f->reports + f->repeats == 1)
		return;
	fputs("     seen: ", p->f);
	counted(p, f->reports + f->repeats, "time", "times");
	fprintf(p->f, " in %s", f->processes == RUN_PIDS_MAX ? "at least " : "");
	counted(p, f->processes, "process", "processes");
	fputs(", pid", p->f);
	for (uint64_t i = 0; i < f->processes && i < 5; i++)
		fprintf(p->f, "%s %lld", i ? "," : "", (long long)f->pid[i]);
	fputs(f->processes > 5 ? ", …\n" : "\n", p->f);
}

/* "started at" is what the act of a leak is; see report/text.c. */
static const char *act_of(const struct log_line *l)
{
	return strncmp(l->id, "cloexec.", 8) == 0 ? "started at" : "at";
}

static void put_finding(const struct page *p, const struct run_finding *f, size_t n)
{
	const struct log_line *l = &f->line;
	const char *command = log_field(l, "command");

	fprintf(p->f, "\n%3zu. %s: ", n, fdg_level_word(l->level));
	text(p, l->message);
	fprintf(p->f, " [%s]\n", l->id);
	put_frames(p, "made at", l->created, l->createds);
	put_frames(p, act_of(l), l->site, l->sites);
	if (!l->sites && !l->createds) {
		fputs("     program: ", p->f);
		text(p, l->exe);
		fputc('\n', p->f);
	}
	if (command && *command) {
		fputs("     command: ", p->f);
		text(p, command);
		fputc('\n', p->f);
	}
	put_seen(p, f);
	if (l->fix) {
		fputs("     fix: ", p->f);
		text(p, l->fix);
		fputc('\n', p->f);
	}
}

static void put_failing(const struct page *p)
{
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < p->r->findings; i++) {
		if (!p->r->finding[i].fails)
			continue;
		all++;
		if (shown < FINDINGS_SHOWN)
			put_finding(p, &p->r->finding[i], ++shown);
	}
	if (all > shown) {
		fputs("\n     and ", p->f);
		counted(p, all - shown, "more", "more");
		fputs(" of other places: --json or --out DIR has all of them\n", p->f);
	}
	if (p->r->more_findings) {
		fputs("\n     There were more different findings than check keeps apart: ", p->f);
		counted(p, p->r->more_findings, "further report is", "further reports are");
		fputs(" in the log alone\n", p->f);
	}
}

static void put_sentences(const struct page *p, const char *title, const char *const *sentence, size_t n)
{
	if (n)
		fprintf(p->f, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		fputs("  ", p->f);
		text(p, sentence[i]);
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
		text(p, *k->command ? k->command : k->exe);
		fputs(": ", p->f);
		text(p, k->where);
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
	counted(p, r->images + r->more_images, "program image ran guarded, ", "program images ran guarded, ");
	number(p, uncovered);
	fputs(" did not", p->f);
	if (r->unended) {
		fputs("; ", p->f);
		counted(p, r->unended, "had no proper end (killed, or still running)", "had no proper end (killed, or still running)");
	}
	if (r->elsewhere) {
		fputs("; ", p->f);
		counted(p, r->elsewhere, "was given options of its own and reports elsewhere", "were given options of their own and report elsewhere");
	}
	fputc('\n', p->f);
	if (r->caller_fds) {
		fputs("Left out: ", p->f);
		counted(p, r->caller_fds, "descriptor that check itself was started with\n", "descriptors that check itself was started with\n");
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
		counted(p, parts[i].n, parts[i].one, parts[i].many);
		before = ", ";
	}
	if (*before == ',')
		fputc('\n', p->f);
}

static void put_stale(const struct page *p, const char *what, const char *file, const struct run_stale *stale, size_t n)
{
	if (!n)
		return;
	fprintf(p->f, "Matched nothing, in the %s ", what);
	text(p, file);
	fputs(":\n", p->f);
	for (size_t i = 0; i < n && i < LINES_SHOWN; i++) {
		fprintf(p->f, "  line %u: ", stale[i].line);
		text(p, stale[i].text);
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
		number(p, o->count);
		fputs(" x ", p->f);
		text(p, o->kind);
		fputs(", made at ", p->f);
		if (o->made.object)
			sources_put_frame(p->s, &o->made, p->f);
		else
			fputs("a place that we did not see", p->f);
		fputs(", in ", p->f);
		text(p, o->exe);
		if (o->images > 1)
			fprintf(p->f, " (%llu times)", (unsigned long long)o->images);
		fputc('\n', p->f);
	}
	if (r->opens > LINES_SHOWN || r->more_opens)
		fputs("  and others: --json or --out DIR has the list\n", p->f);
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
	put_coverage(&p);
	put_missing(&p);
	put_let_through(&p);
	put_update(&p);
	put_stale(&p, "suppressions file", r->o.suppressions ? r->o.suppressions : "", r->stale_suppression, r->stale_suppressions);
	put_stale(&p, "baseline", r->o.baseline ? r->o.baseline : "", r->stale_baseline, r->stale_baselines);
	if (count_failing(r, false))
		fprintf(f, "fdguard explain %s says more; --update-baseline or a suppressions file lets known findings through.\n", r->finding[0].line.id);
}
