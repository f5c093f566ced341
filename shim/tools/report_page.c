// SPDX-License-Identifier: MIT
#include "tools/report_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fmt.h"
#include "tools/places.h"
#include "tools/plain.h"

#define FILES_SHOWN 200

void html_text(FILE *f, const char *s)
{
	char text[9];

	while (*s) {
		plain_next(&s, text);
		switch (text[1] ? '\0' : text[0]) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		case '\'': fputs("&#39;", f); break;
		default: fputs(text, f);
		}
	}
}

void html_time(FILE *f, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[40];
	struct tm tm;

	if (ms <= 0 || !gmtime_r(&seconds, &tm)) {
		fputs("not known", f);
		return;
	}
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(f, "<time datetime=\"%sZ\">", text);
	text[10] = ' ';
	fprintf(f, "%s</time>", text);
}

void html_number(FILE *f, uint64_t n)
{
	char digits[40];
	struct fdg_buf b = FDG_BUF(digits);

	fdg_put_count(&b, n);
	fputs(digits, f);
}

void html_counted(FILE *f, uint64_t n, const char *one, const char *many)
{
	html_number(f, n);
	fprintf(f, " %s", n == 1 ? one : many);
}

unsigned report_parts(const struct log_line *l, struct report_part ret[2])
{
	struct report_part site = { places_act(l), l->site, l->sites }, created = { "made at", l->created, l->createds };
	bool created_first = places_frame(l) == l->created;
	unsigned n = 0;

	if (created_first && created.frames)
		ret[n++] = created;
	if (site.frames)
		ret[n++] = site;
	if (!created_first && created.frames)
		ret[n++] = created;
	return n;
}

static uint64_t count_level(const struct report *p, enum fdg_level level)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->r.findings; i++)
		n += report_is_told(&p->r.finding[i]) && p->r.finding[i].line.level == level;
	return n;
}

static void put_title(const struct report *p, FILE *f)
{
	uint64_t n = 0;

	for (int level = FDG_LEVEL_NOTE; level <= FDG_LEVEL_ERROR; level++)
		n += count_level(p, (enum fdg_level)level);
	fputs("<title>fdguard report: ", f);
	html_counted(f, n, "finding", "findings");
	fputs("</title>\n", f);
}

static void put_head(const struct report *p, FILE *f)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", f);
	fprintf(f, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n", report_css_hash,
		report_js_hash);
	fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n", f);
	put_title(p, f);
	fprintf(f, "<style>%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n", report_css);
}

static void put_header(const struct report *p, FILE *f)
{
	fputs("<header>\n<h1>fdguard report</h1>\n<p>", f);
	html_counted(f, count_level(p, FDG_LEVEL_ERROR), "error, ", "errors, ");
	html_counted(f, count_level(p, FDG_LEVEL_WARNING), "warning, ", "warnings, ");
	html_counted(f, count_level(p, FDG_LEVEL_NOTE), "note; ", "notes; ");
	html_counted(f, p->processes, "process", "processes");
	fputs(" on ", f);
	html_counted(f, p->host_count, "host", "hosts");
	fputs("; ", f);
	html_time(f, p->first);
	fputs(" to ", f);
	html_time(f, p->last);
	fputs(" UTC", f);
	if (p->bad || p->unread)
		fputs("; <a href=\"#read\">not all could be read</a>", f);
	fputs("</p>\n<nav aria-label=\"Sections\"><a href=\"#glance\">At a glance</a> <a href=\"#findings\">Findings</a> <a href=\"#time\">Over time</a> <a href=\"#processes\">Processes</a> "
	      "<a href=\"#read\">What was read</a></nav>\n</header>\n<main>\n", f);
}

/* What report.js fills. */
static void put_findings(const struct report *p, FILE *f)
{
	fputs("<section id=\"findings\" aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\" tabindex=\"-1\">Findings by guard</h2>\n"
	      "<form role=\"search\" id=\"filter\" aria-label=\"Filter the findings\" hidden>\n"
	      "<label class=\"wide\">Search <input type=\"search\" id=\"words\" autocomplete=\"off\" placeholder=\"function, program, peer, host, words\"></label>\n"
	      "<label>Guard <select id=\"guard\"></select></label>\n<label>Finding <select id=\"id\"></select></label>\n<label>Level <select id=\"level\"></select></label>\n<label>Host <select id=\"host\"></select></label>\n"
	      "<button type=\"reset\">Show all</button>\n</form>\n<p id=\"count\" role=\"status\" aria-live=\"polite\"></p>\n<div id=\"list\"></div>\n<p id=\"more\" hidden><button type=\"button\"></button></p>\n"
	      "<noscript><p>The list of all findings, its filter and the processes need JavaScript, which is off. The tables above and below are complete without it.</p></noscript>\n", f);
	if (p->r.more_findings) {
		fputs("<p>There were more different findings than report keeps apart: ", f);
		html_counted(f, p->r.more_findings, "further report is in the logs alone.</p>\n", "further reports are in the logs alone.</p>\n");
	}
	fputs("</section>\n", f);
}

static void put_processes(FILE *f)
{
	fputs("<section id=\"processes\" aria-labelledby=\"processes-title\">\n<h2 id=\"processes-title\">Processes</h2>\n<p id=\"covered\"></p>\n"
	      "<form role=\"search\" id=\"find\" aria-label=\"Find processes\" hidden><label class=\"wide\">Find <input type=\"search\" id=\"program\" autocomplete=\"off\" placeholder=\"program, argument, pid\"></label></form>\n"
	      "<p id=\"found\" role=\"status\" aria-live=\"polite\"></p>\n<div id=\"tree\"></div>\n</section>\n", f);
}

static void put_file(const struct report_file *l, FILE *f)
{
	fputs("<tr><th scope=\"row\">", f);
	html_text(f, l->path);
	fputs("</th><td>", f);
	html_text(f, *l->host ? l->host : "not told");
	fprintf(f, "</td><td class=\"number\">%" PRIu64 "</td><td class=\"number\">%" PRIu64 "</td><td class=\"number\">%" PRIu64 "</td><td>", l->lines, l->findings, l->bad);
	if (l->problem)
		html_text(f, l->problem);
	for (size_t i = 0; i < l->bad && i < REPORT_BAD_SHOWN; i++) {
		fputs(i ? "; " : "", f);
		html_text(f, l->why[i]);
	}
	fputs(l->bad > REPORT_BAD_SHOWN ? "; …</td></tr>\n" : "</td></tr>\n", f);
}

/* What is not on the page, and why. */
static void put_left_out(const struct report *p, FILE *f)
{
	uint64_t suppressed = 0, lost = 0;

	for (size_t i = 0; i < p->r.findings; i++)
		suppressed += !report_is_told(&p->r.finding[i]);
	for (size_t i = 0; i < p->images; i++)
		lost += p->image[i].lost;
	fputs("<p>", f);
	html_counted(f, suppressed, "finding is suppressed, ", "findings are suppressed, ");
	html_counted(f, p->below, "line is below --level, ", "lines are below --level, ");
	html_counted(f, lost, "finding could not be written to a log.</p>\n", "findings could not be written to a log.</p>\n");
}

static void put_read(const struct report *p, FILE *f)
{
	const char *sentence;

	fputs("<section id=\"read\" aria-labelledby=\"read-title\">\n<h2 id=\"read-title\">What was read</h2>\n<p>", f);
	html_counted(f, p->lines, "line of ", "lines of ");
	html_counted(f, p->files, "file", "files");
	fputs("; ", f);
	html_counted(f, p->bad, "line is none of ours, ", "lines are none of ours, ");
	html_counted(f, p->unread, "file could not be read.</p>\n", "files could not be read.</p>\n");
	put_left_out(p, f);
	fputs("<details><summary>The files</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The files\"><table><thead><tr><th scope=\"col\">File</th><th scope=\"col\">Host</th><th scope=\"col\">Lines</th>"
	      "<th scope=\"col\">Findings</th><th scope=\"col\">None of ours</th><th scope=\"col\">Why</th></tr></thead><tbody>\n", f);
	for (size_t i = 0; i < p->files && i < FILES_SHOWN; i++)
		put_file(&p->file[i], f);
	fputs("</tbody></table></div>\n", f);
	if (p->files > FILES_SHOWN)
		fprintf(f, "<p>And %zu more, all of which were read.</p>\n", p->files - FILES_SHOWN);
	fputs("</details>\n", f);
	for (size_t i = 0; i < 20 && (sentence = sources_missing(p->sources, i)); i++) {
		fputs("<p>", f);
		html_text(f, sentence);
		fputs(".</p>\n", f);
	}
	fputs("</section>\n", f);
}

void report_page_write(const struct report *p, FILE *f)
{
	put_head(p, f);
	put_header(p, f);
	report_put_glance(p, f);
	put_findings(p, f);
	report_put_charts(p, f);
	put_processes(f);
	put_read(p, f);
	fprintf(f, "</main>\n<footer><p>Made by fdguard %s. Times are UTC.</p></footer>\n", FDGUARD_VERSION);
	report_put_data(p, f);
	fputs("</body>\n</html>\n", f);
}
