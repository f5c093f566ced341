// SPDX-License-Identifier: MIT
/*
 * SARIF 2.1.0. Code scanning wants for each result a physical location with a path of the repository; the line is the one where the source is to be mended,
 * or line 1 of a file that the repository is sure to have, where none is known. What does not lie in the repository is told in stacks. The command line is left out:
 * alerts have more readers than logs, and command lines hold secrets.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/line.h"
#include "tools/formats.h"
#include "tools/jsonout.h"
#include "tools/places.h"
#include "tools/sarif.h"

#define RESULTS_MAX 5000 /* the forge shows no more */
#define BASE "%SRCROOT%"

struct sarif {
	struct jsonout j;
	const struct run *r;
	const struct sources *s;
	const char *rule[FDG_FINDING_COUNT + 16]; /* IDs, in the order of the rules */
	size_t rules;
};

static bool is_result(const struct run_finding *f)
{
	return f->verdict != RUN_SUPPRESSED;
}

/* The number of an ID's rule; a new one if there is none yet. Where a log has more IDs than any version of ours knows, those have no rule. */
static size_t rule_of(struct sarif *t, const char *id)
{
	for (size_t i = 0; i < t->rules; i++)
		if (strcmp(t->rule[i], id) == 0)
			return i;
	if (t->rules == sizeof(t->rule) / sizeof(*t->rule))
		return t->rules - 1;
	t->rule[t->rules] = id;
	return t->rules++;
}

/* ---- texts and paths ---- */

/* A consumer reads [text](target) in a message as a link, and {0} as an argument: what a program put there shall be neither. */
static void put_foreign_message(struct jsonout *j, const char *name, const char *text)
{
	char *safe = malloc(strlen(text) * 2 + 1), *p = safe;

	for (const char *s = text; safe && *s; s++) {
		*p++ = *s;
		if ((s[0] == ']' && s[1] == '(') || (s[0] == '{' && isdigit((unsigned char)s[1])))
			*p++ = ' ';
	}
	if (safe)
		*p = '\0';
	sarif_put_message(j, name, safe ? safe : "");
	free(safe);
}

/* Percent-encoded; on the heap. */
static char *uri_of(const char *before, const char *path, const char *after)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	fputs(before, f);
	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		fprintf(f, isalnum(*p) || strchr("-._~/", *p) ? "%c" : "%%%02X", *p);
	fputs(after, f);
	fclose(f);
	return text;
}

static void put_physical(struct sarif *t, const char *path, unsigned line)
{
	struct jsonout *j = &t->j;
	char *uri = uri_of("", path, "");

	jsonout_object(j, "physicalLocation");
	jsonout_object(j, "artifactLocation");
	jsonout_string(j, "uri", uri);
	jsonout_string(j, "uriBaseId", BASE);
	jsonout_end_object(j);
	jsonout_object(j, "region");
	jsonout_number(j, "startLine", line);
	jsonout_end_object(j);
	jsonout_end_object(j);
	free(uri);
}

static void put_logical(struct sarif *t, const struct log_frame *frame, const char *function)
{
	struct jsonout *j = &t->j;
	const char *plus = frame && frame->symbol ? strrchr(frame->symbol, '+') : NULL;
	char *name = plus ? strndup(frame->symbol, (size_t)(plus - frame->symbol)) : NULL;

	if (function || name) {
		jsonout_array(j, "logicalLocations");
		jsonout_object(j, NULL);
		jsonout_string(j, "fullyQualifiedName", function ? function : name);
		jsonout_string(j, "decoratedName", name);
		jsonout_string(j, "kind", "function");
		jsonout_end_object(j);
		jsonout_end_array(j);
	}
	free(name);
}

/* ---- the tool ---- */

static void put_tool(struct sarif *t)
{
	struct jsonout *j = &t->j;

	for (size_t i = 0; i < t->r->findings; i++)
		if (is_result(&t->r->finding[i]))
			rule_of(t, t->r->finding[i].line.id);
	jsonout_object(j, "tool");
	jsonout_object(j, "driver");
	jsonout_string(j, "name", "fdguard");
	jsonout_string(j, "version", FDGUARD_VERSION);
	jsonout_string(j, "semanticVersion", FDGUARD_VERSION);
	sarif_put_message(j, "fullDescription", "Watches what a program does with its sockets and file descriptors while it runs.");
	jsonout_array(j, "rules");
	for (size_t i = 0; i < t->rules; i++)
		sarif_put_rule(j, t->rule[i]);
	jsonout_end_array(j);
	jsonout_end_object(j);
	jsonout_end_object(j);
}

/* ---- results ---- */

static void put_locations(struct sarif *t, const struct source_spot *spot)
{
	struct jsonout *j = &t->j;

	jsonout_array(j, "locations");
	jsonout_object(j, NULL);
	put_physical(t, spot->path, spot->line);
	put_logical(t, spot->frame, spot->function);
	jsonout_end_object(j);
	jsonout_end_array(j);
}

static const char *label(const struct run_finding *f, bool created)
{
	if (created)
		return "made at";
	return places_act(&f->line);
}

/* The frames in the repository, other than the one that the result is shown at. */
static unsigned put_related_list(struct sarif *t, const struct log_frame *frame, unsigned frames, const char *word, unsigned n, const struct source_spot *spot)
{
	struct jsonout *j = &t->j;

	for (unsigned i = 0; i < frames; i++) {
		const struct source_line *l = NULL;
		unsigned lines = sources_lines(t->s, &frame[i], &l);

		for (unsigned k = 0; k < lines; k++) {
			if (!l[k].path || (l[k].path == spot->path && l[k].line == spot->line))
				continue;
			if (n == 0)
				jsonout_array(j, "relatedLocations");
			jsonout_object(j, NULL);
			jsonout_number(j, "id", ++n);
			put_physical(t, l[k].path, l[k].line);
			put_logical(t, &frame[i], l[k].function);
			sarif_put_message(j, "message", i || k ? "called from" : word);
			jsonout_end_object(j);
		}
	}
	return n;
}

static void put_related(struct sarif *t, const struct run_finding *f, const struct source_spot *spot)
{
	unsigned n = put_related_list(t, f->line.created, f->line.createds, label(f, true), 0, spot);

	n = put_related_list(t, f->line.site, f->line.sites, label(f, false), n, spot);
	for (size_t i = 1; i < f->places; i++)
		n = put_related_list(t, &f->place[i].frame, 1, "the same at", n, spot);
	if (n)
		jsonout_end_array(&t->j);
}

static void put_stack_frame(struct sarif *t, const struct log_frame *frame)
{
	struct jsonout *j = &t->j;

	jsonout_object(j, NULL);
	jsonout_string(j, "module", frame->object);
	jsonout_object(j, "location");
	if (frame->offset <= INT64_MAX) {
		jsonout_object(j, "physicalLocation");
		jsonout_object(j, "address");
		jsonout_number(j, "relativeAddress", (int64_t)frame->offset);
		jsonout_string(j, "kind", "instruction");
		jsonout_end_object(j);
		jsonout_end_object(j);
	}
	put_logical(t, frame, sources_function(t->s, frame));
	jsonout_end_object(j);
	jsonout_end_object(j);
}

static void put_stacks(struct sarif *t, const struct run_finding *f)
{
	struct jsonout *j = &t->j;

	if (!f->line.sites && !f->line.createds)
		return;
	jsonout_array(j, "stacks");
	for (int created = 0; created < 2; created++) {
		const struct log_frame *frame = created ? f->line.created : f->line.site;
		unsigned n = created ? f->line.createds : f->line.sites;

		if (!n)
			continue;
		jsonout_object(j, NULL);
		sarif_put_message(j, "message", label(f, created));
		jsonout_array(j, "frames");
		for (unsigned i = 0; i < n; i++)
			put_stack_frame(t, &frame[i]);
		jsonout_end_array(j);
		jsonout_end_object(j);
	}
	jsonout_end_array(j);
}

/* Code scanning matches alerts by primaryLocationLineHash, which it makes itself of the line's text. On a stand-in line all findings of a rule would be one. */
static void put_fingerprints(struct jsonout *j, const struct run_finding *f, bool exact)
{
	char hash[32];

	snprintf(hash, sizeof(hash), "%016" PRIx64, f->hash);
	jsonout_object(j, "partialFingerprints");
	jsonout_string(j, "fdguardFinding/v2", hash); /* v1 did not tell the kind of descriptor */
	if (!exact) {
		strcat(hash, ":1");
		jsonout_string(j, "primaryLocationLineHash", hash);
	}
	jsonout_end_object(j);
}

static void put_properties(struct sarif *t, const struct run_finding *f, const struct source_spot *spot)
{
	static const char *const verdicts[] = { [RUN_NEW] = "new", [RUN_FIXED] = "fixed", [RUN_BASELINED] = "baselined", [RUN_SUPPRESSED] = "suppressed" };
	struct jsonout *j = &t->j;
	const struct log_line *l = &f->line;

	jsonout_object(j, "properties");
	jsonout_string(j, "fingerprint", f->fingerprint);
	jsonout_string(j, "verdict", verdicts[f->verdict]);
	jsonout_bool(j, "fails", f->fails);
	jsonout_bool(j, "sourceLineKnown", spot->exact);
	jsonout_string(j, "program", l->exe);
	jsonout_number(j, "pid", l->pid);
	jsonout_number(j, "reports", (int64_t)f->reports);
	jsonout_number(j, "processes", (int64_t)f->processes);
	if (f->most)
		jsonout_number(j, "count", (int64_t)f->most);
	if (l->fd >= 0)
		jsonout_number(j, "fd", l->fd);
	if (l->age_ms >= 0)
		jsonout_number(j, "age_ms", l->age_ms);
	jsonout_string(j, "peer", l->peer);
	jsonout_string(j, "local", l->local);
	jsonout_string(j, "fix", l->fix);
	jsonout_string(j, "new", f->excess);
	jsonout_end_object(j);
}

static void put_result(struct sarif *t, const struct run_finding *f)
{
	struct jsonout *j = &t->j;
	size_t rule = rule_of(t, f->line.id);
	struct source_spot spot;

	sources_spot(t->s, f, &spot);
	jsonout_object(j, NULL);
	jsonout_string(j, "ruleId", f->line.id);
	if (strcmp(t->rule[rule], f->line.id) == 0)
		jsonout_number(j, "ruleIndex", (int64_t)rule);
	jsonout_string(j, "level", fdg_level_word(f->verdict == RUN_FIXED ? FDG_LEVEL_NOTE : f->line.level));
	put_foreign_message(j, "message", f->line.message);
	put_locations(t, &spot);
	put_related(t, f, &spot);
	put_stacks(t, f);
	put_fingerprints(j, f, spot.exact);
	if (t->r->o.baseline)
		jsonout_string(j, "baselineState", f->verdict == RUN_BASELINED ? "unchanged" : "new");
	put_properties(t, f, &spot);
	jsonout_end_object(j);
}

static size_t put_results(struct sarif *t)
{
	size_t written = 0, left = 0;

	jsonout_array(&t->j, "results");
	for (size_t i = 0; i < t->r->findings; i++) {
		if (!is_result(&t->r->finding[i]))
			continue;
		if (written == RESULTS_MAX) {
			left++;
			continue;
		}
		put_result(t, &t->r->finding[i]);
		written++;
	}
	jsonout_end_array(&t->j);
	return left;
}

/* ---- the run ---- */

static void put_notification(struct jsonout *j, const char *level, const char *text)
{
	jsonout_object(j, NULL);
	jsonout_string(j, "level", level);
	put_foreign_message(j, "message", text);
	jsonout_end_object(j);
}

static void put_invocation(struct sarif *t, size_t left)
{
	struct jsonout *j = &t->j;
	const struct run *r = t->r;
	const char *text;

	jsonout_array(j, "invocations");
	jsonout_object(j, NULL);
	jsonout_bool(j, "executionSuccessful", r->problems == 0 && !r->interrupted && !r->timed_out);
	jsonout_number(j, "exitCode", r->exit_status);
	jsonout_string(j, "startTimeUtc", r->started);
	jsonout_array(j, "toolExecutionNotifications");
	for (size_t i = 0; i < r->problems; i++)
		put_notification(j, "error", r->problem[i]);
	for (size_t i = 0; (text = sources_missing(t->s, i)); i++)
		put_notification(j, "note", text);
	if (left)
		put_notification(j, "warning", "There were more findings than the 5,000 that are listed here");
	jsonout_end_array(j);
	jsonout_end_object(j);
	jsonout_end_array(j);
}

static void put_base(struct sarif *t)
{
	const char *root = sources_root(t->s);
	char *uri;

	if (!*root)
		return;
	uri = uri_of("file://", root, "/");
	jsonout_object(&t->j, "originalUriBaseIds");
	jsonout_object(&t->j, BASE);
	jsonout_string(&t->j, "uri", uri);
	jsonout_end_object(&t->j);
	jsonout_end_object(&t->j);
	free(uri);
}

void sarif_write(const struct run *r, const struct sources *s, FILE *f)
{
	struct sarif t = { .j.f = f, .r = r, .s = s };
	struct jsonout *j = &t.j;

	jsonout_object(j, NULL);
	jsonout_string(j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	jsonout_string(j, "version", "2.1.0");
	jsonout_array(j, "runs");
	jsonout_object(j, NULL);
	put_tool(&t);
	jsonout_object(j, "automationDetails");
	jsonout_string(j, "id", "fdguard/");
	jsonout_end_object(j);
	put_base(&t);
	jsonout_string(j, "columnKind", "utf16CodeUnits");
	put_invocation(&t, put_results(&t));
	jsonout_end_object(j);
	jsonout_end_array(j);
	jsonout_end_object(j);
	fputc('\n', f);
}
