// SPDX-License-Identifier: MIT
/*
 * Workflow commands of GitHub Actions: ::error file=…,line=…,title=…::message. A line of text becomes a command by "::" at its begin, so nothing of a program's
 * may bring a newline in: plain.h makes newlines visible, and what the runner would turn back into one (%0A) is escaped as %250A.
 */
#include <inttypes.h>
#include <string.h>

#include "report/line.h"
#include "tools/formats.h"
#include "tools/plain.h"

#define SHOWN 10 /* annotations of each kind that the forge shows for a step */

/* Values of file= and title= end at a comma or a colon. */
static void put_escaped(FILE *f, const char *s, bool is_property)
{
	char text[9];

	while (*s) {
		plain_next(&s, text);
		if (strcmp(text, "%") == 0)
			fputs("%25", f);
		else if (is_property && (strcmp(text, ":") == 0 || strcmp(text, ",") == 0))
			fputs(*text == ':' ? "%3A" : "%2C", f);
		else
			fputs(text, f);
	}
}

static const char *kind_of(const struct run_finding *f)
{
	return f->line.level == FDG_LEVEL_ERROR ? "error" : f->line.level == FDG_LEVEL_WARNING ? "warning" : "notice";
}

static bool is_shown(const struct run_finding *f)
{
	return f->fails || (f->verdict == RUN_NEW && f->line.level > FDG_LEVEL_NOTE);
}

static void put_annotation(FILE *f, const struct sources *s, const struct run_finding *finding)
{
	const struct log_line *l = &finding->line;
	struct source_spot spot;

	sources_spot(s, finding, &spot);
	fprintf(f, "::%s ", kind_of(finding));
	if (spot.exact) {
		fputs("file=", f);
		put_escaped(f, spot.path, true);
		fprintf(f, ",line=%u,", spot.line);
	}
	fputs("title=", f);
	put_escaped(f, l->id, true);
	fputs("::", f);
	put_escaped(f, l->message, false);
	if (finding->reports > 1)
		fprintf(f, " (%" PRIu64 " times)", finding->reports);
	if (finding->excess) {
		fputs("%0Anew: ", f);
		put_escaped(f, finding->excess, false);
	}
	if (l->fix) {
		fputs("%0Afix: ", f);
		put_escaped(f, l->fix, false);
	}
	fputs("%0Afdguard explain ", f);
	put_escaped(f, l->id, false);
	fputc('\n', f);
}

static void put_problems(FILE *f, const struct run *r, unsigned *ret_errors)
{
	for (size_t i = 0; i < r->problems && *ret_errors < SHOWN; i++, (*ret_errors)++) {
		fputs("::error title=fdguard::", f);
		put_escaped(f, r->problem[i], false);
		fputc('\n', f);
	}
}

void github_write(const struct run *r, const struct sources *s, FILE *f)
{
	unsigned shown[3] = { 0 }; /* by level */
	uint64_t left = 0;

	put_problems(f, r, &shown[FDG_LEVEL_ERROR]);
	for (size_t i = 0; i < r->findings; i++) {
		const struct run_finding *finding = &r->finding[i];

		if (!is_shown(finding))
			continue;
		if (shown[finding->line.level] == SHOWN) {
			left++;
			continue;
		}
		shown[finding->line.level]++;
		put_annotation(f, s, finding);
	}
	if (left)
		fprintf(f, "fdguard: GitHub shows %d annotations of a kind for a step; %" PRIu64 " more finding%s in the summary\n", SHOWN, left,
			left == 1 ? " is" : "s are");
}
