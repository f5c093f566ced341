// SPDX-License-Identifier: MIT
#include "tools/jsonout.h"

#include <inttypes.h>

#include "tools/plain.h"

static void put_inside(FILE *f, const char *s, bool own)
{
	char text[9];

	while (*s) {
		if (own && (*s == '\n' || *s == '\t')) {
			fputs(*s++ == '\n' ? "\\n" : "\\t", f);
			continue;
		}
		plain_next(&s, text);
		for (const char *p = text; *p; p++) {
			if (*p == '"' || *p == '\\')
				fputc('\\', f);
			fputc(*p, f);
		}
	}
}

static void put_quoted(FILE *f, const char *s, bool own)
{
	fputc('"', f);
	put_inside(f, s, own);
	fputc('"', f);
}

/* What stands before a value: comma, line, name. */
static void begin(struct jsonout *j, const char *name)
{
	if (j->filled)
		fputc(',', j->f);
	if (j->depth)
		fprintf(j->f, "\n%*s", (int)j->depth * 2, "");
	if (name) {
		put_quoted(j->f, name, false);
		fputs(": ", j->f);
	}
	j->filled = true;
}

static void open_with(struct jsonout *j, const char *name, char c)
{
	begin(j, name);
	fputc(c, j->f);
	j->depth++;
	j->filled = false;
}

static void close_with(struct jsonout *j, char c)
{
	j->depth--;
	if (j->filled)
		fprintf(j->f, "\n%*s", (int)j->depth * 2, "");
	fputc(c, j->f);
	j->filled = true;
}

void jsonout_object(struct jsonout *j, const char *name)
{
	open_with(j, name, '{');
}

void jsonout_array(struct jsonout *j, const char *name)
{
	open_with(j, name, '[');
}

void jsonout_end_object(struct jsonout *j)
{
	close_with(j, '}');
}

void jsonout_end_array(struct jsonout *j)
{
	close_with(j, ']');
}

void jsonout_number(struct jsonout *j, const char *name, int64_t v)
{
	begin(j, name);
	fprintf(j->f, "%" PRId64, v);
}

void jsonout_bool(struct jsonout *j, const char *name, bool v)
{
	begin(j, name);
	fputs(v ? "true" : "false", j->f);
}

void jsonout_string(struct jsonout *j, const char *name, const char *s)
{
	if (!s)
		return;
	begin(j, name);
	put_quoted(j->f, s, false);
}

void jsonout_text(struct jsonout *j, const char *name, const char *s)
{
	if (!s)
		return;
	begin(j, name);
	put_quoted(j->f, s, true);
}
