// SPDX-License-Identifier: MIT
#include "tools/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
	struct json_reader *r;
	const char *start, *at, *end;
};

static void *wrong(struct cursor *c, const char *why)
{
	if (!c->r->why) {
		c->r->why = why;
		c->r->at = (size_t)(c->at - c->start);
	}
	return NULL;
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take(struct cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

/* How many bytes the UTF-8 character at c->at has; 0: it is none. */
static size_t character(const struct cursor *c)
{
	const unsigned char *p = (const unsigned char *)c->at;
	size_t left = (size_t)(c->end - c->at), n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0; /* too long, a surrogate, beyond U+10FFFF */
	return n;
}

static bool hex4(struct cursor *c, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, c->at++) {
		char d = c->at < c->end ? *c->at : 0;
		int v = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;

		if (v < 0)
			return false;
		*ret = *ret << 4 | (unsigned)v;
	}
	return true;
}

static char *put_character(char *out, unsigned u)
{
	if (u < 0x80) {
		*out++ = (char)u;
	} else if (u < 0x800) {
		*out++ = (char)(0xc0 | u >> 6);
		*out++ = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		*out++ = (char)(0xe0 | u >> 12);
		*out++ = (char)(0x80 | (u >> 6 & 0x3f));
		*out++ = (char)(0x80 | (u & 0x3f));
	} else {
		*out++ = (char)(0xf0 | u >> 18);
		*out++ = (char)(0x80 | (u >> 12 & 0x3f));
		*out++ = (char)(0x80 | (u >> 6 & 0x3f));
		*out++ = (char)(0x80 | (u & 0x3f));
	}
	return out;
}

/* Behind \u; two of them for what lies beyond U+FFFF. */
static bool unicode(struct cursor *c, char **out)
{
	unsigned u, low;

	if (!hex4(c, &u) || u == 0)
		return false;
	if (u >= 0xd800 && u < 0xe000) {
		if (u >= 0xdc00 || !take(c, '\\') || !take(c, 'u') || !hex4(c, &low) || low < 0xdc00 || low >= 0xe000)
			return false;
		u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
	}
	*out = put_character(*out, u);
	return true;
}

static bool escape(struct cursor *c, char **out)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	char letter = c->at < c->end ? *c->at++ : '\0';
	const char *found = letter ? strchr(letters, letter) : NULL;

	if (letter == 'u')
		return unicode(c, out);
	if (found)
		*(*out)++ = meanings[found - letters];
	return found != NULL;
}

/* Behind the opening quote. What is written is never longer than what is read. */
static const char *string(struct cursor *c)
{
	char *begin = c->r->strings + c->r->used, *out = begin;

	while (c->at < c->end && *c->at != '"') {
		size_t n;

		if (*c->at == '\\') {
			c->at++;
			if (!escape(c, &out))
				return wrong(c, "an escape that means nothing");
			continue;
		}
		n = character(c);
		if (n == 0)
			return wrong(c, "bytes that are not UTF-8");
		if ((unsigned char)*c->at < 0x20)
			return wrong(c, "a control character in a string");
		memcpy(out, c->at, n);
		out += n;
		c->at += n;
	}
	if (!take(c, '"'))
		return wrong(c, "a string without an end");
	*out++ = '\0';
	c->r->used += (size_t)(out - begin);
	return begin;
}

static bool digits(struct cursor *c)
{
	const char *before = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	return c->at > before;
}

static bool number(struct cursor *c)
{
	take(c, '-');
	if (!take(c, '0') && !digits(c))
		return false;
	if (take(c, '.') && !digits(c))
		return false;
	if (take(c, 'e') || take(c, 'E')) {
		if (!take(c, '+'))
			take(c, '-');
		return digits(c);
	}
	return true;
}

static bool word(struct cursor *c, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
		return false;
	c->at += n;
	return true;
}

static struct json *value(struct cursor *c, int depth);

static bool known(const struct json *object, const char *name)
{
	return json_member(object, name) != NULL;
}

/* Behind the opening bracket. */
static bool members(struct cursor *c, struct json *v, int depth)
{
	bool object = v->type == JSON_OBJECT;
	struct json **last = &v->first;

	skip_space(c);
	if (take(c, object ? '}' : ']'))
		return true;
	do {
		const char *name = NULL;

		skip_space(c);
		if (object) {
			if (!take(c, '"'))
				return wrong(c, "a member without a name");
			if (!(name = string(c)))
				return false;
			if (known(v, name))
				return wrong(c, "a name that is there twice");
			skip_space(c);
			if (!take(c, ':'))
				return wrong(c, "a name without a value");
		}
		*last = value(c, depth + 1);
		if (!*last)
			return false;
		(*last)->name = name;
		last = &(*last)->next;
		skip_space(c);
	} while (take(c, ','));
	return take(c, object ? '}' : ']') || wrong(c, object ? "an object without an end" : "an array without an end");
}

static bool scalar(struct cursor *c, struct json *v)
{
	if (take(c, '"')) {
		v->type = JSON_STRING;
		return (v->string = string(c)) != NULL;
	}
	if (*c->at == '-' || (*c->at >= '0' && *c->at <= '9')) {
		v->type = JSON_NUMBER;
		return number(c) || wrong(c, "a number that is none");
	}
	v->type = word(c, "true") ? JSON_TRUE : word(c, "false") ? JSON_FALSE : word(c, "null") ? JSON_NULL : JSON_OBJECT;
	return v->type != JSON_OBJECT || wrong(c, "something that is no value");
}

static struct json *value(struct cursor *c, int depth)
{
	struct json *v;
	bool good;

	skip_space(c);
	if (c->at == c->end)
		return wrong(c, "it ends too early");
	if (c->r->values == JSON_VALUES || depth > JSON_DEPTH)
		return wrong(c, depth > JSON_DEPTH ? "values that are nested too deep" : "too many values");
	v = &c->r->value[c->r->values++];
	*v = (struct json){ .text = c->at };
	if (take(c, '{'))
		v->type = JSON_OBJECT;
	else if (take(c, '['))
		v->type = JSON_ARRAY;
	else {
		good = scalar(c, v);
		v->n = (size_t)(c->at - v->text);
		return good ? v : NULL;
	}
	good = members(c, v, depth);
	v->n = (size_t)(c->at - v->text);
	return good ? v : NULL;
}

const struct json *json_read(struct json_reader *r, const char *text, size_t n)
{
	struct cursor c = { r, text, text, text + n };
	struct json *v;

	r->values = 0;
	r->used = 0;
	r->why = NULL;
	if (r->room < n + 1) {
		free(r->strings);
		r->strings = malloc(r->room = n + 1);
		if (!r->strings) {
			r->room = 0;
			return wrong(&c, "no memory");
		}
	}
	v = value(&c, 0);
	skip_space(&c);
	return v && c.at < c.end ? wrong(&c, "something behind its end") : v;
}

void json_reader_free(struct json_reader *r)
{
	free(r->strings);
	r->strings = NULL;
	r->room = 0;
}

const struct json *json_member(const struct json *v, const char *name)
{
	if (!v || v->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = v->first; m; m = m->next)
		if (m->name && strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

bool json_integer(const struct json *v, int64_t *ret)
{
	char text[32], *end;

	if (!v || v->type != JSON_NUMBER || v->n >= sizeof(text))
		return false;
	memcpy(text, v->text, v->n);
	text[v->n] = '\0';
	if (strpbrk(text, ".eE"))
		return false;
	*ret = strtoll(text, &end, 10);
	if (*ret == INT64_MAX || *ret == INT64_MIN)
		return strcmp(text, *ret > 0 ? "9223372036854775807" : "-9223372036854775808") == 0;
	return *end == '\0';
}
