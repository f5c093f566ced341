// SPDX-License-Identifier: MIT
#include "said.h"

#include <fnmatch.h>

static void globs_match_as_a_shell_matches(void **state)
{
	static const char *const patterns[] = {
		"", "*", "?", "a", "ab", "a*", "*b", "a*b", "a**b", "*a*b*", "??", "?*?", "[a]", "[a-c]x", "[!a-c]x", "[^a]", "x[]]", "x[!]]",
		"[]-a]", "[a-]", "[-a]", "[a-c-e]", "a[", "[", "[!", "[a", "[]", "*[0-9]", "python3.[0-9]*", "[!]", "*.so.[0-9]*", "a?*c",
	};
	static const char *const texts[] = {
		"", "a", "b", "ab", "aab", "abb", "abc", "x]", "xa", "ax", "dx", "[", "]", "a[", "-", "c", "d", "e", "[a", "[!", "[]", "python3.11",
		"python", "a-", "libc.so.6", "ac", "abbbc", "\xc3\xa9", "9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			bool want = fnmatch(patterns[i], texts[j], FNM_NOESCAPE) == 0;

			if (fdg_glob(patterns[i], texts[j]) != want)
				fail_msg("'%s' %s '%s'", patterns[i], want ? "must match" : "must not match", texts[j]);
		}
}

static void slashes_and_dots_are_plain_characters(void **state)
{
	(void)state;
	assert_true(fdg_glob("*", "/usr/.bin/x"));
	assert_true(fdg_glob("libsdk.so:*", "libsdk.so:DataApi::connect+0x4b"));
	assert_false(fdg_glob("libsdk.so:*", "libsdk.so.1:f"));
}

/* A matcher that tries every way would take longer than the sun lasts. */
static void many_stars_take_no_time(void **state)
{
	char pattern[201], text[4097];

	(void)state;
	for (int i = 0; i < 100; i++)
		memcpy(pattern + 2 * i, "a*", 2);
	pattern[199] = 'b';
	pattern[200] = '\0';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(fdg_glob(pattern, text));
}

static void one_of_the_names_is_enough(void **state)
{
	static const char *const globs[] = { "nginx", "py*" };
	struct fdg_names names = { 2, globs }, none = { 0, NULL };

	(void)state;
	assert_true(fdg_names_match(&names, "nginx"));
	assert_true(fdg_names_match(&names, "python3"));
	assert_false(fdg_names_match(&names, "nginx-debug"));
	assert_false(fdg_names_match(&names, ""));
	assert_false(fdg_names_match(&none, "nginx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(globs_match_as_a_shell_matches),
		test(slashes_and_dots_are_plain_characters),
		test(many_stars_take_no_time),
		test(one_of_the_names_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
