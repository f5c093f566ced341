// SPDX-License-Identifier: MIT
/* An explanation as text for a terminal, for scdoc, or as Markdown. */
#include <string.h>

#include "tools/explain.h"

#define COLUMNS 80
#define INDENT 2
#define CODE_INDENT 6

/* Where a line of a paragraph is, for wrapping. */
struct pen {
	FILE *f;
	enum explain_format format;
	unsigned indent, column; /* 0: at the start of a line */
	bool code;               /* between backquotes */
};

static unsigned width(const char *s, size_t n)
{
	unsigned columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += ((unsigned char)s[i] & 0xc0) != 0x80 && s[i] != '`';
	return columns;
}

static void put_char(struct pen *p, char c)
{
	if (c == '`') {
		p->code = !p->code;
		if (p->format >= EXPLAIN_SCDOC)
			fputc(p->format == EXPLAIN_SCDOC ? '*' : '`', p->f);
		return;
	}
	if (p->format == EXPLAIN_SCDOC && strchr("_*\\<>#[]|~", c))
		fputc('\\', p->f);
	if (p->format == EXPLAIN_MARKDOWN && !p->code && strchr("_*\\<>#[]", c))
		fputc('\\', p->f);
	fputc(c, p->f);
}

static void put_word(struct pen *p, const char *word, size_t n)
{
	unsigned columns = width(word, n);

	if (p->format == EXPLAIN_PLAIN && p->column && p->column + 1 + columns > COLUMNS) {
		fputc('\n', p->f);
		p->column = 0;
	}
	if (p->column) {
		fputc(' ', p->f);
		p->column++;
	} else {
		fprintf(p->f, "%*s", p->format == EXPLAIN_PLAIN ? (int)p->indent : 0, "");
		p->column = p->indent;
	}
	for (size_t i = 0; i < n; i++)
		put_char(p, word[i]);
	p->column += columns;
}

static void end_line(struct pen *p)
{
	if (p->column)
		fputc('\n', p->f);
	p->column = 0;
}

/* A word of a paragraph is what stands between spaces, but nothing is broken between backquotes. */
static void put_words(struct pen *p, const char *s, size_t n)
{
	size_t start = 0;
	bool code = false;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] == '`')
			code = !code;
		if (i < n && (s[i] != ' ' || code))
			continue;
		if (i > start)
			put_word(p, s + start, i - start);
		start = i + 1;
	}
}

static void put_code_line(FILE *f, enum explain_format format, const char *s, size_t n)
{
	unsigned column = 0;

	if (format <= EXPLAIN_FLAT && n)
		fprintf(f, "%*s", format == EXPLAIN_PLAIN ? CODE_INDENT : 4, "");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\t') {
			fprintf(f, "%*s", (int)(8 - column % 8), "");
			column += 8 - column % 8;
			continue;
		}
		if (format == EXPLAIN_SCDOC && s[i] == '\\')
			fputc('\\', f);
		fputc(s[i], f);
		column += ((unsigned char)s[i] & 0xc0) != 0x80;
	}
	fputc('\n', f);
}

static void put_fence(FILE *f, enum explain_format format, const char *language)
{
	if (format >= EXPLAIN_SCDOC)
		fprintf(f, "```%s\n", format == EXPLAIN_MARKDOWN ? language : "");
}

static const char *line_end(const char *s)
{
	return s + strcspn(s, "\n");
}

static const char *next_of(const char *end)
{
	return *end ? end + 1 : end;
}

static void put_code(FILE *f, enum explain_format format, const char *code, const char *language)
{
	put_fence(f, format, language);
	for (const char *s = code, *end; *s; s = next_of(end)) {
		end = line_end(s);
		put_code_line(f, format, s, (size_t)(end - s));
	}
	put_fence(f, format, "");
}

static bool is_code_line(const char *s)
{
	return strncmp(s, "    ", 4) == 0;
}

/* A block of lines with four spaces in front; returns what is behind it. */
static const char *put_block(FILE *f, enum explain_format format, const char *s)
{
	put_fence(f, format, "");
	while (is_code_line(s)) {
		const char *end = line_end(s);

		put_code_line(f, format, s + 4, (size_t)(end - s) - 4);
		s = next_of(end);
	}
	put_fence(f, format, "");
	return s;
}

static void put_prose(FILE *f, const char *prose, enum explain_format format)
{
	struct pen p = { .f = f, .format = format, .indent = INDENT };

	for (const char *s = prose, *end; *s; s = next_of(end)) {
		end = line_end(s);
		if (is_code_line(s)) {
			end_line(&p);
			s = put_block(f, format, s);
			if (!*s)
				break;
			end = line_end(s);
		}
		if (end == s) {
			end_line(&p);
			fputc('\n', f);
		}
		put_words(&p, s, (size_t)(end - s));
	}
	end_line(&p);
}

static void put_heading(FILE *f, enum explain_format format, const char *heading)
{
	static const char *const styles[] = { "\n%s\n", "\n%s:\n\n", "\n*%s*\n\n", "\n### %s\n\n" };

	fprintf(f, styles[format], heading);
}

static void put_sentence(FILE *f, enum explain_format format, unsigned indent, const char *text)
{
	struct pen p = { .f = f, .format = format, .indent = indent };

	put_words(&p, text, strlen(text));
	end_line(&p);
}

static void put_title(FILE *f, const struct explanation *e, enum explain_format format)
{
	char line[256];

	if (format == EXPLAIN_PLAIN) {
		snprintf(line, sizeof(line), "%s: %s", e->id, e->title);
		put_sentence(f, format, 0, line);
	} else if (format == EXPLAIN_SCDOC) {
		fprintf(f, "## %s\n\n", e->id);
		put_sentence(f, format, 0, e->title);
		fputc('\n', f);
	}
	snprintf(line, sizeof(line), "Level: %s.", e->level);
	put_sentence(f, format, 0, line);
	if (explain_not_built(e)) {
		fputs(format <= EXPLAIN_FLAT ? "" : "\n", f);
		put_sentence(f, format, 0, explain_not_built(e));
	}
}

void explain_put(FILE *f, const struct explanation *e, enum explain_format format)
{
	put_title(f, e, format);
	put_heading(f, format, "What it means");
	put_prose(f, e->part[EXPLAIN_MEANS], format);
	put_heading(f, format, "Wrong");
	put_code(f, format, e->part[EXPLAIN_WRONG], e->language[EXPLAIN_WRONG]);
	put_heading(f, format, "Right");
	put_code(f, format, e->part[EXPLAIN_RIGHT], e->language[EXPLAIN_RIGHT]);
	put_heading(f, format, "How to mend the source");
	put_prose(f, e->part[EXPLAIN_MEND], format);
	if (e->part[EXPLAIN_DOES]) {
		put_heading(f, format, "What fdguard does about it");
		put_prose(f, e->part[EXPLAIN_DOES], format);
	}
	put_heading(f, format, "How to suppress it");
	put_sentence(f, format, INDENT, "A line in the file that `suppressions=FILE` names, ID [site:GLOB] [peer:GLOB] [exe:GLOB] [# reason]:");
	fputc('\n', f);
	put_prose(f, e->part[EXPLAIN_SUPPRESS], format);
}

void explain_put_summary(FILE *f, const struct explanation *e)
{
	const char *s = e->part[EXPLAIN_MEANS], *end = strstr(s, "\n\n");
	struct pen p = { .f = f, .format = EXPLAIN_FLAT };

	for (size_t n; *s && *s != '\n'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		if (end && s + n > end)
			n = (size_t)(end - s);
		put_words(&p, s, n);
	}
}
