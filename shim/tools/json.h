/* SPDX-License-Identifier: MIT */
/*
 * JSON text -> values. Strict (RFC 8259): UTF-8 that is none, control characters in strings, leading zeros, trailing commas, a name that an object has
 * twice, and anything behind the value are mistakes; so is a NUL in a string, which C text cannot hold. Bounded: JSON_VALUES values, JSON_DEPTH deep.
 */
#ifndef FDG_TOOLS_JSON_H
#define FDG_TOOLS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_VALUES 4096
#define JSON_DEPTH 16

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	const char *name;   /* in an object */
	const char *string; /* JSON_STRING: its content */
	const char *text;   /* where it is in the text that was read, and how long */
	size_t n;
	struct json *first, *next; /* of an array or object; of its parent */
};

/* A reader is large: keep one. Values and strings live in it until the next call, and in `text`. */
struct json_reader {
	struct json value[JSON_VALUES];
	unsigned values;
	char *strings; /* as long as the text and more: on the heap */
	size_t room, used;
	const char *why; /* what was wrong, in a few words */
	size_t at;       /* and where */
};

/* NULL: the text is no JSON value. */
const struct json *json_read(struct json_reader *r, const char *text, size_t n);
void json_reader_free(struct json_reader *r);

/* The member of an object; NULL: it has none, or v is no object. */
const struct json *json_member(const struct json *v, const char *name);
/* A number without fraction or exponent that fits; false otherwise, and for NULL. */
bool json_integer(const struct json *v, int64_t *ret);

#endif
