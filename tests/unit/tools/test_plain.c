// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/plain.h"

static char *plain(const char *s)
{
	static char *text;
	size_t n;
	FILE *f;

	free(text);
	text = NULL;
	f = open_memstream(&text, &n);
	plain_put(f, s);
	fclose(f);
	return text;
}

static void text_stays(void **state)
{
	(void)state;
	assert_string_equal(plain(""), "");
	assert_string_equal(plain("dns_pool_open+0xa2 (/usr/bin/x y)"), "dns_pool_open+0xa2 (/usr/bin/x y)");
	assert_string_equal(plain("größe … 日本 \U0001f600"), "größe … 日本 \U0001f600");
}

static void what_is_obeyed_becomes_visible(void **state)
{
	(void)state;
	assert_string_equal(plain("\033[31m\r\n\t\x7f"), "\\x1b[31m\\x0d\\x0a\\x09\\x7f");
	assert_string_equal(plain("\xc2\x9b""2J"), "\\x9b2J");
	assert_string_equal(plain("a\u202eb\u2066c\u200bd\ufeff"), "a\\u202eb\\u2066c\\u200bd\\ufeff");
	assert_string_equal(plain("\U000e0041"), "\\U0e0041");
	assert_string_equal(plain("\uffff\ufffe"), "\\uffff\\ufffe"); /* XML has neither */
}

static void what_a_runner_would_obey_is_broken_up(void **state)
{
	(void)state;
	assert_string_equal(plain("a ##[error]x ##vso[task.x]"), "a \\x23#[error]x \\x23#vso[task.x]");
	assert_string_equal(plain("###[x"), "#\\x23#[x");
	assert_string_equal(plain("# ## #[ ##vs #"), "# ## #[ ##vs #");
}

static void what_is_no_utf8_is_shown_byte_by_byte(void **state)
{
	(void)state;
	assert_string_equal(plain("\xff\xfe"), "\\xff\\xfe");
	assert_string_equal(plain("\xc3"), "\\xc3");
	assert_string_equal(plain("\xe2\x80"), "\\xe2\\x80");
	assert_string_equal(plain("\xc0\xaf"), "\\xc0\\xaf");             /* a long form of '/' */
	assert_string_equal(plain("\xed\xa0\x80"), "\\xed\\xa0\\x80");    /* half a pair */
	assert_string_equal(plain("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
	assert_string_equal(plain("\xf8\x88\x80\x80\x80x"), "\\xf8\\x88\\x80\\x80\\x80x");
}

static void every_character_comes_through_or_is_shown(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 37) {
		char in[5] = "", out[9];
		const char *s = in;
		uint32_t got;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c < 0x80) {
			in[0] = (char)c;
		} else {
			int n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

			for (int i = n - 1; i > 0; i--)
				in[i] = (char)(0x80 | ((c >> (6 * (n - 1 - i))) & 0x3f));
			in[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c >> (6 * (n - 1)));
		}
		got = plain_next(&s, out);
		assert_int_equal(*s, '\0');
		assert_true(got == c ? strcmp(in, out) == 0 : got == 0 && out[0] == '\\');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_stays),
		cmocka_unit_test(what_is_obeyed_becomes_visible),
		cmocka_unit_test(what_a_runner_would_obey_is_broken_up),
		cmocka_unit_test(what_is_no_utf8_is_shown_byte_by_byte),
		cmocka_unit_test(every_character_comes_through_or_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
