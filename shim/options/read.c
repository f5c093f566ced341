// SPDX-License-Identifier: MIT
/* The syntax: key=value separated by ':' or white space, quotes, and in files # comments. */
#include <string.h>

#include "options/reader.h"

#include "base/poison.h"

static bool is_separator(char c)
{
	return c == ':' || c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *word_end(const char *p, const char *end)
{
	while (p < end && !is_separator(*p))
		p++;
	return p;
}

static const char *line_end(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline ? newline : end;
}

static const char *next_setting(const char *p, const char *end, bool comments)
{
	for (;; p++) {
		while (p < end && is_separator(*p))
			p++;
		if (p == end || *p != '#' || !comments)
			return p;
		p = line_end(p, end);
		if (p == end)
			return p;
	}
}

void fdg_read_setting(struct fdg_reader *r, struct fdg_slice key, struct fdg_slice value)
{
	const struct fdg_row *row = fdg_row_find(key);
	struct fdg_slice wrong = value;
	const char *why;

	if (fdg_slice_is(key, "include")) {
		fdg_read_include(r, value);
		return;
	}
	if (!row) {
		fdg_say_unknown(r, key);
		return;
	}
	why = fdg_value_read(row, &wrong, (char *)r->o + row->field);
	if (why)
		fdg_say_bad(r, row, wrong, why);
	else if (row->stage == FDG_GUARD_LATER)
		fdg_say_later(r, row, " is accepted, but its guard is not built yet");
	else if (row->stage == FDG_OPTION_LATER)
		fdg_say_later(r, row, " is accepted, but not built yet");
	else if (row->type == FDG_TYPE_FORTIFY && r->o->select_fortify == FDG_FORTIFY_FIX)
		fdg_say(r, false, "select.fortify=", value, " is accepted, but not built yet: the abort is reported, and stays");
}

/* value behind its opening quote; returns where reading goes on. */
static const char *read_quoted(struct fdg_reader *r, struct fdg_slice key, const char *value, const char *end)
{
	const char *limit = r->source->name.s ? line_end(value, end) : end;
	const char *close_quote = memchr(value, '\'', (size_t)(limit - value));
	const char *next;

	if (!close_quote) {
		fdg_say(r, true, "the value of key ", key, " has no closing quote");
		return limit;
	}
	next = word_end(close_quote + 1, end);
	if (next != close_quote + 1)
		fdg_say(r, true, "the value of key ", key, " goes on behind its closing quote");
	else
		fdg_read_setting(r, key, (struct fdg_slice){ value, (size_t)(close_quote - value) });
	return next;
}

static const char *read_one(struct fdg_reader *r, const char *p, const char *end)
{
	const char *stop = word_end(p, end), *equals = memchr(p, '=', (size_t)(stop - p)), *value;
	struct fdg_slice key = { p, equals ? (size_t)(equals - p) : 0 };

	if (!equals) {
		fdg_say(r, true, "", (struct fdg_slice){ p, (size_t)(stop - p) },
			" is not of the form key=value (a value that contains ':' or white space is quoted with '')");
		return stop;
	}
	value = equals + 1;
	if (value < end && *value == '\'')
		return read_quoted(r, key, value + 1, end);
	if (memchr(value, '\'', (size_t)(stop - value)))
		fdg_say(r, true, "the value of key ", key, " has a quote inside: quotes go around the whole value");
	else
		fdg_read_setting(r, key, (struct fdg_slice){ value, (size_t)(stop - value) });
	return stop;
}

void fdg_read_source(struct fdg_reader *r, struct fdg_option_source *source, size_t n)
{
	const char *end = source->start + n;

	source->parent = r->source;
	source->at = source->start;
	r->source = source;
	while ((source->at = next_setting(source->at, end, source->name.s)) < end)
		source->at = read_one(r, source->at, end);
	r->source = source->parent;
}
