// SPDX-License-Identifier: MIT
#include "tools/facts.h"

#include <stdlib.h>
#include <string.h>

/* Members of a line that people want to see, with the words of the library's text (guards/). */
static const struct {
	const char *name, *label;
	bool unsaid; /* only if the sentence has not said it */
} rows[] = {
	{ "kind", "kind", true },
	{ "kinds", "kinds", true },
	{ "fds", "descriptors", false },
	{ "what", "what they are", false },
	{ "crowded", "not told apart", false },
	{ "below", "most of the numbers below 1,024", false },
	{ "asked", "the kernel would read", false },
	{ "meant", "meant", false },
	{ "other_fd", "other fd", true },
	{ "other_at", "other fd made at", false },
	{ "registered_at", "registered at", false },
	{ "closed_at", "closed at", false },
	{ "other", "also held by", false },
	{ "limit", "of the limit in use", false },
	{ "full_in", "used up, at this rate, in", false },
	{ "made_2", "made", false },
	{ "made_3", "made", false },
	{ "example", "one of them", false },
	{ "command", "command", false },
	{ "parent_exe", "parent", true },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add(struct fact *list, size_t *n, const char *label, const char *text)
{
	if (*n < FACTS_MAX && text && *text)
		list[(*n)++] = (struct fact){ .label = label, .text = text };
}

bool facts_place(struct pool *pool, const char *text, struct log_frame *ret)
{
	const char *open = strstr(text, " ("), *object = open ? open + 2 : text, *plus = strrchr(object, '+');
	unsigned long long offset;
	char *end;

	if (!plus || plus == object || strncmp(plus, "+0x", 3) != 0)
		return false;
	offset = strtoull(plus + 1, &end, 16);
	if (end == plus + 3 || strcmp(end, open ? ")" : "") != 0)
		return false;
	*ret = (struct log_frame){ pool_text(pool, object, (size_t)(plus - object)), offset, open ? pool_text(pool, text, (size_t)(open - text)) : NULL, NULL };
	return true;
}

static const char *const with_place[FACTS_PLACES] = { "other_at", "registered_at" };

static bool has_place(const char *name)
{
	return strcmp(name, with_place[0]) == 0 || strcmp(name, with_place[1]) == 0;
}

unsigned facts_places(struct pool *pool, const struct log_line *l, struct log_frame ret[FACTS_PLACES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FACTS_PLACES; i++) {
		const char *text = log_field(l, with_place[i]);

		n += text && facts_place(pool, text, &ret[n]);
	}
	return n;
}

size_t facts_of(struct pool *pool, const struct log_line *l, struct fact ret[FACTS_MAX])
{
	size_t n = 0;

	if (l->fd >= 0 && !log_field(l, "fds"))
		add(ret, &n, "fd", pool_format(pool, "%lld", (long long)l->fd));
	add(ret, &n, "peer", l->peer);
	add(ret, &n, "local", l->local);
	if (l->age_ms >= 0)
		add(ret, &n, "age", pool_format(pool, "%lld.%03d s", (long long)(l->age_ms / 1000), (int)(l->age_ms % 1000)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = log_field(l, rows[i].name);

		if (text && !(rows[i].unsaid && strstr(l->message, base_name(text))))
			add(ret, &n, rows[i].label, text);
		if (text && n && ret[n - 1].text == text && has_place(rows[i].name))
			facts_place(pool, text, &ret[n - 1].place);
	}
	return n;
}
