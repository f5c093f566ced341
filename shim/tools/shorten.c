// SPDX-License-Identifier: MIT
#include "tools/shorten.h"

#include <stdbool.h>
#include <string.h>

#define MARK "…"

/* "operator<", "operator<<=", "operator->*", "operator<=>": brackets that are none. How many bytes; 0: it is none. */
static size_t operator_at(const char *begin, const char *s)
{
	static const char word[] = "operator";

	if (s - begin < (long)sizeof(word) - 1 || memcmp(s - (sizeof(word) - 1), word, sizeof(word) - 1) != 0)
		return 0;
	return strspn(s, "<>=-*");
}

/* What is in template brackets of more than `deep` levels becomes a mark. ret has room for all of it. */
static void fold(const char *name, unsigned deep, char *ret)
{
	unsigned depth = 0;
	const char *s = name;

	while (*s) {
		size_t n = operator_at(name, s);

		depth -= !n && *s == '>' && depth && s > name && s[-1] != '-';
		if (depth <= deep) {
			memcpy(ret, s, n ? n : 1);
			ret += n ? n : 1;
		}
		if (!n && *s == '<' && depth++ == deep) {
			memcpy(ret, MARK, strlen(MARK));
			ret += strlen(MARK);
		}
		s += n ? n : 1;
	}
	*ret = '\0';
}

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static const char *without_middle(struct pool *pool, const char *name)
{
	size_t n = strlen(name), head = SHORTEN_FROM, tail = n - (SHORTEN_MOST - SHORTEN_FROM - strlen(MARK));

	while (is_inside(name[head]))
		head--;
	while (is_inside(name[tail]))
		tail++;
	return pool_format(pool, "%.*s" MARK "%s", (int)head, name, name + tail);
}

const char *shorten(struct pool *pool, const char *name)
{
	size_t n = strlen(name);
	char *folded;

	if (n <= SHORTEN_FROM)
		return name;
	folded = pool_take(pool, 4 * n + 1); /* "<" may become "<…" */
	for (unsigned deep = 2; deep-- > 0;) {
		fold(name, deep, folded);
		if (strlen(folded) <= SHORTEN_FROM)
			return folded;
	}
	return strlen(folded) <= SHORTEN_MOST ? folded : without_middle(pool, folded);
}
