// SPDX-License-Identifier: MIT
/* The command line of fdguard-check: what is check's own, what `fdguard run` gets, and what is a mistake. */
#include "tools/check_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options/options.h"

static struct pool pool;
static struct check_options o;
static int status;

static int setup(void **state)
{
	(void)state;
	return unsetenv("FDGUARD_OPTIONS");
}

static int teardown(void **state)
{
	(void)state;
	free(o.run);
	o.run = NULL;
	pool_free(&pool);
	return 0;
}

/* The words of a line, behind the ones that the launcher gives. */
static bool reads(const char *line)
{
	char *argv[40] = { "fdguard-check", "--launcher", "/bin/fdguard" }, *text = strdup(line);
	int argc = 3;

	free(o.run);
	o.run = NULL;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = (char *)pool_copy(&pool, word);
	free(text);
	status = -1;
	return check_options_read(&pool, argc, memcpy(pool_take(&pool, sizeof(argv)), argv, sizeof(argv)), &o, &status);
}

static void runs_with(const char *want)
{
	char got[512] = "";

	for (size_t i = 0; o.run[i]; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "", o.run[i]);
	assert_string_equal(got, want);
}

static void nothing_is_asked_for(void **state)
{
	(void)state;
	assert_true(reads("make test"));
	assert_string_equal(o.launcher, "/bin/fdguard");
	assert_string_equal(o.argv[0], "make");
	assert_string_equal(o.argv[1], "test");
	assert_null(o.argv[2]);
	assert_int_equal(o.exit_code, 99);
	assert_int_equal(o.fail_on, FDG_LEVEL_WARNING);
	assert_true(!o.preload && !o.log && !o.out && !o.junit && !o.sarif && !o.baseline);
	assert_false(o.json || o.github || o.leaks || o.update_baseline || o.no_exit_code || o.max_time_ms);
	runs_with("--observe");
}

static void all_is_asked_for(void **state)
{
	(void)state;
	assert_true(reads("--json --github --leaks --update-baseline --no-exitcode --fail-on error --exitcode 0 --max-time 2m --log l --out d --junit j "
			  "--sarif s --baseline b --preload p.so -- --odd -x"));
	assert_true(o.json && o.github && o.leaks && o.update_baseline && o.no_exit_code);
	assert_int_equal(o.fail_on, FDG_LEVEL_ERROR);
	assert_int_equal(o.exit_code, 0);
	assert_int_equal(o.max_time_ms, 120000);
	assert_string_equal(o.log, "l");
	assert_string_equal(o.out, "d");
	assert_string_equal(o.junit, "j");
	assert_string_equal(o.sarif, "s");
	assert_string_equal(o.baseline, "b");
	assert_string_equal(o.preload, "p.so");
	assert_string_equal(o.argv[0], "--odd");
	runs_with("--observe");
}

static void a_value_may_stand_behind_an_equals_sign(void **state)
{
	(void)state;
	assert_true(reads("--exitcode=7 --fail-on=note --max-time=500ms --out=a=b --preload= x"));
	assert_int_equal(o.exit_code, 7);
	assert_int_equal(o.fail_on, FDG_LEVEL_NOTE);
	assert_int_equal(o.max_time_ms, 500);
	assert_string_equal(o.out, "a=b");
	assert_string_equal(o.preload, "");
	assert_string_equal(o.argv[0], "x");
}

static void run_gets_what_is_its_own(void **state)
{
	(void)state;
	assert_true(reads("--set select=off --fix --json --close-inherited --no-supervise --set=stacks=3 x"));
	runs_with("--observe --set select=off --fix --close-inherited --no-supervise --set stacks=3");
	assert_int_equal(fdg_options.select_mode, FDG_OFF);
	assert_int_equal(fdg_options.stacks, 3);
}

static void suppressions_are_for_check_alone(void **state)
{
	(void)state;
	assert_true(reads("--set suppressions=/a'b x"));
	assert_string_equal(fdg_options.suppressions, "/a'b");
	runs_with("--observe");
}

static void the_environment_counts(void **state)
{
	(void)state;
	setenv("FDGUARD_OPTIONS", "skip=busybox:select=report", 1);
	assert_true(reads("--set select=off x"));
	assert_int_equal(fdg_options.skip.count, 1);
	assert_int_equal(fdg_options.select_mode, FDG_OFF);
	setenv("FDGUARD_OPTIONS", "select=perhaps", 1);
	assert_false(reads("x"));
	assert_int_equal(status, 2);
}

static void mistakes_are_refused(void **state)
{
	static const char *const lines[] = { "", "--", "--nosuch x", "-x y", "--out", "--out= x", "--fail-on loud x", "--fail-on= x", "--exitcode 256 x",
		"--exitcode -1 x", "--exitcode 1x x", "--exitcode= x", "--max-time soon x", "--max-time 0 x", "--max-time -1s x", "--set nosuch=1 x", "--set select x",
		"--set", "--update-baseline x", "--jsonx x", "--json=yes x" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (reads(lines[i]))
			fail_msg("taken: %s", lines[i]);
		assert_int_equal(status, 2);
	}
}

static void help_is_no_mistake(void **state)
{
	(void)state;
	assert_false(reads("--json --help --nosuch"));
	assert_int_equal(status, 0);
	assert_true(reads("make --help"));
}

static void the_launcher_must_be_told(void **state)
{
	char *argv[] = { "fdguard-check", "x", NULL };

	(void)state;
	assert_false(check_options_read(&pool, 2, argv, &o, &status));
	assert_int_equal(status, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_asked_for),
		TEST(all_is_asked_for),
		TEST(a_value_may_stand_behind_an_equals_sign),
		TEST(run_gets_what_is_its_own),
		TEST(suppressions_are_for_check_alone),
		TEST(the_environment_counts),
		TEST(mistakes_are_refused),
		TEST(help_is_no_mistake),
		TEST(the_launcher_must_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
