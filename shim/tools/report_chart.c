// SPDX-License-Identifier: MIT
/*
 * Time lines as SVG in the page: descriptors that were open, CLOSE_WAIT by peer, wake-ups a second. A point is what a line of a log says was measured; where a column of the
 * drawing has more than one, the highest is drawn. Beside each drawing is a table of what it shows.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/exe.h"
#include "tools/report_page.h"

#define LINES 6 /* series that are drawn: those with the highest values */
#define ROWS 60 /* of one series in the table */
#define LISTED 50
enum { WIDTH = 480, HEIGHT = 160, LEFT = 48, RIGHT = 8, TOP = 10, BOTTOM = 24, COLUMNS = WIDTH - LEFT - RIGHT };

static const struct chart {
	const char *title, *unit, *name;
} charts[SERIES_KINDS] = {
	[SERIES_OPEN] = { "Open descriptors", "descriptors open", "open" },
	[SERIES_CLOSE_WAIT] = { "CLOSE_WAIT by peer", "sockets in CLOSE_WAIT", "closewait" },
	[SERIES_WAKEUPS] = { "Wake-ups a second", "wake-ups a second", "wakeups" },
};

struct drawing {
	const struct report *p;
	FILE *f;
	enum series_kind kind;
	const struct series *series; /* those of the kind: the highest first */
	size_t count;
	int64_t first, last;
	uint64_t top; /* of the scale */
	struct pool pool;
};

static size_t drawn(const struct drawing *d)
{
	return d->count < LINES ? d->count : LINES;
}

/* 1, 2 or 5 times a power of ten, that holds n in at most five steps. */
static uint64_t step_for(uint64_t n)
{
	static const unsigned steps[] = { 1, 2, 5 };

	for (uint64_t ten = 1; ten < UINT64_C(1000000000000000000); ten *= 10)
		for (unsigned i = 0; i < 3; i++)
			if (n <= steps[i] * ten * 5)
				return steps[i] * ten;
	return n;
}

static void measure(struct drawing *d)
{
	uint64_t most = 1, step;

	for (size_t i = 0; i < drawn(d); i++) {
		const struct series *s = &d->series[i];

		if (!d->first || s->point[0].ms < d->first)
			d->first = s->point[0].ms;
		if (s->point[s->points - 1].ms > d->last)
			d->last = s->point[s->points - 1].ms;
		most = s->most > most ? s->most : most;
	}
	step = step_for(most);
	d->top = (most + step - 1) / step * step;
}

static double x_of(const struct drawing *d, int64_t ms)
{
	return d->last == d->first ? LEFT + COLUMNS / 2.0 : LEFT + (double)(ms - d->first) * COLUMNS / (double)(d->last - d->first);
}

static double y_of(const struct drawing *d, uint64_t value)
{
	return HEIGHT - BOTTOM - (double)value * (HEIGHT - TOP - BOTTOM) / (double)d->top;
}

/* "monitor (pid 12) on web1: 10.0.0.7:80" */
static char *label_of(struct drawing *d, const struct series *s)
{
	const char *host = report_string(d->p, s->who.host), *what = report_string(d->p, s->what);

	return pool_format(&d->pool, "%s (pid %lld)%s%s%s%s", fdg_base_name(report_string(d->p, s->exe)), (long long)s->who.pid, *host ? " on " : "", host, *what ? ": " : "", what);
}

/* 500, 1,500, 20 k, 1.5 M: steps are 1, 2 or 5 of a power of ten. */
static void put_short(FILE *f, uint64_t n)
{
	if (n >= 1000000)
		fprintf(f, n % 1000000 ? "%.1f M" : "%.0f M", (double)n / 1e6);
	else if (n >= 10000)
		fprintf(f, n % 1000 ? "%.1f k" : "%.0f k", (double)n / 1e3);
	else
		html_number(f, n);
}

static void put_scale(struct drawing *d)
{
	uint64_t step = step_for(d->top);

	for (uint64_t v = 0; v <= d->top; v += step) {
		fprintf(d->f, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text class=\"scale\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT, WIDTH - RIGHT, y_of(d, v), y_of(d, v), LEFT - 6,
			y_of(d, v) + 4);
		put_short(d->f, v);
		fputs("</text>", d->f);
	}
}

static void put_clock(struct drawing *d, int64_t ms, const char *anchor)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), d->last - d->first > 86400000 ? "%m-%d %H:%M" : "%H:%M:%S", &tm);
	fprintf(d->f, "<text class=\"scale\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>", x_of(d, ms), HEIGHT - 6, anchor, text);
}

static void put_clocks(struct drawing *d)
{
	put_clock(d, d->first, d->first == d->last ? "middle" : "start");
	if (d->first == d->last)
		return;
	put_clock(d, d->first + (d->last - d->first) / 2, "middle");
	put_clock(d, d->last, "end");
}

/* The point that stands for the column that begins with i; *next: the first behind it. */
static const struct series_point *column(const struct drawing *d, const struct series *s, size_t i, size_t *next)
{
	const struct series_point *highest = &s->point[i];
	long at = (long)(x_of(d, highest->ms) + 0.5);

	for (*next = i + 1; *next < s->points && (long)(x_of(d, s->point[*next].ms) + 0.5) == at; ++*next)
		if (s->point[*next].value > highest->value)
			highest = &s->point[*next];
	return highest;
}

static void put_line(struct drawing *d, size_t n)
{
	const struct series *s = &d->series[n];
	size_t next;

	if (s->points > 1) {
		fprintf(d->f, "<polyline class=\"line s%zu\" points=\"", n);
		for (size_t i = 0; i < s->points; i = next) {
			const struct series_point *point = column(d, s, i, &next);

			fprintf(d->f, "%.1f,%.1f ", x_of(d, point->ms), y_of(d, point->value));
		}
		fputs("\"/>", d->f);
	}
	for (size_t i = 0; i < s->points && s->points <= ROWS; i = next) {
		const struct series_point *point = column(d, s, i, &next);

		fprintf(d->f, "<circle class=\"dot s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", n, x_of(d, point->ms), y_of(d, point->value));
	}
}

static void put_description(struct drawing *d)
{
	for (size_t i = 0; i < drawn(d); i++) {
		const struct series *s = &d->series[i];

		html_text(d->f, label_of(d, s));
		fprintf(d->f, ": %" PRIu64 " at first, %" PRIu64 " at most, %" PRIu64 " at last. ", s->point[0].value, s->most, s->point[s->points - 1].value);
	}
}

static void put_svg(struct drawing *d)
{
	const struct chart *c = &charts[d->kind];

	fprintf(d->f, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-title\" aria-describedby=\"%s-desc\"><title id=\"%s-title\">%s</title><desc id=\"%s-desc\">", WIDTH, HEIGHT, c->name, c->name,
		c->name, c->title, c->name);
	put_description(d);
	fputs("</desc>", d->f);
	put_scale(d);
	put_clocks(d);
	for (size_t i = drawn(d); i-- > 0;)
		put_line(d, i);
	fputs("</svg>\n", d->f);
}

static void put_legend(struct drawing *d)
{
	fputs("<ul class=\"legend\">", d->f);
	for (size_t i = 0; i < drawn(d); i++) {
		fprintf(d->f, "<li><svg viewBox=\"0 0 28 10\" aria-hidden=\"true\"><line class=\"line s%zu\" x1=\"0\" x2=\"28\" y1=\"5\" y2=\"5\"/></svg> ", i);
		html_text(d->f, label_of(d, &d->series[i]));
		fputs(", at most ", d->f);
		html_number(d->f, d->series[i].most);
		fputs("</li>", d->f);
	}
	fputs("</ul>\n", d->f);
}

static void put_points(struct drawing *d, const struct series *s)
{
	char *label = label_of(d, s);
	size_t step = (s->points + ROWS - 1) / ROWS;

	for (size_t i = 0; i < s->points; i += step) {
		fputs("<tr><th scope=\"row\">", d->f);
		html_text(d->f, label);
		fputs("</th><td>", d->f);
		html_time(d->f, s->point[i].ms);
		fputs("</td><td class=\"number\">", d->f);
		html_number(d->f, s->point[i].value);
		fputs("</td></tr>\n", d->f);
	}
}

static void put_table(struct drawing *d)
{
	const struct chart *c = &charts[d->kind];
	bool each = true;

	fprintf(d->f, "<details><summary>%s as a table</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s as a table\"><table><thead><tr><th scope=\"col\">Of</th><th scope=\"col\">Time (UTC)</th><th scope=\"col\">%s</th></tr></thead><tbody>\n",
		c->title, c->title, c->unit);
	for (size_t i = 0; i < drawn(d); i++) {
		each &= d->series[i].points <= ROWS;
		put_points(d, &d->series[i]);
	}
	fputs("</tbody></table></div>\n", d->f);
	if (!each)
		fputs("<p>Of long lines the table has some sixty points, evenly chosen; the logs have all.</p>\n", d->f);
	if (d->count > LINES) {
		fprintf(d->f, "<p>Lower than these, and not drawn (%zu):</p><ul>", d->count - LINES);
		for (size_t i = LINES; i < d->count && i < LINES + LISTED; i++) {
			fputs("<li>", d->f);
			html_text(d->f, label_of(d, &d->series[i]));
			fprintf(d->f, ", at most %" PRIu64 "</li>", d->series[i].most);
		}
		fputs(d->count > LINES + LISTED ? "<li>and others</li></ul>\n" : "</ul>\n", d->f);
	}
	fputs("</details>\n", d->f);
}

static void put_chart(struct drawing *d)
{
	const struct chart *c = &charts[d->kind];

	fprintf(d->f, "<figure class=\"chart\" aria-labelledby=\"%s-head\">\n<h3 id=\"%s-head\">%s</h3>\n", c->name, c->name, c->title);
	if (d->count) {
		measure(d);
		put_svg(d);
		put_legend(d);
		put_table(d);
	} else {
		fputs("<p>No line of these logs has measured it.</p>\n", d->f);
	}
	fputs("</figure>\n", d->f);
}

void report_put_charts(const struct report *p, FILE *f)
{
	size_t at = 0;

	fputs("<section id=\"time\" aria-labelledby=\"time-title\">\n<h2 id=\"time-title\">Over time</h2>\n<p>Each dot is what a line of a log says was counted: in a finding, or in a sample. "
	      "Lines only join dots: what was between them nobody measured.</p>\n<div class=\"charts\">\n", f);
	for (int kind = 0; kind < SERIES_KINDS; kind++) {
		struct drawing d = { .p = p, .f = f, .kind = (enum series_kind)kind, .series = p->series + at };

		while (at + d.count < p->serieses && p->series[at + d.count].kind == (enum series_kind)kind)
			d.count++;
		at += d.count;
		while (d.count && !d.series[d.count - 1].points) /* they come last */
			d.count--;
		put_chart(&d);
		pool_free(&d.pool);
	}
	fputs("</div>\n", f);
	if (p->more_points)
		fprintf(f, "<p>%" PRIu64 " further points were more than report keeps.</p>\n", p->more_points);
	fputs("</section>\n", f);
}
