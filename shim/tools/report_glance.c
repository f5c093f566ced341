// SPDX-License-Identifier: MIT
/* The top of the page: what, where, since when, what to do, a row for each finding, or for the gravest of each kind where there are many. */
#include <string.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "report/line.h"
#include "tools/explain.h"
#include "tools/report_page.h"

#define ROWS_MAX 9
#define HOSTS_NAMED 3
#define EACH_MAX 7 /* up to so many findings each has a row */

struct row {
	const struct run_finding *finding;
	uint64_t others; /* of the same kind */
};

static size_t find_row(const struct row *row, size_t n, const char *id)
{
	size_t i = 0;

	while (i < n && strcmp(row[i].finding->line.id, id) != 0)
		i++;
	return i;
}

static uint64_t count_told(const struct report *p, enum fdg_level level)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->r.findings; i++)
		n += report_is_told(&p->r.finding[i]) && p->r.finding[i].line.level >= level;
	return n;
}

/* They are sorted by weight. Notes have no row unless there is nothing else. */
static size_t choose(const struct report *p, struct row row[ROWS_MAX], uint64_t *ret_rest)
{
	enum fdg_level level = count_told(p, FDG_LEVEL_WARNING) ? FDG_LEVEL_WARNING : FDG_LEVEL_NOTE;
	bool each = count_told(p, level) <= EACH_MAX;
	size_t n = 0;

	*ret_rest = 0;
	for (size_t i = 0; i < p->r.findings; i++) {
		const struct run_finding *g = &p->r.finding[i];
		size_t at = each ? n : find_row(row, n, g->line.id);

		if (!report_is_told(g) || g->line.level < level)
			continue;
		if (at < n)
			row[at].others++;
		else if (n < ROWS_MAX)
			row[n++] = (struct row){ g, 0 };
		else
			++*ret_rest;
	}
	return n;
}

static void put_what(const struct row *w, FILE *f)
{
	const struct log_line *l = &w->finding->line;

	fputs("<th scope=\"row\" role=\"rowheader\" data-label=\"What\"><div class=\"clamp\">", f);
	fprintf(f, "<span class=\"level %s\">%s</span> <a href=\"#findings\" data-id=\"", fdg_level_word(l->level), fdg_level_word(l->level));
	html_text(f, l->id);
	fputs("\">", f);
	html_text(f, l->id);
	if (w->others) {
		fputs(", and ", f);
		html_counted(f, w->others, "other", "others");
	}
	fputs("</a> ", f);
	html_text(f, l->message);
	fputs(w->finding->verdict == RUN_FIXED ? " <span class=\"fixed\">fixed by fdguard</span></div></th>" : "</div></th>", f);
}

/* The place to mend; the finding itself has the others. */
static void put_where(const struct report *p, const struct log_line *l, struct pool *scratch, FILE *f)
{
	struct report_part part[2];
	unsigned n = report_parts(l, part);

	fputs("<td role=\"cell\" data-label=\"Where\">", f);
	if (n) {
		fprintf(f, "%s <code>", part[0].label);
		html_text(f, report_frame_text(p, scratch, part[0].frame));
		fputs("</code>", f);
	}
	if (!n) {
		fputs("in <code>", f);
		html_text(f, l->exe);
		fputs("</code>", f);
	} else if (strcmp(fdg_base_name(part[0].frame->object), fdg_base_name(l->exe)) != 0) {
		fputs(" <span class=\"dim\">told by ", f);
		html_text(f, fdg_base_name(l->exe));
		fputs("</span>", f);
	}
	fputs("</td>", f);
}

/* Their names, if they are few. */
static void put_hosts(const struct report *p, const struct seen *s, FILE *f)
{
	bool few = s->hosts <= HOSTS_NAMED && !s->more_hosts;

	if (p->host_count < 2)
		return;
	fputs(few ? " on " : ", ", f);
	if (!few)
		html_counted(f, s->hosts, "host", s->more_hosts ? "hosts and more" : "hosts");
	for (unsigned i = 0; few && i < s->hosts; i++) {
		const char *name = report_string(p, s->host[i].name);

		fputs(i ? ", " : "", f);
		html_text(f, *name ? name : "a host that is not told");
	}
}

static void put_since(const struct report *p, const struct run_finding *g, FILE *f)
{
	const struct seen *s = g->seen;

	fputs("<td role=\"cell\" data-label=\"Since when\">", f);
	html_time(f, s->since);
	if (s->last / 1000 > s->since / 1000) {
		char text[32];
		struct fdg_buf b = FDG_BUF(text);

		fdg_put_time(&b, (uint64_t)(s->last - s->since));
		fprintf(f, "<br><span class=\"dim\">for %s and more</span>", text);
	}
	fputs("<br><span class=\"dim\">", f);
	html_counted(f, g->reports, "report, ", "reports, ");
	html_counted(f, s->processes, "process", "processes");
	put_hosts(p, s, f);
	fputs("</span></td>", f);
}

/* Of a text of explain.h, the first paragraph, without the marks. */
static void put_paragraph(const char *text, FILE *f)
{
	char letter[2] = "";

	for (const char *c = text; *c && !(c[0] == '\n' && c[1] == '\n'); c++) {
		*letter = *c == '\n' ? ' ' : *c;
		if (*c != '`')
			fputs(*letter == '<' ? "&lt;" : *letter == '&' ? "&amp;" : letter, f);
	}
}

static void put_cure(const struct run_finding *g, FILE *f)
{
	const struct explanation *e = explain_find(g->line.id);

	fputs("<td role=\"cell\" data-label=\"What to do\"><div class=\"clamp\">", f);
	if (g->line.fix)
		html_text(f, g->line.fix);
	else if (e && e->part[EXPLAIN_MEND])
		put_paragraph(e->part[EXPLAIN_MEND], f);
	else
		fputs("nothing that this version of fdguard knows", f);
	fputs("</div></td>", f);
}

static void put_row(const struct report *p, const struct row *w, FILE *f)
{
	const struct log_line *l = &w->finding->line;
	struct pool scratch = { 0 };

	fputs("<tr role=\"row\">", f);
	put_what(w, f);
	put_where(p, l, &scratch, f);
	put_since(p, w->finding, f);
	put_cure(w->finding, f);
	fputs("</tr>\n", f);
	pool_free(&scratch);
}

void report_put_glance(const struct report *p, FILE *f)
{
	struct row row[ROWS_MAX];
	uint64_t rest;
	size_t n = choose(p, row, &rest);

	fputs("<section id=\"glance\" aria-labelledby=\"glance-title\">\n<h2 id=\"glance-title\">At a glance</h2>\n", f);
	if (!n)
		fputs("<p>No finding.</p>\n", f);
	else
		fputs("<table class=\"glance\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">What</th><th scope=\"col\" role=\"columnheader\">Where</th>"
		      "<th scope=\"col\" role=\"columnheader\">Since when (UTC)</th><th scope=\"col\" role=\"columnheader\">What to do</th></tr></thead><tbody role=\"rowgroup\">\n", f);
	for (size_t i = 0; i < n; i++)
		put_row(p, &row[i], f);
	fputs(n ? "</tbody></table>\n" : "", f);
	if (rest) {
		fputs("<p><a href=\"#findings\">", f);
		html_counted(f, rest, "more finding of other kinds</a></p>\n", "more findings of other kinds</a></p>\n");
	}
	fputs("</section>\n", f);
}
