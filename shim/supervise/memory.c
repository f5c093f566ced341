// SPDX-License-Identifier: MIT
#include "supervise/memory.h"

#include <string.h>

#include "supervise/facts.h"

#include "base/poison.h"

#define PAGE 4096u
#define WINDOW (16 * PAGE)

/* What was read last: most strings lie behind one another. */
struct window {
	uint64_t from;
	size_t have;
	char text[WINDOW];
};

/* As many bytes as there are from `at` on, from the window; moves it there if need be. NULL: there is nothing. */
static const char *see(struct window *w, int tid, uint64_t at, size_t *ret_have)
{
	if (at < w->from || at - w->from >= w->have) {
		long n = fdg_facts_read(tid, at, w->text, WINDOW);

		/* The kernel stops at the first page that is not there, or says EFAULT if that is so of the first. */
		w->from = at;
		w->have = n > 0 ? (size_t)n : 0;
	}
	*ret_have = w->have - (size_t)(at - w->from);
	return *ret_have ? w->text + (at - w->from) : NULL;
}

/* Appends one string; false: it does not fit, or has no end that can be seen. */
static bool copy_string(struct window *w, int tid, uint64_t at, struct fdg_strings *s)
{
	size_t start = s->used, have, n;
	const char *piece;

	while ((piece = see(w, tid, at, &have))) {
		n = strnlen(piece, have);
		if (n >= FDG_STRING_BYTES - s->used)
			break;
		memcpy(s->text + s->used, piece, n);
		s->used += n;
		at += n;
		if (n == have)
			continue;
		s->text[s->used++] = '\0';
		s->string[s->count++] = s->text + start;
		return true;
	}
	s->used = start;
	return false;
}

static uint64_t pointer_at(const char *pointer, bool is_32)
{
	uint64_t wide = 0;
	uint32_t narrow;

	if (!is_32) {
		memcpy(&wide, pointer, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, pointer, sizeof(narrow));
	return narrow;
}

void fdg_strings_read(int tid, uint64_t at, bool is_32, struct fdg_strings *ret)
{
	static struct window pointers, strings; /* the supervisor has one thread */
	unsigned size = is_32 ? 4 : 8;
	const char *seen;
	uint64_t string;
	size_t have;

	pointers.have = strings.have = 0;
	ret->count = 0;
	ret->used = 0;
	ret->is_whole = at == 0;
	for (uint64_t next = at; at && ret->count < FDG_STRINGS; next += size) {
		seen = see(&pointers, tid, next, &have);
		if (!seen || have < size)
			break;
		string = pointer_at(seen, is_32);
		ret->is_whole = string == 0;
		if (!string || !copy_string(&strings, tid, string, ret))
			break;
	}
	ret->string[ret->count] = NULL;
}

const char *fdg_strings_value(const struct fdg_strings *s, const char *name)
{
	size_t n = strlen(name);

	for (unsigned i = 0; i < s->count; i++)
		if (strncmp(s->string[i], name, n) == 0 && s->string[i][n] == '=')
			return s->string[i] + n + 1;
	return NULL;
}
