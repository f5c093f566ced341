// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "options/options.h"

#include "base/poison.h"

/* [a-z] or [!a-z] at p against c: the pattern behind it, or NULL. Without a closing bracket it is a plain '['. */
static const char *match_class(const char *p, unsigned char c)
{
	bool negated = p[1] == '!' || p[1] == '^', hit = false;
	const char *q = p + 1 + negated;

	do {
		unsigned char low = (unsigned char)q[0], high = low;

		if (!low)
			return c == '[' ? p + 1 : NULL;
		if (q[1] == '-' && q[2] && q[2] != ']') {
			high = (unsigned char)q[2];
			q += 2;
		}
		hit |= low <= c && c <= high;
		q++;
	} while (*q != ']');
	return hit != negated ? q + 1 : NULL;
}

static const char *match_char(const char *p, char c)
{
	if (*p == '[')
		return match_class(p, (unsigned char)c);
	return *p == '?' || *p == c ? p + 1 : NULL;
}

bool fdg_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL; /* behind the last '*', and what it has not eaten yet */

	while (*text) {
		const char *next = *pattern && *pattern != '*' ? match_char(pattern, *text) : NULL;

		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (next) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool fdg_names_match(const struct fdg_names *n, const char *name)
{
	for (unsigned i = 0; i < n->count; i++)
		if (fdg_glob(n->glob[i], name))
			return true;
	return false;
}

bool fdg_fdset_has(const struct fdg_fdset *s, int fd, unsigned kind_bit)
{
	if (s->kinds & kind_bit)
		return true;
	for (unsigned i = 0; i < s->ranges; i++)
		if (s->range[i].first <= fd && fd <= s->range[i].last)
			return true;
	return false;
}
