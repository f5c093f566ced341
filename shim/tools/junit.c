// SPDX-License-Identifier: MIT
/*
 * JUnit XML, as Jenkins' junit-10.xsd has it. One suite:
 *   - "fdguard.run": did CMD succeed, is the run a proof;
 *   - for each finding a case whose name is its fingerprint, which is the same in every build: it fails, is skipped (suppressed, in the baseline), or passes (fixed, or
 *     below --fail-on);
 *   - for each ID of a guard that is built and did not occur a case that passes, so that a green report shows what was looked for.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/line.h"
#include "tools/accept.h"
#include "tools/explain.h"
#include "tools/facts.h"
#include "tools/formats.h"
#include "tools/places.h"
#include "tools/plain.h"

struct counts {
	uint64_t tests, failures, errors, skipped;
};

static void put_xml(FILE *f, const char *s)
{
	char text[9];

	while (*s) {
		plain_next(&s, text);
		switch (text[1] ? '\0' : text[0]) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		case '\'': fputs("&apos;", f); break;
		default: fputs(text, f);
		}
	}
}

static void put_attribute(FILE *f, const char *name, const char *value)
{
	fprintf(f, " %s=\"", name);
	put_xml(f, value);
	fputc('"', f);
}

static void put_property(FILE *f, const char *name, const char *value)
{
	fputs("      <property", f);
	put_attribute(f, "name", name);
	put_attribute(f, "value", value);
	fputs("/>\n", f);
}

static void put_number_property(FILE *f, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put_property(f, name, text);
}

static void begin_case(FILE *f, const char *class_part, const char *name)
{
	fputs("    <testcase classname=\"fdguard.", f);
	put_xml(f, class_part);
	fputc('"', f);
	put_attribute(f, "name", name);
}

static void pass(FILE *f, const char *class_part, const char *name)
{
	begin_case(f, class_part, name);
	fputs("/>\n", f);
}

static void begin_outcome(FILE *f, const char *element, const char *type, const char *message)
{
	fprintf(f, ">\n      <%s", element);
	put_attribute(f, "type", type);
	put_attribute(f, "message", message);
	fputc('>', f);
}

static void end_outcome(FILE *f, const char *element)
{
	fprintf(f, "</%s>\n    </testcase>\n", element);
}

/* ---- findings ---- */

static void put_fact(FILE *f, const char *label, const char *value)
{
	if (!value)
		return;
	fprintf(f, "\n%s: ", label);
	put_xml(f, value);
}

static void put_frames(FILE *f, const struct sources *s, const char *label, const struct log_frame *frame, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char *text = NULL;
		size_t size;
		FILE *memory = open_memstream(&text, &size);

		if (!memory)
			return;
		sources_put_frame(s, &frame[i], memory);
		fclose(memory);
		put_fact(f, i ? "  called from" : label, text);
		free(text);
	}
}

/* Without the command line: it may hold a secret, and reports have many readers. */
static void put_facts(FILE *f, struct pool *scratch, const struct log_line *l)
{
	struct fact fact[FACTS_MAX];
	size_t n = facts_of(scratch, l, fact);

	for (size_t i = 0; i < n; i++)
		if (strcmp(fact[i].label, "command") != 0)
			put_fact(f, fact[i].label, fact[i].text);
}

static void put_story(FILE *f, const struct sources *s, const struct run_finding *finding)
{
	const struct log_line *l = &finding->line;
	struct pool scratch = { 0 };
	struct source_spot spot;

	sources_spot(s, finding, &spot);
	fprintf(f, "%s: ", fdg_level_word(l->level));
	put_xml(f, l->message);
	fputs(" [", f);
	put_xml(f, l->id);
	fputc(']', f);
	if (spot.exact) {
		fputs("\nsource: ", f);
		put_xml(f, spot.path);
		fprintf(f, ":%u", spot.line);
	}
	put_fact(f, "new", finding->excess);
	put_fact(f, "program", l->exe);
	put_frames(f, s, places_act(l), l->site, l->sites);
	put_frames(f, s, "made at", l->created, l->createds);
	for (size_t i = 1; i < finding->places; i++)
		put_frames(f, s, "and at", &finding->place[i].frame, 1);
	put_facts(f, &scratch, l);
	fprintf(f, "\nreports: %" PRIu64 " in %" PRIu64 " process%s, first in pid %" PRId64, finding->reports, finding->processes,
		finding->processes == 1 ? "" : "es", l->pid);
	put_fact(f, "fix", l->fix);
	put_fact(f, "suppress", accept_line(&scratch, l));
	if (explain_find(l->id))
		fprintf(f, "\nmore: fdguard explain %s", l->id);
	fputc('\n', f);
	pool_free(&scratch);
}

static void put_skipped(FILE *f, const struct run_finding *finding)
{
	char why[64];

	if (finding->verdict == RUN_SUPPRESSED)
		snprintf(why, sizeof(why), "suppressed by line %u", finding->suppression);
	else
		snprintf(why, sizeof(why), "in the baseline");
	begin_outcome(f, "skipped", finding->line.id, why);
	put_xml(f, finding->line.message);
	end_outcome(f, "skipped");
}

static bool is_skipped(const struct run_finding *f)
{
	return !f->fails && (f->verdict == RUN_SUPPRESSED || f->verdict == RUN_BASELINED);
}

static void put_finding(FILE *f, const struct sources *s, const struct run_finding *finding)
{
	begin_case(f, finding->line.guard, finding->fingerprint);
	if (finding->fails) {
		begin_outcome(f, "failure", finding->line.id, finding->line.message);
		put_story(f, s, finding);
		end_outcome(f, "failure");
	} else if (is_skipped(finding)) {
		put_skipped(f, finding);
	} else {
		fputs(">\n      <system-out>", f);
		put_story(f, s, finding);
		end_outcome(f, "system-out");
	}
}

static bool occurs(const struct run *r, const char *id)
{
	for (size_t i = 0; i < r->findings; i++)
		if (strcmp(r->finding[i].line.id, id) == 0)
			return true;
	return false;
}

static uint64_t put_absent(FILE *f, const struct run *r)
{
	const struct explanation *e;
	uint64_t n = 0;

	for (size_t i = 0; (e = explain_at(i)); i++) {
		if (!e->built || occurs(r, e->id))
			continue;
		n++;
		if (f)
			pass(f, e->guard, e->id);
	}
	return n;
}

/* ---- the run ---- */

static bool command_failed(const struct run *r)
{
	return r->cmd_status != 0 || r->timed_out || r->interrupted;
}

static void put_command(FILE *f, const struct run *r)
{
	char what[96];

	if (!command_failed(r)) {
		pass(f, "run", "command");
		return;
	}
	snprintf(what, sizeof(what), r->timed_out ? "ended by --max-time" : r->interrupted ? "interrupted" : "exit status %d", r->cmd_status);
	begin_case(f, "run", "command");
	begin_outcome(f, "failure", "status", what);
	for (size_t i = 0; r->argv && r->argv[i]; i++) {
		fputs(i ? " " : "", f);
		put_xml(f, r->argv[i]);
	}
	for (size_t i = 0; i < r->stucks; i++) {
		fprintf(f, "\nstill there: pid %" PRId64 " ", r->stuck[i].pid);
		put_xml(f, r->stuck[i].command);
		fputs(", ", f);
		put_xml(f, r->stuck[i].where);
	}
	fputc('\n', f);
	end_outcome(f, "failure");
}

static void put_proof(FILE *f, const struct run *r)
{
	if (r->problems == 0) {
		pass(f, "run", "log");
		return;
	}
	begin_case(f, "run", "log");
	begin_outcome(f, "error", "no-proof", r->problem[0]);
	for (size_t i = 0; i < r->problems; i++) {
		put_xml(f, r->problem[i]);
		fputc('\n', f);
	}
	end_outcome(f, "error");
}

static struct counts count(const struct run *r)
{
	struct counts c = {
		.tests = r->findings + put_absent(NULL, r) + 2,
		.failures = command_failed(r),
		.errors = r->problems > 0,
	};

	for (size_t i = 0; i < r->findings; i++) {
		c.failures += r->finding[i].fails;
		c.skipped += is_skipped(&r->finding[i]);
	}
	return c;
}

static void put_counts(FILE *f, const struct run *r, const struct counts *c)
{
	fprintf(f, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\"", c->tests, c->failures, c->errors);
	fprintf(f, " time=\"%" PRId64 ".%03d\"", r->lasted_ms / 1000, (int)(r->lasted_ms % 1000));
}

void junit_write(const struct run *r, const struct sources *s, FILE *f)
{
	struct counts c = count(r);

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"fdguard\"", f);
	put_counts(f, r, &c);
	fputs(">\n  <testsuite name=\"fdguard\"", f);
	put_counts(f, r, &c);
	fprintf(f, " skipped=\"%" PRIu64 "\"", c.skipped);
	if (r->started)
		put_attribute(f, "timestamp", r->started);
	fputs(">\n    <properties>\n", f);
	put_property(f, "fdguard.version", FDGUARD_VERSION);
	put_property(f, "fdguard.fail-on", fdg_level_word(r->o.fail_on));
	put_number_property(f, "fdguard.exit-status", r->exit_status);
	put_number_property(f, "fdguard.images", (int64_t)r->images);
	fputs("    </properties>\n", f);
	put_command(f, r);
	put_proof(f, r);
	for (size_t i = 0; i < r->findings; i++)
		put_finding(f, s, &r->finding[i]);
	put_absent(f, r);
	fputs("  </testsuite>\n</testsuites>\n", f);
}
