// SPDX-License-Identifier: MIT
/* tests/check/test_formats.sh lets validators that others wrote look at whole files. */
#include "sample_run.h"

static void counts_are_those_of_the_cases(void **state)
{
	const char *problems[] = { "a log was cut" };
	struct run_finding f[] = {
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true),
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_SUPPRESSED, false),
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_BASELINED, false),
		sample_finding("cloexec.forced", FDG_LEVEL_NOTE, RUN_FIXED, false),
		sample_finding("cloexec.forced", FDG_LEVEL_NOTE, RUN_NEW, false),
	};
	struct run r = sample_run(f, 5);
	char want[64], *text;

	(void)state;
	r.problem = problems;
	r.problems = 1;
	r.cmd_status = 3;
	text = written(junit_write, &r, NULL);
	snprintf(want, sizeof(want), " tests=\"%zu\" failures=\"2\" errors=\"1\"", count_of(text, "<testcase "));
	assert_int_equal(count_of(text, want), 2);
	assert_int_equal(count_of(text, "<failure "), 2);
	assert_int_equal(count_of(text, "<error "), 1);
	assert_int_equal(count_of(text, "<skipped "), 2);
	assert_non_null(strstr(text, " skipped=\"2\""));
	assert_non_null(strstr(text, "message=\"suppressed by line 7\""));
	assert_non_null(strstr(text, "message=\"exit status 3\""));
	assert_non_null(strstr(text, "message=\"a log was cut\""));
	assert_non_null(strstr(text, " time=\"61.007\""));
	free(text);
}

static void a_clean_run_shows_what_was_looked_for(void **state)
{
	struct run r = sample_run(NULL, 0);
	char *text = written(junit_write, &r, NULL);

	(void)state;
	assert_non_null(strstr(text, " failures=\"0\" errors=\"0\""));
	assert_non_null(strstr(text, "<testcase classname=\"fdguard.cloexec\" name=\"cloexec.leaked\"/>"));
	assert_non_null(strstr(text, "<testcase classname=\"fdguard.run\" name=\"run.uncovered\"/>"));
	assert_non_null(strstr(text, "<testcase classname=\"fdguard.run\" name=\"command\"/>"));
	free(text);
}

static void a_failure_tells_the_story(void **state)
{
	struct run_finding f = sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true);
	struct run r = sample_run(&f, 1);
	char *text = written(junit_write, &r, NULL);

	(void)state;
	assert_non_null(strstr(text, "name=\"cloexec.leaked site=monitor:probe_fork created=monitor:dns_pool_open peer=none\""));
	assert_non_null(strstr(text, "error: lynx (pid 4711) inherited 1,100 UDP sockets [cloexec.leaked]\n"));
	assert_non_null(strstr(text, "\nstarted at: probe_fork+0x5c (monitor+0x187c)\n"));
	assert_non_null(strstr(text, "\nreports: 3 in 2 processes, first in pid 4711\n"));
	assert_non_null(strstr(text, "\nfix: create it with SOCK_CLOEXEC in monitor\nsuppress: cloexec.leaked site:monitor:_ZN3dns9pool_openEv # whoever calls it\nmore: fdguard explain cloexec.leaked\n"));
	assert_null(strstr(text, "name=\"cloexec.leaked\"/>"));
	free(text);
}

static void time_limit_and_interrupt_are_named(void **state)
{
	struct run_stuck stuck = { 99, "/bin/sleep", "sleep 1000", "sleeping in hrtimer_nanosleep", true };
	struct run r = sample_run(NULL, 0);
	char *text;

	(void)state;
	r.timed_out = true;
	r.cmd_status = 143;
	r.stuck = &stuck;
	r.stucks = 1;
	text = written(junit_write, &r, NULL);
	assert_non_null(strstr(text, "message=\"ended by --max-time\""));
	assert_non_null(strstr(text, "\nstill there: pid 99 sleep 1000, sleeping in hrtimer_nanosleep\n"));
	free(text);
	r.timed_out = false;
	r.interrupted = true;
	text = written(junit_write, &r, NULL);
	assert_non_null(strstr(text, "message=\"interrupted\""));
	free(text);
}

static void what_programs_say_is_escaped(void **state)
{
	struct run_finding f = hostile_finding();
	struct run r = sample_run(&f, 1);
	char *text;

	(void)state;
	r.cmd_status = 1; /* so that the command line is told */
	text = written(junit_write, &r, NULL);
	assert_plain(text);
	assert_null(strstr(text, "<b>"));
	assert_null(strstr(text, "te<st"));
	assert_null(strstr(text, "]]>"));
	assert_non_null(strstr(text, "\\x1b[31m&lt;b&gt;&amp;&quot;&apos;\\x0a"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_those_of_the_cases),
		cmocka_unit_test(a_clean_run_shows_what_was_looked_for),
		cmocka_unit_test(a_failure_tells_the_story),
		cmocka_unit_test(time_limit_and_interrupt_are_named),
		cmocka_unit_test(what_programs_say_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
