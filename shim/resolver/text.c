// SPDX-License-Identifier: MIT
#include "resolver/text.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/poison.h"

static struct fdg_text cut(struct fdg_text *rest, size_t n, size_t and_behind)
{
	struct fdg_text part = { rest->s, n };

	rest->s += n + and_behind;
	rest->n -= n + and_behind;
	return part;
}

bool fdg_text_line(struct fdg_text *rest, struct fdg_text *ret)
{
	const char *end, *nul;

	if (!rest->n)
		return false;
	end = memchr(rest->s, '\n', rest->n);
	*ret = cut(rest, end ? (size_t)(end - rest->s) : rest->n, end ? 1 : 0);
	nul = memchr(ret->s, '\0', ret->n);
	if (nul)
		ret->n = (size_t)(nul - ret->s);
	return true;
}

struct fdg_text fdg_text_trim_start(struct fdg_text t)
{
	while (t.n && fdg_text_is_space(*t.s))
		cut(&t, 1, 0);
	return t;
}

bool fdg_text_word(struct fdg_text *rest, struct fdg_text *ret)
{
	size_t n = 0;

	*rest = fdg_text_trim_start(*rest);
	while (n < rest->n && !fdg_text_is_space(rest->s[n]))
		n++;
	*ret = cut(rest, n, 0);
	return n > 0;
}

struct fdg_text fdg_text_until(struct fdg_text *rest, const char *ends)
{
	size_t n = 0;

	if (!ends[1])
		while (n < rest->n && rest->s[n] != *ends)
			n++;
	else
		while (n < rest->n && !(rest->s[n] && strchr(ends, rest->s[n])))
			n++;
	return cut(rest, n, n < rest->n);
}

bool fdg_text_starts(struct fdg_text t, const char *word)
{
	size_t n = strlen(word);

	return t.n >= n && memcmp(t.s, word, n) == 0;
}

bool fdg_text_is(struct fdg_text t, const char *word)
{
	return t.n == strlen(word) && fdg_text_starts(t, word);
}

bool fdg_text_is_any_case(struct fdg_text t, const char *word)
{
	return t.n == strlen(word) && strncasecmp(t.s, word, t.n) == 0;
}

bool fdg_text_has(struct fdg_text t, char c)
{
	return t.n && memchr(t.s, c, t.n);
}

bool fdg_text_copy(struct fdg_text t, char ret[FDG_TEXT_WORD])
{
	if (t.n >= FDG_TEXT_WORD)
		return false;
	if (t.n)
		memcpy(ret, t.s, t.n);
	ret[t.n] = '\0';
	return true;
}

bool fdg_text_number(struct fdg_text t, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;

	if (t.n > 1 && *t.s == '+')
		cut(&t, 1, 0);
	for (size_t i = 0; i < t.n; i++) {
		if (t.s[i] < '0' || t.s[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(t.s[i] - '0');
		if (value > max)
			return false;
	}
	*ret = (uint32_t)value;
	return true;
}

char *fdg_text_put_number(char *to, uint32_t n)
{
	char digits[10];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while (n /= 10);
	while (count)
		*to++ = digits[--count];
	*to = '\0';
	return to;
}

const char *fdg_text_variable(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environ; e && *e; e++)
		if (**e == *name && strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}
