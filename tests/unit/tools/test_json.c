// SPDX-License-Identifier: MIT
#include "tools/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct json_reader reader;

static const struct json *read_text(const char *text)
{
	return json_read(&reader, text, strlen(text));
}

static void whole_values_are_read(void **state)
{
	const struct json *v = read_text(" {\"a\":[1,-2.5e3,true,false,null,\"x\"],\"b\":{\"c\":\"\"},\"\":0} ");
	int64_t n;

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->type, JSON_OBJECT);
	assert_int_equal(json_member(v, "a")->type, JSON_ARRAY);
	assert_int_equal(json_member(v, "a")->first->type, JSON_NUMBER);
	assert_true(json_integer(json_member(v, "a")->first, &n));
	assert_int_equal(n, 1);
	assert_false(json_integer(json_member(v, "a")->first->next, &n));
	assert_int_equal(json_member(v, "a")->first->next->next->type, JSON_TRUE);
	assert_string_equal(json_member(json_member(v, "b"), "c")->string, "");
	assert_non_null(json_member(v, ""));
	assert_null(json_member(v, "d"));
	assert_null(json_member(json_member(v, "a"), "a"));
	assert_null(json_member(NULL, "a"));
	assert_memory_equal(json_member(v, "b")->text, "{\"c\":\"\"}", json_member(v, "b")->n);
}

static void escapes_become_what_they_mean(void **state)
{
	const struct json *v = read_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00 \xc3\xa9\"");

	(void)state;
	assert_non_null(v);
	assert_string_equal(v->string, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xc3\xa9");
}

static void what_is_none_is_refused(void **state)
{
	static const char *const texts[] = {
		"", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}",
		"\"", "\"a", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\", "\"\xff\"", "\"\xc0\x80\"",
		"\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "01", "-", "1.", "1.e1", ".5", "1e", "1e+", "+1", "0x1", "nul", "nullx", "True", "1 2", "{} x",
		"\xef\xbb\xbf{}", "'a'", "NaN",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (read_text(texts[i]))
			fail_msg("accepted: %s", texts[i]);
		assert_non_null(reader.why);
	}
	assert_null(json_read(&reader, "\"a\0b\"", 5));
}

static void depth_and_size_are_bounded(void **state)
{
	char deep[64] = "", many[3 * JSON_VALUES];

	(void)state;
	for (int i = 0; i < JSON_DEPTH; i++)
		strcat(deep, "[");
	strcat(deep, "1");
	for (int i = 0; i < JSON_DEPTH; i++)
		strcat(deep, "]");
	assert_non_null(read_text(deep));
	memmove(deep + 1, deep, strlen(deep) + 1);
	strcat(deep, "]");
	assert_null(read_text(deep));
	many[0] = '[';
	for (int i = 0; i < JSON_VALUES; i++)
		memcpy(many + 1 + 2 * i, "1,", 2);
	strcpy(many + 2 * JSON_VALUES, "]");
	assert_null(read_text(many));
	strcpy(many + 2 * JSON_VALUES - 2, "]");
	assert_non_null(read_text(many));
}

static void integers_that_do_not_fit_are_none(void **state)
{
	int64_t n = 7;

	(void)state;
	assert_true(json_integer(read_text("9223372036854775807"), &n));
	assert_true(n == INT64_MAX);
	assert_true(json_integer(read_text("-9223372036854775808"), &n));
	assert_true(n == INT64_MIN);
	assert_false(json_integer(read_text("9223372036854775808"), &n));
	assert_false(json_integer(read_text("-9223372036854775809"), &n));
	assert_false(json_integer(read_text("123456789012345678901234567890123456789"), &n));
	assert_false(json_integer(read_text("1.0"), &n));
	assert_false(json_integer(read_text("\"1\""), &n));
}

static int teardown(void **state)
{
	(void)state;
	json_reader_free(&reader);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_values_are_read),
		cmocka_unit_test(escapes_become_what_they_mean),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(integers_that_do_not_fit_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
