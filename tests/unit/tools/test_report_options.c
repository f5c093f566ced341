// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/report_options.h"

static struct report_options o;
static int status;

#define READ(...) read_words((char *[]){ (char *)"fdguard-report", __VA_ARGS__, NULL })

static bool read_words(char *argv[])
{
	int n = 0;

	while (argv[n])
		n++;
	return report_options_read(n, argv, &o, &status);
}

static void options_and_logs_come_in_any_order(void **state)
{
	(void)state;
	assert_true(READ((char *)"a", (char *)"--html", (char *)"f", (char *)"b", (char *)"--level=error", (char *)"--top", (char *)"0", (char *)"--no-commands", (char *)"-", (char *)"--no-lines", (char *)"--", (char *)"--c"));
	assert_string_equal(o.html, "f");
	assert_int_equal(o.level, FDG_LEVEL_ERROR);
	assert_int_equal(o.top, 0);
	assert_true(o.no_commands);
	assert_int_equal(o.lines, LINES_NEVER);
	assert_string_equal(o.log[0], "a");
	assert_string_equal(o.log[1], "b");
	assert_string_equal(o.log[2], "-");
	assert_string_equal(o.log[3], "--c");
	assert_null(o.log[4]);
}

static void mistakes_are_refused(void **state)
{
	static char *const wrong[][2] = { { (char *)"--html", NULL }, { (char *)"--html=", NULL }, { (char *)"--top", (char *)"+5" }, { (char *)"--top=5x", NULL }, { (char *)"--top=1000001", NULL },
		{ (char *)"--level", (char *)"loud" }, { (char *)"--frobnicate", NULL }, { (char *)"--htm", (char *)"y" }, { (char *)"--suppressions=", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(READ((char *)"log", wrong[i][0], wrong[i][1]));
		assert_int_equal(status, 2);
	}
	assert_false(READ(NULL));
	assert_int_equal(status, 2);
	assert_false(READ((char *)"--help"));
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_logs_come_in_any_order),
		cmocka_unit_test(mistakes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
