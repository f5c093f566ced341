// SPDX-License-Identifier: MIT
#include "report/stable.h"

#include <stdbool.h>
#include <string.h>

#include "base/poison.h"

static bool is_clone(const char *word, size_t n)
{
	static const char *const words[] = { "part", "isra", "constprop", "cold", "llvm", "lto_priv", "localalias", "clone", "__uniq" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n && memcmp(words[i], word, n) == 0)
			return true;
	return false;
}

/* Where the last ".word" or ".word.123" begins; n: there is none that a compiler made. */
static size_t before_clone(const char *s, size_t n)
{
	size_t end = n, at;

	while (end > 0 && s[end - 1] >= '0' && s[end - 1] <= '9')
		end--;
	end = end < n && end > 0 && s[end - 1] == '.' ? end - 1 : n;
	for (at = end; at > 0 && s[at - 1] != '.'; at--)
		;
	return at > 1 && is_clone(s + at, end - at) ? at - 1 : n;
}

static size_t before_rust_hash(const char *s, size_t n)
{
	if (n <= 20 || memcmp(s + n - 20, "17h", 3) != 0 || s[n - 1] != 'E')
		return n;
	for (size_t i = n - 17; i < n - 1; i++)
		if (!strchr("0123456789abcdefABCDEF", s[i]))
			return n;
	return n - 20;
}

size_t fdg_stable_length(const char *s, size_t n)
{
	for (size_t cut; (cut = before_clone(s, n)) < n;)
		n = cut;
	return before_rust_hash(s, n);
}
