// SPDX-License-Identifier: MIT
#include <string.h>

#include "options/reader.h"

#include "base/poison.h"

bool fdg_slice_is(struct fdg_slice v, const char *word)
{
	return strlen(word) == v.n && memcmp(v.s, word, v.n) == 0;
}

static struct fdg_slice take_until_comma(struct fdg_slice *rest)
{
	const char *comma = memchr(rest->s, ',', rest->n);
	struct fdg_slice word = { rest->s, comma ? (size_t)(comma - rest->s) : rest->n };

	rest->s += word.n + !!comma;
	rest->n -= word.n + !!comma;
	return word;
}

bool fdg_slice_word(struct fdg_slice *rest, struct fdg_slice *ret_word)
{
	while (rest->n) {
		struct fdg_slice word = take_until_comma(rest);

		if (word.n) {
			*ret_word = word;
			return true;
		}
	}
	return false;
}

int fdg_slice_index(struct fdg_slice v, const char *words)
{
	for (int i = 0;; i++) {
		size_t n = strcspn(words, ",");

		if (n == v.n && memcmp(words, v.s, n) == 0)
			return i;
		if (!words[n])
			return -1;
		words += n + 1;
	}
}
