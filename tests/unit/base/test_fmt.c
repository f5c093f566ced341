// SPDX-License-Identifier: MIT
#include "base/fmt.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[512];

static struct fdg_buf fresh(void)
{
	struct fdg_buf b = FDG_BUF(text);

	return b;
}

static void a_fresh_buffer_is_empty_and_terminated(void **state)
{
	struct fdg_buf b = fresh();

	(void)state;
	assert_string_equal(b.text, "");
	assert_int_equal(b.len, 0);
	assert_false(b.cut);
}

static void numbers_read_as_printf_writes_them(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, 9, 10, 1000, -1000, INT_MAX, INT_MIN, INT64_MAX, INT64_MIN };
	char want[128];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		long v = numbers[i];
		struct fdg_buf b = fresh();

		fdg_put_i64(&b, v);
		fdg_put_char(&b, ' ');
		fdg_put_u64(&b, (uint64_t)v);
		fdg_put_char(&b, ' ');
		fdg_put_hex(&b, (uint64_t)v);
		snprintf(want, sizeof(want), "%ld %lu 0x%lx", v, (unsigned long)v, (unsigned long)v);
		assert_string_equal(text, want);
		b = fresh();
		fdg_fmt(&b, "%d %u %x %ld %lu %lx %zu", (int)v, (unsigned)v, (unsigned)v, v, (unsigned long)v, (unsigned long)v, (size_t)v);
		snprintf(want, sizeof(want), "%d %u %x %ld %lu %lx %zu", (int)v, (unsigned)v, (unsigned)v, v, (unsigned long)v,
			 (unsigned long)v, (size_t)v);
		assert_string_equal(text, want);
	}
}

static void counts_have_commas_between_thousands(void **state)
{
	static const struct { uint64_t v; const char *want; } rows[] = {
		{ 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 1100, "1,100" }, { 100000, "100,000" },
		{ 1234567, "1,234,567" }, { UINT64_MAX, "18,446,744,073,709,551,615" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fdg_buf b = fresh();

		fdg_put_count(&b, rows[i].v);
		assert_string_equal(text, rows[i].want);
	}
}

static void times_have_two_units(void **state)
{
	static const struct { uint64_t ms; const char *want; } rows[] = {
		{ 0, "0ms" }, { 800, "800ms" }, { 1000, "1s" }, { 1250, "1.2s" }, { 12900, "12s" }, { 60000, "1m" }, { 312000, "5m12s" }, { 10800000, "3h" },
		{ 10859000, "3h" }, { 6000000, "1h40m" }, { 187200000, "2d4h" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fdg_buf b = fresh();

		fdg_put_time(&b, rows[i].ms);
		assert_string_equal(text, rows[i].want);
	}
}

static void formats_mix_text_and_conversions(void **state)
{
	struct fdg_buf b = fresh();

	(void)state;
	fdg_fmt(&b, "fd %d (%s)%c 100%% of %zu", 7, "pipe", '!', (size_t)3);
	assert_string_equal(text, "fd 7 (pipe)! 100% of 3");
	assert_int_equal(b.len, strlen(text));
}

static void unknown_conversions_stay_as_they_are(void **state)
{
	static const char *const formats[] = { "%q x", "a%", "%5d", "%l", "%.3s" };

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct fdg_buf b = fresh();
		const char *volatile format = formats[i]; /* volatile: the compiler would rightly complain */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
		fdg_fmt(&b, format);
#pragma GCC diagnostic pop
		assert_string_equal(text, formats[i]);
	}
}

static void a_null_string_is_told(void **state)
{
	struct fdg_buf b = fresh();
	const char *volatile none = NULL;

	(void)state;
	fdg_fmt(&b, "[%s]", none);
	fdg_put(&b, none);
	fdg_put_json(&b, none);
	assert_string_equal(text, "[(null)](null)");
}

static void a_full_buffer_is_terminated_and_takes_no_more(void **state)
{
	char *guard = memset(malloc(9), 'G', 9);
	struct fdg_buf b = { guard, 0, 8, false };

	(void)state;
	b.text[0] = '\0';
	fdg_put(&b, "1234567");
	assert_false(b.cut);
	fdg_put(&b, "");
	assert_false(b.cut);
	fdg_put_char(&b, '8');
	assert_true(b.cut);
	assert_string_equal(guard, "1234567");
	assert_int_equal(guard[8], 'G');
	free(guard);
}

static void what_does_not_fit_is_cut_and_nothing_follows_it(void **state)
{
	char small[8];
	struct fdg_buf b = FDG_BUF(small);

	(void)state;
	fdg_put(&b, "abcd");
	fdg_put_u64(&b, 123456);
	fdg_put(&b, "z");
	assert_string_equal(small, "abcd123");
	assert_true(b.cut);
}

static void a_buffer_of_one_byte_holds_nothing(void **state)
{
	char one[1];
	struct fdg_buf b = FDG_BUF(one);

	(void)state;
	fdg_put_json(&b, "x");
	assert_string_equal(one, "");
	assert_true(b.cut);
}

static void json(const char *in, const char *want)
{
	struct fdg_buf b = fresh();

	fdg_put_json(&b, in);
	assert_string_equal(text, want);
	assert_int_equal(b.len, strlen(want));
}

static void json_escapes_quotes_backslashes_and_control_bytes(void **state)
{
	(void)state;
	json("plain / text", "plain / text");
	json("a\"b\\c", "a\\\"b\\\\c");
	json("\n\t\r\b\f", "\\n\\t\\r\\b\\f");
	json("\x01\x1f\x7f\x1b[0m", "\\u0001\\u001f\\u007f\\u001b[0m");
}

static void json_keeps_utf8_and_replaces_what_is_none(void **state)
{
	(void)state;
	json("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f.", "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f.");
	json("\xff", "\xef\xbf\xbd");
	json("a\xc3", "a\xef\xbf\xbd");                                     /* ends inside */
	json("\xc3(", "\xef\xbf\xbd(");
	json("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                       /* overlong / */
	json("\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json("\xf0\x80\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");       /* surrogate */
	json("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
	json("\xe0\xa0\x80\xf0\x90\x80\x80", "\xe0\xa0\x80\xf0\x90\x80\x80");
	json("\xe2\x82(", "\xef\xbf\xbd\xef\xbf\xbd(");
	json("\x80\xbf\xfe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void json_is_never_cut_inside_an_escape_or_a_character(void **state)
{
	static const char in[] = "ab\"\n\x01\xe2\x82\xac\xff!";
	char full[64], part[64];
	struct fdg_buf all = FDG_BUF(full);

	(void)state;
	fdg_put_json(&all, in);
	for (size_t cap = 1; cap <= all.len + 1; cap++) {
		struct fdg_buf b = { part, 0, cap, false };
		size_t bounds[] = { 0, 1, 2, 4, 6, 12, 15, 18, 19 }, i = 0;

		fdg_put_json(&b, in);
		while (bounds[i] != b.len)
			assert_true(++i < sizeof(bounds) / sizeof(bounds[0]));
		assert_true(i == 8 || bounds[i + 1] > cap - 1);
		assert_memory_equal(part, full, b.len);
		assert_int_equal(b.cut, cap != all.len + 1);
	}
}

static void printable(const char *in, size_t n, const char *want)
{
	struct fdg_buf b = fresh();

	fdg_put_printable(&b, in, n);
	assert_string_equal(text, want);
}

static void printable_text_has_no_control_bytes(void **state)
{
	(void)state;
	printable("caf\xc3\xa9 'x' \\", 11, "caf\xc3\xa9 'x' \\");
	printable("a\0b\n\x1b[0m\x7f", 9, "a\\x00b\\x0a\\x1b[0m\\x7f");
	printable("\xc2\x9b\xc2\xa9", 4, "\\xc2\\x9b\xc2\xa9"); /* C1's CSI */
	printable("\xc2\xa0", 2, "\xc2\xa0");
	printable("\x9b\xff", 2, "\\x9b\\xff");
	printable("\xe2\x82\xac", 2, "\\xe2\\x82"); /* the third byte is not ours */
}

static void printable_text_is_cut_between_characters(void **state)
{
	char small[6];
	struct fdg_buf b = FDG_BUF(small);

	(void)state;
	fdg_put_printable(&b, "abc\xe2\x82\xac.", 7);
	assert_string_equal(small, "abc");
	assert_true(b.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_buffer_is_empty_and_terminated),
		cmocka_unit_test(numbers_read_as_printf_writes_them),
		cmocka_unit_test(counts_have_commas_between_thousands),
		cmocka_unit_test(times_have_two_units),
		cmocka_unit_test(formats_mix_text_and_conversions),
		cmocka_unit_test(unknown_conversions_stay_as_they_are),
		cmocka_unit_test(a_null_string_is_told),
		cmocka_unit_test(a_full_buffer_is_terminated_and_takes_no_more),
		cmocka_unit_test(what_does_not_fit_is_cut_and_nothing_follows_it),
		cmocka_unit_test(a_buffer_of_one_byte_holds_nothing),
		cmocka_unit_test(json_escapes_quotes_backslashes_and_control_bytes),
		cmocka_unit_test(json_keeps_utf8_and_replaces_what_is_none),
		cmocka_unit_test(json_is_never_cut_inside_an_escape_or_a_character),
		cmocka_unit_test(printable_text_has_no_control_bytes),
		cmocka_unit_test(printable_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
