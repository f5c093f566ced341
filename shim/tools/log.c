// SPDX-License-Identifier: MIT
#include "tools/log.h"

#include <stdlib.h>
#include <string.h>

#include "tools/json.h"

#define WORD_MAX 64

static struct json_reader reader;

/* Takes the string `name` out of the line; NULL: it is not there or no string. */
static const char *string_of(struct pool *pool, const struct json *line, const char *name)
{
	const struct json *v = json_member(line, name);

	return v && v->type == JSON_STRING ? pool_copy(pool, v->string) : NULL;
}

static int64_t number_of(const struct json *line, const char *name, int64_t otherwise)
{
	int64_t n;

	return json_integer(json_member(line, name), &n) && n >= 0 ? n : otherwise;
}

/* IDs and guards become file names, anchors and search patterns: letters, digits, dots, dashes and underscores. */
static bool is_word(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && n <= WORD_MAX && !s[n] && s[0] != '.' && s[0] != '-';
}

static bool read_level(const char *word, enum fdg_level *ret)
{
	static const char *const words[] = { [FDG_LEVEL_NOTE] = "note", [FDG_LEVEL_WARNING] = "warning", [FDG_LEVEL_ERROR] = "error" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*ret = (enum fdg_level)i;
		return true;
	}
	return false;
}

static const struct log_source *read_source(struct pool *pool, const struct json *v)
{
	const char *file = string_of(pool, v, "file");
	int64_t line = number_of(v, "line", 0);
	struct log_source *s = file ? pool_take(pool, sizeof(*s)) : NULL;

	if (s)
		*s = (struct log_source){ string_of(pool, v, "function"), file, line <= INT32_MAX ? (unsigned)line : 0 };
	return s;
}

struct log_frame log_frame_copy(struct pool *pool, const struct log_frame *f)
{
	struct log_source *s = f->source ? pool_take(pool, sizeof(*s)) : NULL;

	if (s)
		*s = (struct log_source){ pool_copy(pool, f->source->function), pool_copy(pool, f->source->file), f->source->line };
	return (struct log_frame){ pool_copy(pool, f->object), f->offset, pool_copy(pool, f->symbol), s };
}

static bool read_frame(struct pool *pool, const struct json *v, struct log_frame *ret)
{
	const char *offset = string_of(pool, v, "offset");
	char *end;

	ret->object = string_of(pool, v, "object");
	ret->symbol = string_of(pool, v, "symbol");
	ret->source = read_source(pool, v);
	if (!ret->object || !offset || strncmp(offset, "0x", 2) != 0 || !offset[2] || strlen(offset) > 18)
		return false;
	ret->offset = strtoull(offset + 2, &end, 16);
	return !*end && offset[2] != '-' && offset[2] != '+' && offset[2] != ' ';
}

static bool read_frames(struct pool *pool, const struct json *v, const struct log_frame **ret, unsigned *ret_count)
{
	struct log_frame *frames;
	unsigned n = 0;

	if (!v)
		return true;
	if (v->type != JSON_ARRAY)
		return false;
	for (const struct json *e = v->first; e; e = e->next)
		n++;
	if (n > LOG_FRAMES_MAX)
		return false;
	frames = pool_take(pool, n * sizeof(*frames));
	n = 0;
	for (const struct json *e = v->first; e; e = e->next)
		if (!read_frame(pool, e, &frames[n++]))
			return false;
	*ret = frames;
	*ret_count = n;
	return true;
}

static bool has_place(const char *name)
{
	static const char *const names[] = { "v", "time", "pid", "tid", "exe", "guard", "id", "level", "action", "message", "fd", "count", "peer",
					     "local", "age_ms", "site", "created", "fix", "repeats", "cut" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool read_fields(struct pool *pool, const struct json *line, struct log_line *ret)
{
	struct log_field *field = pool_take(pool, LOG_FIELDS_MAX * sizeof(*field));

	ret->field = field;
	for (const struct json *v = line->first; v; v = v->next) {
		if (has_place(v->name))
			continue;
		if (ret->fields == LOG_FIELDS_MAX)
			return false;
		field[ret->fields].name = pool_copy(pool, v->name);
		field[ret->fields].is_string = v->type == JSON_STRING;
		field[ret->fields].text = v->type == JSON_STRING ? pool_copy(pool, v->string) : pool_text(pool, v->text, v->n);
		ret->fields++;
	}
	return true;
}

/* What is always there; NULL, or what is missing. */
static const char *read_head(struct pool *pool, const struct json *line, struct log_line *ret)
{
	const char *level = string_of(pool, line, "level"), *action = string_of(pool, line, "action");
	int64_t version = number_of(line, "v", -1);

	if (line->type != JSON_OBJECT || version < 0)
		return "it is no line of a log";
	if (version != 1)
		return "it is of another version";
	ret->time = string_of(pool, line, "time");
	ret->exe = string_of(pool, line, "exe");
	ret->guard = string_of(pool, line, "guard");
	ret->id = string_of(pool, line, "id");
	ret->message = string_of(pool, line, "message");
	ret->pid = number_of(line, "pid", -1);
	ret->tid = number_of(line, "tid", -1);
	if (!ret->time || !ret->exe || !ret->guard || !ret->id || !ret->message || !level || !action || ret->pid < 0 || ret->tid < 0)
		return "one of time, pid, tid, exe, guard, id, level, action and message is missing";
	if (!is_word(ret->id) || !is_word(ret->guard) || !read_level(level, &ret->level))
		return "its id, guard or level is none";
	ret->fixed = strcmp(action, "fixed") == 0;
	return ret->fixed || strcmp(action, "reported") == 0 ? NULL : "its action is neither reported nor fixed";
}

static const char *read_rest(struct pool *pool, const struct json *line, struct log_line *ret)
{
	const struct json *cut = json_member(line, "cut");

	ret->fd = number_of(line, "fd", -1);
	ret->count = (uint64_t)number_of(line, "count", 0);
	ret->peer = string_of(pool, line, "peer");
	ret->local = string_of(pool, line, "local");
	ret->age_ms = number_of(line, "age_ms", -1);
	ret->fix = string_of(pool, line, "fix");
	ret->repeats = (uint64_t)number_of(line, "repeats", 0);
	ret->cut = cut && cut->type == JSON_TRUE;
	if (!read_frames(pool, json_member(line, "site"), &ret->site, &ret->sites) ||
	    !read_frames(pool, json_member(line, "created"), &ret->created, &ret->createds))
		return "its site or created is no list of places";
	return read_fields(pool, line, ret) ? NULL : "it has too many members";
}

bool log_parse(struct pool *pool, const char *text, size_t n, struct log_line *ret, const char **ret_why)
{
	const struct json *line;
	const char *why;

	*ret = (struct log_line){ .fd = -1, .age_ms = -1 };
	if (n > LOG_LINE_MAX) {
		*ret_why = "it is too long";
		return false;
	}
	line = json_read(&reader, text, n);
	why = line ? read_head(pool, line, ret) : reader.why;
	if (!why)
		why = read_rest(pool, line, ret);
	if (why)
		*ret_why = why;
	return !why;
}

const char *log_field(const struct log_line *l, const char *name)
{
	for (unsigned i = 0; i < l->fields; i++)
		if (strcmp(l->field[i].name, name) == 0)
			return l->field[i].text;
	return NULL;
}

int64_t log_number(const struct log_line *l, const char *name, int64_t otherwise)
{
	const char *text = log_field(l, name);
	char *end;
	long long v = text ? strtoll(text, &end, 10) : 0;

	return text && *text && !*end ? v : otherwise;
}

void run_free(struct run *r)
{
	free(r->finding);
	free(r->image);
	free(r->open);
	pool_free(&r->pool);
}

const struct json *log_array(const struct log_line *l, const char *name)
{
	const char *text = log_field(l, name);
	const struct json *v = text ? json_read(&reader, text, strlen(text)) : NULL;

	return v && v->type == JSON_ARRAY ? v : NULL;
}

bool log_frame_read(struct pool *pool, const struct json *v, struct log_frame *ret)
{
	return read_frame(pool, v, ret);
}
