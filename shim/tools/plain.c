// SPDX-License-Identifier: MIT
#include "tools/plain.h"

#include <stdbool.h>
#include <string.h>

/* The character at s and how many bytes it has; 0 bytes: no UTF-8. */
static uint32_t decode(const char *s, int *ret_n)
{
	static const struct { unsigned char mask, lead; uint32_t least; } forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};
	unsigned char first = (unsigned char)*s;

	*ret_n = 0;
	for (int n = 0; n < 4; n++) {
		uint32_t c = first & ~forms[n].mask & 0xff;
		int i;

		if ((first & forms[n].mask) != forms[n].lead)
			continue;
		for (i = 1; i <= n && ((unsigned char)s[i] & 0xc0) == 0x80; i++)
			c = c << 6 | ((unsigned char)s[i] & 0x3f);
		if (i <= n || c < forms[n].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return 0;
		*ret_n = n + 1;
		return c;
	}
	return 0;
}

static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

/* "##[error]" and "##vso[task…]" are commands to runners of GitHub and Azure, anywhere in a line. */
static bool is_command(const char *s)
{
	return s[0] == '#' && s[1] == '#' && (s[2] == '[' || strncmp(s + 2, "vso[", 4) == 0);
}

uint32_t plain_next(const char **s, char ret[9])
{
	int n;
	uint32_t c = decode(*s, &n);

	if (is_command(*s)) {
		strcpy(ret, "\\x23");
		++*s;
		return 0;
	}

	if (n == 0) {
		snprintf(ret, 9, "\\x%02x", (unsigned char)*(*s)++);
		return 0;
	}
	if (is_harmful(c)) {
		snprintf(ret, 9, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%06x", (unsigned)c);
		*s += n;
		return 0;
	}
	memcpy(ret, *s, (size_t)n);
	ret[n] = '\0';
	*s += n;
	return c;
}

void plain_put(FILE *f, const char *s)
{
	char text[9];

	while (*s) {
		plain_next(&s, text);
		fputs(text, f);
	}
}

char *plain_copy(struct pool *p, const char *s)
{
	char *copy = pool_take(p, strlen(s) * 4 + 1), *end = copy; /* a byte becomes \x1b, and what is longer in bytes does not grow as much */

	while (*s) {
		plain_next(&s, end);
		end += strlen(end);
	}
	return copy;
}
