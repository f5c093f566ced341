// SPDX-License-Identifier: MIT
#include "sample_run.h"

static void a_finding_is_one_command(void **state)
{
	struct run_finding f = sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true);
	struct run r = sample_run(&f, 1);
	char *text = written(github_write, &r, NULL);

	(void)state;
	assert_string_equal(text, "::error title=cloexec.leaked::lynx (pid 4711) inherited 1,100 UDP sockets (3 times)"
		"%0Afix: create it with SOCK_CLOEXEC in monitor%0Afdguard explain cloexec.leaked\n");
	free(text);
}

static void levels_are_kinds_of_annotations(void **state)
{
	struct run_finding f[] = {
		sample_finding("select.overflow", FDG_LEVEL_ERROR, RUN_NEW, true),
		sample_finding("cloexec.inherited", FDG_LEVEL_WARNING, RUN_NEW, true),
		sample_finding("reuseport.resize", FDG_LEVEL_NOTE, RUN_NEW, true), /* --fail-on note */
	};
	struct run r = sample_run(f, 3);
	char *text = written(github_write, &r, NULL);

	(void)state;
	assert_non_null(strstr(text, "::error title=select.overflow::"));
	assert_non_null(strstr(text, "\n::warning title=cloexec.inherited::"));
	assert_non_null(strstr(text, "\n::notice title=reuseport.resize::"));
	free(text);
}

static void what_does_not_concern_this_change_is_left_out(void **state)
{
	struct run_finding f[] = {
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_SUPPRESSED, false),
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_BASELINED, false),
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_FIXED, false),
		sample_finding("cloexec.forced", FDG_LEVEL_NOTE, RUN_NEW, false),
	};
	struct run r = sample_run(f, 4);
	char *text = written(github_write, &r, NULL);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void ten_of_a_kind_and_a_word_about_the_rest(void **state)
{
	struct run_finding f[40];
	struct run r = sample_run(f, 40);
	char *text;

	(void)state;
	for (int i = 0; i < 40; i++)
		f[i] = sample_finding("cloexec.leaked", i < 25 ? FDG_LEVEL_ERROR : FDG_LEVEL_WARNING, RUN_NEW, true);
	text = written(github_write, &r, NULL);
	assert_int_equal(count_of(text, "::error "), 10);
	assert_int_equal(count_of(text, "::warning "), 10);
	assert_non_null(strstr(text, "\nfdguard: GitHub shows 10 annotations of a kind for a step; 20 more findings are in the summary\n"));
	free(text);
}

static void a_program_cannot_give_commands(void **state)
{
	const char *problems[] = { "log: " HOSTILE };
	struct run_finding f = hostile_finding();
	struct run r = sample_run(&f, 1);
	char *text, *line;
	int lines = 0;

	(void)state;
	f.line.id = "id,line=1::x" HOSTILE;
	r.problem = problems;
	r.problems = 1;
	text = written(github_write, &r, NULL);
	assert_plain(text);
	assert_int_equal(count_of(text, "%0A"), 2); /* ours */
	assert_non_null(strstr(text, "%250A"));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		char *end = strstr(line + 2, "::");

		assert_int_equal(strncmp(line, "::error title=", 14), 0);
		*end = '\0';
		assert_null(strchr(line + 2, ','));
		assert_null(strchr(line + 2, ':'));
	}
	assert_int_equal(lines, 2);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_is_one_command),
		cmocka_unit_test(levels_are_kinds_of_annotations),
		cmocka_unit_test(what_does_not_concern_this_change_is_left_out),
		cmocka_unit_test(ten_of_a_kind_and_a_word_about_the_rest),
		cmocka_unit_test(a_program_cannot_give_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
