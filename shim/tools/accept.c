// SPDX-License-Identifier: MIT
#include "tools/accept.h"

#include <string.h>

#include "tools/fingerprint.h"
#include "tools/places.h"

/* A name as a glob of one word. */
static const char *glob_of(struct pool *pool, const char *name, size_t n)
{
	char *text = pool_text(pool, name, n);

	for (char *p = text; *p; p++)
		if (strchr("*?[]\\#", *p) || (unsigned char)*p <= ' ' || *p == 0x7f)
			*p = '?';
	return text;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *accept_object(struct pool *pool, const char *object)
{
	const char *name = base_name(object);

	return pool_format(pool, "site:%s:*", glob_of(pool, name, strlen(name)));
}

/* What the line lets through besides the finding that it is shown with. */
static const char *width_of(const struct log_line *l)
{
	if (log_is_crowded(l))
		return " # wide: all that leaks into what it starts";
	return (places_frame(l) == l->created ? l->createds : l->sites) > 1 ? " # whoever calls it" : "";
}

const char *accept_line(struct pool *pool, const struct log_line *l)
{
	const struct log_frame *frame = places_frame(l);
	const char *name = base_name(frame ? frame->object : l->exe), *object = glob_of(pool, name, strlen(name)), *plus;
	size_t n;

	if (!frame)
		return pool_format(pool, "%s exe:%s", l->id, object);
	if (!frame->symbol)
		return pool_format(pool, "%s %s # wide: all of this object, which has no symbols", l->id, accept_object(pool, frame->object));
	n = fingerprint_symbol_length(frame->symbol);
	plus = strrchr(frame->symbol, '+');
	return pool_format(pool, "%s site:%s:%s%s%s", l->id, object, glob_of(pool, frame->symbol, n), plus && (size_t)(plus - frame->symbol) == n ? "" : "*", width_of(l));
}
