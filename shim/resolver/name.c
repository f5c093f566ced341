// SPDX-License-Identifier: MIT
#include "resolver/name.h"

#include <string.h>

#include "base/poison.h"

/* What it does is not to be seen where it is called: copies of some bytes grow into loops there. clang has no noipa. */
#ifdef __clang__
#define OPAQUE __attribute__((noinline))
#else
#define OPAQUE __attribute__((noipa))
#endif

enum { KIND = 0xc0, POINTER = 0xc0 }; /* the two high bits of a length byte */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The byte that is written at *text, which is moved behind it. `end` is behind the text. */
static enum fdg_dns_error next_byte(const char **text, const char *end, uint8_t *ret)
{
	const char *t = *text;
	unsigned value = 0;

	if (*t != '\\') {
		*ret = (uint8_t)*t;
		*text = t + 1;
		return FDG_DNS_OK;
	}
	if (++t == end)
		return FDG_DNS_ESCAPE;
	if (!is_digit(*t)) {
		*ret = (uint8_t)*t;
		*text = t + 1;
		return FDG_DNS_OK;
	}
	for (int i = 0; i < 3; i++, t++) {
		if (t == end || !is_digit(*t))
			return FDG_DNS_ESCAPE;
		value = value * 10 + (unsigned)(*t - '0');
	}
	if (value > 255)
		return FDG_DNS_ESCAPE;
	*ret = (uint8_t)value;
	*text = t;
	return FDG_DNS_OK;
}

/* Appends the label at *text, and moves that to the dot behind it or to the end. */
static enum fdg_dns_error add_label(struct fdg_dns_name *name, const char **text, const char *end)
{
	uint8_t label[FDG_DNS_LABEL_MAX];
	size_t n = 0;

	while (*text < end && **text != '.') {
		uint8_t byte;
		enum fdg_dns_error error = next_byte(text, end, &byte);

		if (error)
			return error;
		if (n == sizeof(label))
			return FDG_DNS_LABEL_LONG;
		label[n++] = byte;
	}
	if (!n)
		return FDG_DNS_LABEL_EMPTY;
	if (name->len + 1 + n + 1 > FDG_DNS_NAME_MAX)
		return FDG_DNS_NAME_LONG;
	name->wire[name->len] = (uint8_t)n;
	memcpy(name->wire + name->len + 1, label, n);
	name->len = (uint8_t)(name->len + 1 + n);
	return FDG_DNS_OK;
}

enum fdg_dns_error fdg_dns_name_from_text(const char *text, size_t n, struct fdg_dns_name *ret)
{
	const char *end = text + n;

	ret->len = 0;
	if (n == 1 && *text == '.')
		text = end;
	while (text < end) {
		enum fdg_dns_error error = add_label(ret, &text, end);

		if (error)
			return error;
		if (text < end)
			text++; /* the dot */
	}
	ret->wire[ret->len++] = 0;
	return FDG_DNS_OK;
}

static size_t put_byte(char *to, uint8_t c)
{
	if (c <= ' ' || c >= 0x7f) {
		to[0] = '\\';
		to[1] = (char)('0' + c / 100);
		to[2] = (char)('0' + c / 10 % 10);
		to[3] = (char)('0' + c % 10);
		return 4;
	}
	if (strchr("\".;\\@$()", c)) {
		to[0] = '\\';
		to[1] = (char)c;
		return 2;
	}
	*to = (char)c;
	return 1;
}

size_t fdg_dns_name_to_text(const struct fdg_dns_name *name, char ret_text[FDG_DNS_TEXT_MAX])
{
	const uint8_t *label = name->wire;
	size_t n = 0;

	for (; *label; label += 1 + *label) {
		if (n)
			ret_text[n++] = '.';
		for (uint8_t i = 1; i <= *label; i++)
			n += put_byte(ret_text + n, label[i]);
	}
	if (!n)
		ret_text[n++] = '.';
	ret_text[n] = '\0';
	return n;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Length bytes are below 'A', so that the whole can be folded. */
bool fdg_dns_name_equal(const struct fdg_dns_name *a, const struct fdg_dns_name *b)
{
	if (a->len != b->len)
		return false;
	for (uint8_t i = 0; i < a->len; i++)
		if (lower(a->wire[i]) != lower(b->wire[i]))
			return false;
	return true;
}

static bool is_host_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
}

bool fdg_dns_name_is_host(const struct fdg_dns_name *name)
{
	if (name->len > 1 && name->wire[1] == '-')
		return false;
	for (const uint8_t *label = name->wire; *label; label += 1 + *label)
		for (uint8_t i = 1; i <= *label; i++)
			if (!is_host_byte(label[i]))
				return false;
	return true;
}

/* The pointer at msg[at], in a run of labels that begins at `start`. */
static enum fdg_dns_error pointer_at(const uint8_t *msg, size_t len, size_t at, size_t start, size_t *ret_to)
{
	size_t to;

	if (at + 2 > len)
		return FDG_DNS_CUT;
	to = (size_t)(msg[at] & ~KIND) << 8 | msg[at + 1];
	if (to >= start)
		return FDG_DNS_POINTER;
	*ret_to = to;
	return FDG_DNS_OK;
}

/* Appends what lies at msg[*at] up to the root or a pointer, and moves *at there. A pointer is told by *ret_root == false. */
OPAQUE void fdg_dns_copy(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}

void fdg_dns_name_copy(struct fdg_dns_name *to, const struct fdg_dns_name *from)
{
	fdg_dns_copy(to, from, from->len + 1u);
}

static enum fdg_dns_error read_run(const uint8_t *msg, size_t len, size_t *at, uint8_t *wire, size_t *n, bool *ret_root)
{
	for (;;) {
		uint8_t c;

		if (*at >= len)
			return FDG_DNS_CUT;
		c = msg[*at];
		*ret_root = !c;
		if (!c || (c & KIND) == POINTER)
			return FDG_DNS_OK;
		if (c & KIND)
			return FDG_DNS_LABEL_TYPE;
		if (*at + 1 + c > len)
			return FDG_DNS_CUT;
		if (*n + 1 + c + 1 > FDG_DNS_NAME_MAX)
			return FDG_DNS_NAME_LONG;
		fdg_dns_copy(wire + *n, msg + *at, (size_t)c + 1);
		*n += (size_t)c + 1;
		*at += (size_t)c + 1;
	}
}

enum fdg_dns_error fdg_dns_name_read(const uint8_t *msg, size_t len, size_t at, struct fdg_dns_name *ret,
				     size_t *ret_end)
{
	size_t n = 0, start = at, end = 0;
	bool root = false;

	for (unsigned pointers = 0; pointers <= FDG_DNS_POINTERS_MAX; pointers++) {
		enum fdg_dns_error error = read_run(msg, len, &at, ret->wire, &n, &root);

		if (!pointers)
			end = at + (root ? 1 : 2);
		if (!error && !root)
			error = pointer_at(msg, len, at, start, &start);
		if (error)
			return error;
		if (root) {
			ret->wire[n] = 0;
			ret->len = (uint8_t)(n + 1);
			*ret_end = end;
			return FDG_DNS_OK;
		}
		at = start;
	}
	return FDG_DNS_POINTERS;
}

enum fdg_dns_error fdg_dns_name_skip(const uint8_t *msg, size_t len, size_t at, size_t *ret_end)
{
	uint8_t wire[FDG_DNS_NAME_MAX];
	size_t n = 0, start = at, to;
	bool root = false;
	enum fdg_dns_error error = read_run(msg, len, &at, wire, &n, &root);

	if (!error && !root)
		error = pointer_at(msg, len, at, start, &to);
	if (!error)
		*ret_end = at + (root ? 1 : 2);
	return error;
}
