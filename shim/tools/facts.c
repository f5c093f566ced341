// SPDX-License-Identifier: MIT
#include "tools/facts.h"

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
		list[(*n)++] = (struct fact){ label, text };
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
	}
	return n;
}
