// SPDX-License-Identifier: MIT
/* Programs that options only and skip leave out, and why others could not be guarded. */
#include "tools/left_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options/options.h"
#include "report/report.h"

static char script[] = "/tmp/fdguard-left-out.XXXXXX";

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	return 0;
}

static void set(const char *setting)
{
	assert_int_equal(fdg_options_set(&fdg_options, setting, NULL, NULL), 0);
}

static void first_line(const char *text)
{
	FILE *f = fopen(script, "w");

	fputs(text, f);
	fclose(f);
}

static void nothing_is_by_default(void **state)
{
	(void)state;
	assert_false(left_out_is("/bin/true"));
}

static void names_are_compared(void **state)
{
	(void)state;
	set("skip=tru?,x");
	assert_true(left_out_is("/bin/true"));
	assert_true(left_out_is("/no/such/x"));
	assert_false(left_out_is("/bin/false"));
	set("skip=");
	set("only=true");
	assert_false(left_out_is("/bin/true"));
	assert_true(left_out_is("/bin/false"));
}

static void a_script_is_its_interpreter(void **state)
{
	(void)state;
	set("skip=interpreter");
	first_line("#! /opt/interpreter -x\ntrue\n");
	assert_true(left_out_is(script));
	first_line("#!/opt/interpreter");
	assert_true(left_out_is(script));
	first_line("#!/opt/other interpreter\n");
	assert_false(left_out_is(script));
	first_line("# interpreter\n");
	assert_false(left_out_is(script));
	first_line("");
	assert_false(left_out_is(script));
	set("skip=fdguard-left-out.*");
	assert_true(left_out_is(script));
}

static void each_kind_has_its_cure(void **state)
{
	static const enum binary_kind kinds[] = { BINARY_STATIC, BINARY_FOREIGN, BINARY_PRIVILEGED, BINARY_DYNAMIC };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_non_null(strstr(left_out_cure(kinds[i], false), "suppressions file"));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(left_out_cure(kinds[i], false), left_out_cure(kinds[k], false));
		assert_non_null(strstr(left_out_cure(kinds[i], true), "FDGUARD_OPTIONS"));
	}
}

static void advice_goes_by_who_asks(void **state)
{
	uid_t was = geteuid();

	(void)state;
	if (was == 0) {
		assert_null(strstr(left_out_cure(BINARY_GO, false), "as root"));
		assert_non_null(strstr(left_out_cure(BINARY_STATIC, false), "--no-supervise"));
		assert_int_equal(seteuid(65534), 0);
	}
	assert_non_null(strstr(left_out_cure(BINARY_STATIC, false), "run check as root"));
	assert_int_equal(seteuid(was), 0);
}

static void what_was_foreseen_has_a_reason(void **state)
{
	(void)state;
	assert_null(left_out_bar(0));
	assert_null(left_out_bar(-1));
	assert_null(left_out_bar(FDG_BARRED_QUESTION));
	assert_null(left_out_bar(INT64_MAX));
	assert_string_equal(left_out_bar(FDG_BARRED_OUT_OF_REACH)->word, "preload lost");
	assert_string_equal(left_out_bar(FDG_BARRED_IGNORED)->word, "privileged");
	assert_non_null(strstr(left_out_bar(FDG_BARRED_NO_ROOM)->why, "so long"));
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_by_default),
		TEST(names_are_compared),
		TEST(a_script_is_its_interpreter),
		TEST(each_kind_has_its_cure),
		TEST(advice_goes_by_who_asks),
		TEST(what_was_foreseen_has_a_reason),
	};
	int failed, fd = mkstemp(script);

	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(script);
	return failed;
}
