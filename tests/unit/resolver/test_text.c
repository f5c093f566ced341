// SPDX-License-Identifier: MIT
#include "resolver/text.h"

#include "common.h"

static void lines_end_at_newlines_and_nuls(void **state)
{
	struct fdg_text rest = { "a b\n\nc\0d\ne", 11 }, line;

	(void)state;
	rest.n = 10;
	assert_true(fdg_text_line(&rest, &line) && fdg_text_is(line, "a b"));
	assert_true(fdg_text_line(&rest, &line) && fdg_text_is(line, ""));
	assert_true(fdg_text_line(&rest, &line) && fdg_text_is(line, "c"));
	assert_true(fdg_text_line(&rest, &line) && fdg_text_is(line, "e"));
	assert_false(fdg_text_line(&rest, &line));
}

static void words_are_between_blanks(void **state)
{
	struct fdg_text rest = text_of(" \ta\r\v\fbc "), word;

	(void)state;
	assert_true(fdg_text_word(&rest, &word) && fdg_text_is(word, "a"));
	assert_true(fdg_text_word(&rest, &word) && fdg_text_is_any_case(word, "BC"));
	assert_false(fdg_text_word(&rest, &word));
	assert_int_equal(word.n, 0);
}

static void parts_are_cut_once(void **state)
{
	struct fdg_text rest = text_of("a/b/c"), part = fdg_text_until(&rest, "/");

	(void)state;
	assert_true(fdg_text_is(part, "a") && fdg_text_is(rest, "b/c"));
	part = fdg_text_until(&rest, "#");
	assert_true(fdg_text_is(part, "b/c") && !rest.n);
}

static void numbers_are_whole_words(void **state)
{
	uint32_t n = 1;

	(void)state;
	assert_true(fdg_text_number(text_of(""), 9, &n) && n == 0);
	assert_true(fdg_text_number(text_of("+07"), 9, &n) && n == 7);
	assert_true(fdg_text_number(text_of("4294967295"), UINT32_MAX, &n) && n == UINT32_MAX);
	assert_false(fdg_text_number(text_of("4294967296"), UINT32_MAX, &n));
	assert_false(fdg_text_number(text_of("99999999999999999999999"), UINT32_MAX, &n));
	assert_false(fdg_text_number(text_of("10"), 9, &n));
	assert_false(fdg_text_number(text_of("-1"), 9, &n));
	assert_false(fdg_text_number(text_of("1x"), 9, &n));
}

static void a_copy_has_a_limit(void **state)
{
	char word[FDG_TEXT_WORD + 1], copy[FDG_TEXT_WORD];

	(void)state;
	memset(word, 'a', sizeof(word));
	assert_true(fdg_text_copy((struct fdg_text){ word, FDG_TEXT_WORD - 1 }, copy));
	assert_int_equal(strlen(copy), FDG_TEXT_WORD - 1);
	assert_false(fdg_text_copy((struct fdg_text){ word, FDG_TEXT_WORD }, copy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_at_newlines_and_nuls),
		cmocka_unit_test(words_are_between_blanks),
		cmocka_unit_test(parts_are_cut_once),
		cmocka_unit_test(numbers_are_whole_words),
		cmocka_unit_test(a_copy_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
