// SPDX-License-Identifier: MIT
#include <time.h>

#include "common.h"
#include "report/line.h"

static void assert_same_as_libc(time_t t)
{
	char want[64], text[64];
	struct fdg_buf b = FDG_BUF(text);
	struct tm tm;
	size_t n;

	assert_non_null(gmtime_r(&t, &tm));
	n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
	strcpy(want + n, ".007Z");
	fdg_put_utc(&b, t, 7);
	assert_string_equal(text, want);
}

static void every_day_of_eight_centuries_is_libcs(void **state)
{
	(void)state;
	for (time_t day = 0; day < 800 * 366; day++)
		assert_same_as_libc(day * 86400 + day % 86400);
}

static void milliseconds_have_three_digits(void **state)
{
	char text[64];
	struct fdg_buf b = FDG_BUF(text);

	(void)state;
	fdg_put_utc(&b, 1795295760, 123);
	assert_string_equal(text, "2026-11-21T21:16:00.123Z");
}

static void now_is_now(void **state)
{
	char early[64], text[64], late[64];
	struct fdg_buf e = FDG_BUF(early), b = FDG_BUF(text), l = FDG_BUF(late);
	time_t before = time(NULL);

	(void)state;
	fdg_put_now(&b);
	fdg_put_utc(&e, before - 1, 0);
	fdg_put_utc(&l, time(NULL) + 1, 999);
	assert_true(strcmp(early, text) < 0 && strcmp(text, late) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_eight_centuries_is_libcs),
		cmocka_unit_test(milliseconds_have_three_digits),
		cmocka_unit_test(now_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
