// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/scan_options.h"

static struct scan_options o;
static int status;

#define READ(...) read_words((const char *[]){ "fdguard-scan", __VA_ARGS__, NULL })

static bool read_words(const char *words[])
{
	char *argv[16];
	int n = 0;

	for (; words[n]; n++)
		argv[n] = (char *)(uintptr_t)words[n];
	argv[n] = NULL;
	free(o.pid);
	return scan_options_read(n, argv, &o, &status);
}

static void options_and_pids_come_in_any_order(void **state)
{
	(void)state;
	assert_true(READ("12", "--fix", "--json", "--every=500ms", "--set", "closewait.age=2s", "--log", "f", "--", "13"));
	assert_int_equal(o.pids, 2);
	assert_int_equal(o.pid[0], 12);
	assert_int_equal(o.pid[1], 13);
	assert_true(o.fix && o.json && !o.all);
	assert_int_equal(o.every_ms, 500);
	assert_string_equal(o.log, "f");
	assert_int_equal(fdg_options.closewait_age_ms, 2000);
	assert_int_equal(fdg_options.format, FDG_JSON);
	assert_int_equal(fdg_options.level, FDG_LEVEL_NOTE);
	assert_false(o.is_cure_set);
	assert_true(READ("--set=closewait.cure=shutdown", "--every", "2", "1"));
	assert_true(o.is_cure_set);
	assert_int_equal(o.every_ms, 2000);
	assert_int_equal(fdg_options.format, FDG_TEXT);
}

static void of_all_only_warnings_are_told(void **state)
{
	(void)state;
	assert_true(READ("--all"));
	assert_int_equal(fdg_options.level, FDG_LEVEL_WARNING);
	assert_true(READ("--all", "--set", "level=note"));
	assert_int_equal(fdg_options.level, FDG_LEVEL_NOTE);
}

static void mistakes(void **state)
{
	(void)state;
	assert_false(READ("--fix"));
	assert_int_equal(status, 2);
	assert_false(READ("--all", "1"));
	assert_false(READ("0"));
	assert_false(READ("12x"));
	assert_false(READ("99999999999"));
	assert_false(READ("-1"));
	assert_false(READ("--every", "0", "1"));
	assert_false(READ("--every", "now", "1"));
	assert_false(READ("--every"));
	assert_false(READ("--set", "closewait.age=x", "1"));
	assert_false(READ("--log", "", "1"));
	assert_false(READ("--nothing", "1"));
	assert_int_equal(status, 2);
}

static void help_is_no_mistake(void **state)
{
	(void)state;
	assert_false(READ("--help"));
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_pids_come_in_any_order),
		cmocka_unit_test(of_all_only_warnings_are_told),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(help_is_no_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
