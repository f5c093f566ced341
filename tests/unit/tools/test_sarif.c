// SPDX-License-Identifier: MIT
/* tests/check/test_formats.sh lets validators that others wrote look at whole files. */
#include "sample_run.h"

static void a_result_has_what_the_forge_wants(void **state)
{
	struct run_finding f = sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true);
	struct run r = sample_run(&f, 1);
	char *text = written(sarif_write, &r, NULL);

	(void)state;
	assert_non_null(strstr(text, "\"ruleId\": \"cloexec.leaked\""));
	assert_non_null(strstr(text, "\"ruleIndex\": 0"));
	assert_non_null(strstr(text, "\"level\": \"error\""));
	assert_non_null(strstr(text, "\"uri\": \"README.md\""));
	assert_non_null(strstr(text, "\"startLine\": 1"));
	assert_non_null(strstr(text, "\"fdguardFinding/v2\": \"0123456789abcdef\""));
	assert_non_null(strstr(text, "\"primaryLocationLineHash\": \"0123456789abcdef:1\""));
	assert_non_null(strstr(text, "\"decoratedName\": \"_ZN3dns9pool_openEv\""));
	assert_non_null(strstr(text, "\"sourceLineKnown\": false"));
	assert_non_null(strstr(text, "```c\\nint s = socket"));
	assert_null(strstr(text, "baselineState"));
	assert_null(strstr(text, "te<st")); /* command lines hold secrets */
	free(text);
}

static void rules_are_those_of_the_results(void **state)
{
	struct run_finding f[] = {
		sample_finding("select.overflow", FDG_LEVEL_ERROR, RUN_NEW, true),
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true),
		sample_finding("select.overflow", FDG_LEVEL_WARNING, RUN_NEW, true),
		sample_finding("some.thing", FDG_LEVEL_WARNING, RUN_NEW, true), /* a later version's */
		sample_finding("epoll.spin", FDG_LEVEL_ERROR, RUN_SUPPRESSED, false),
	};
	struct run r = sample_run(f, 5);
	char *text = written(sarif_write, &r, NULL);

	(void)state;
	assert_int_equal(count_of(text, "\"id\": \"select.overflow\""), 1);
	assert_int_equal(count_of(text, "\"ruleId\": \"select.overflow\""), 2);
	assert_int_equal(count_of(text, "\"name\": \"UnknownFinding\""), 1);
	assert_null(strstr(text, "epoll.spin")); /* code scanning would show it */
	assert_int_equal(count_of(text, "\"ruleIndex\": 0"), 2);
	assert_int_equal(count_of(text, "\"ruleIndex\": 2"), 1);
	free(text);
}

static void a_baseline_has_states_and_a_fixed_one_is_a_note(void **state)
{
	struct run_finding f[] = {
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_BASELINED, false),
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true),
		sample_finding("cloexec.leaked", FDG_LEVEL_WARNING, RUN_FIXED, false),
	};
	struct run r = sample_run(f, 3);
	char *text;

	(void)state;
	r.o.baseline = "base.txt";
	text = written(sarif_write, &r, NULL);
	assert_int_equal(count_of(text, "\"baselineState\": \"unchanged\""), 1);
	assert_int_equal(count_of(text, "\"baselineState\": \"new\""), 2);
	assert_int_equal(count_of(text, "\"level\": \"note\""), 1);
	free(text);
}

static void a_run_that_proves_nothing_says_so(void **state)
{
	const char *problems[] = { "a log was cut [here](http://evil)" };
	struct run r = sample_run(NULL, 0);
	char *text = written(sarif_write, &r, NULL);

	(void)state;
	assert_non_null(strstr(text, "\"executionSuccessful\": true"));
	assert_non_null(strstr(text, "\"results\": []"));
	free(text);
	r.problem = problems;
	r.problems = 1;
	text = written(sarif_write, &r, NULL);
	assert_non_null(strstr(text, "\"executionSuccessful\": false"));
	assert_non_null(strstr(text, "a log was cut [here] (http://evil)"));
	free(text);
}

static void what_programs_say_is_escaped(void **state)
{
	struct run_finding f = hostile_finding();
	struct run r = sample_run(&f, 1);
	char *text = written(sarif_write, &r, NULL);

	(void)state;
	assert_plain(text);
	assert_null(strstr(text, "\"text\": \"\\x"));
	assert_non_null(strstr(text, "\"text\": \"\\\\x1b[31m<b>&\\\"'\\\\x0a::error"));
	assert_non_null(strstr(text, "[click] (1){ 0}\\\\u202e"));
	free(text);
}

static void more_ids_than_rules_and_more_results_than_are_shown(void **state)
{
	static struct run_finding f[6000];
	static char id[6000][16];
	struct run r = sample_run(f, 6000);
	char *text;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		snprintf(id[i], sizeof(id[i]), "made.up%d", i);
		f[i] = sample_finding(id[i], FDG_LEVEL_WARNING, RUN_NEW, true);
	}
	text = written(sarif_write, &r, NULL);
	assert_int_equal(count_of(text, "\"ruleId\""), 5000);
	assert_in_range(count_of(text, "\"shortDescription\""), 20, 60);
	assert_int_equal(count_of(text, "\"ruleIndex\""), count_of(text, "\"shortDescription\""));
	assert_non_null(strstr(text, "more findings than the 5,000"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_has_what_the_forge_wants),
		cmocka_unit_test(rules_are_those_of_the_results),
		cmocka_unit_test(a_baseline_has_states_and_a_fixed_one_is_a_note),
		cmocka_unit_test(a_run_that_proves_nothing_says_so),
		cmocka_unit_test(what_programs_say_is_escaped),
		cmocka_unit_test(more_ids_than_rules_and_more_results_than_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
