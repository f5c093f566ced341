// SPDX-License-Identifier: MIT
#include "said.h"

#define NOT_KEY_VALUE " is not of the form key=value (a value that contains ':' or white space is quoted with '')"

static void settings_are_separated_by_colons_or_white_space(void **state)
{
	(void)state;
	good(":: level=note \t format=json\n\nstacks=3\r\vcloexec=off\f:follow=off :");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.format, FDG_JSON);
	assert_int_equal(options.stacks, 3);
	assert_int_equal(options.cloexec, FDG_OFF);
	assert_false(options.follow);
}

static void a_later_setting_wins(void **state)
{
	(void)state;
	good("level=note:level=error");
	assert_int_equal(options.level, FDG_LEVEL_ERROR);
	good("level=note");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
}

static void quotes_keep_separators_in_a_value(void **state)
{
	(void)state;
	good("log='/tmp/a b:c\td\n#=e':level=note");
	assert_string_equal(options.log.path, "/tmp/a b:c\td\n#=e");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	good("log=/a suppressions=''");
	assert_string_equal(options.log.path, "/a");
	good("level='error'");
	assert_int_equal(options.level, FDG_LEVEL_ERROR);
}

static void a_value_may_contain_equals_signs_and_hashes(void **state)
{
	(void)state;
	good("log=/tmp/a=b#c");
	assert_string_equal(options.log.path, "/tmp/a=b#c");
}

static void a_missing_closing_quote_is_a_mistake(void **state)
{
	(void)state;
	bad("level=note:log='/tmp/a:format=json", "the value of key 'log' has no closing quote");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.log.where, FDG_LOG_STDERR);
	assert_int_equal(options.format, FDG_TEXT);
	bad("log='", "the value of key 'log' has no closing quote");
}

static void quotes_go_around_the_whole_value(void **state)
{
	(void)state;
	bad("log='/tmp/a'b:level=note", "the value of key 'log' goes on behind its closing quote");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	bad("log=/tmp/'a':level=error", "the value of key 'log' has a quote inside: quotes go around the whole value");
	assert_int_equal(options.level, FDG_LEVEL_ERROR);
	assert_int_equal(options.log.where, FDG_LOG_STDERR);
	bad("log=''''", "the value of key 'log' goes on behind its closing quote");
}

static void a_word_without_equals_sign_is_a_mistake(void **state)
{
	(void)state;
	bad("format=json:cloexec:level=note", "'cloexec'" NOT_KEY_VALUE);
	assert_int_equal(options.format, FDG_JSON);
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	bad("log=/tmp/a:b", "'b'" NOT_KEY_VALUE);
	assert_string_equal(options.log.path, "/tmp/a");
	bad("# level=error", "'#'" NOT_KEY_VALUE); /* comments are for files */
	assert_int_equal(options.level, FDG_LEVEL_ERROR);
}

static void a_mistake_leaves_its_field_and_the_rest_is_read(void **state)
{
	(void)state;
	good("stacks=7:level=note");
	assert_int_equal(read_text("stacks=x:level=loud:format=json:lvl=note:log=:follow=off"), 4);
	assert_int_equal(options.stacks, 7);
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.format, FDG_JSON);
	assert_int_equal(options.log.where, FDG_LOG_STDERR);
	assert_false(options.follow);
}

static void keys_and_values_are_taken_literally(void **state)
{
	(void)state;
	bad("Level=note", "unknown key 'Level' (did you mean 'level'?)");
	bad("level=NOTE", "bad value 'NOTE' for key 'level': expected warning,note,error");
	bad("level=not", "bad value 'not' for key 'level': expected warning,note,error");
	bad("level=notes", "bad value 'notes' for key 'level': expected warning,note,error");
	bad("level=", "bad value '' for key 'level': expected warning,note,error");
	bad("level=note,error", "bad value 'note,error' for key 'level': expected warning,note,error");
	bad("=note", "unknown key ''");
}

static void very_long_text_is_read_to_its_end(void **state)
{
	enum { N = 1 << 20 };
	char *text = malloc(N + 64);

	(void)state;
	memset(text, 'k', N);
	strcpy(text + N, ":level=note");
	assert_int_equal(read_text(text), 1);
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	memset(text, ':', N);
	strcpy(text + N, ":level=error");
	good(text);
	assert_int_equal(options.level, FDG_LEVEL_ERROR);
	memset(text, 'v', N);
	memcpy(text, "log=/", 5);
	strcpy(text + N, ":format=json");
	assert_int_equal(read_text(text), 1);
	assert_non_null(strstr(said.text, "it is longer than a path can be"));
	assert_int_equal(options.format, FDG_JSON);
	free(text);
}

static void a_thousand_mistakes_are_a_thousand_sentences(void **state)
{
	char *text = malloc(4097);

	(void)state;
	for (int i = 0; i < 1024; i++)
		memcpy(text + 4 * i, "xy:z", 4);
	text[4096] = '\0';
	assert_int_equal(read_text(text), 1025);
	free(text);
}

static void control_bytes_and_garbage_are_said_printably(void **state)
{
	(void)state;
	bad("a\x1b[31m\x7f\x01=1", "unknown key 'a\\x1b[31m\\x7f\\x01'");
	bad("level=\xff\xfe", "bad value '\\xff\\xfe' for key 'level': expected warning,note,error");
	bad("level=caf\xc3\xa9", "bad value 'caf\xc3\xa9' for key 'level': expected warning,note,error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(settings_are_separated_by_colons_or_white_space),
		test(a_later_setting_wins),
		test(quotes_keep_separators_in_a_value),
		test(a_value_may_contain_equals_signs_and_hashes),
		test(a_missing_closing_quote_is_a_mistake),
		test(quotes_go_around_the_whole_value),
		test(a_word_without_equals_sign_is_a_mistake),
		test(a_mistake_leaves_its_field_and_the_rest_is_read),
		test(keys_and_values_are_taken_literally),
		test(very_long_text_is_read_to_its_end),
		test(a_thousand_mistakes_are_a_thousand_sentences),
		test(control_bytes_and_garbage_are_said_printably),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
