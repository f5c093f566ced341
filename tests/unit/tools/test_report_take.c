// SPDX-License-Identifier: MIT
/* What lines of many processes and hosts are together: since when, how often, whose; and the processes' tree. */
#include "report_sample.h"

static int setup(void **state)
{
	(void)state;
	begin();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	report_free(&sample);
	return 0;
}

static int64_t at(const char *time)
{
	return report_time(time);
}

static void times_are_read_or_not_known(void **state)
{
	(void)state;
	assert_int_equal(at("1970-01-02T00:00:01.250Z"), 86401250);
	assert_int_equal(at("1970-01-02T00:00:01Z"), 86401000);
	assert_int_equal(at("yesterday"), 0);
	assert_int_equal(at("0001-01-01T00:00:00.000Z"), 0);
	assert_string_equal(report_when(&sample.scratch, at("2026-11-21T21:16:00.999Z")), "2026-11-21 21:16:00 UTC");
	assert_string_equal(report_when(&sample.scratch, 0), "not known");
}

static void reports_of_one_place_are_one_finding_of_many(void **state)
{
	const struct seen *s;

	(void)state;
	give_text(LEAK("21:16:00.000", "7", ",\"count\":3,\"peer\":\"10.0.0.1:80\",\"age_ms\":60000" MADE("f")) LEAK("21:20:00.000", "7", ",\"count\":9,\"peer\":\"10.0.0.1:80\"" MADE("f"))
			  LEAK("21:10:00.000", "8", ",\"count\":5,\"peer\":\"10.0.0.2:80\",\"host\":\"b\"" MADE("f")));
	give_text(LEAK("21:18:00.000", "7", ",\"peer\":\"10.0.0.1:80\"" MADE("g")));
	end_reading();
	assert_int_equal(sample.r.findings, 2);
	s = sample.r.finding[0].seen;
	assert_int_equal(sample.r.finding[0].reports, 3);
	assert_int_equal(sample.r.finding[0].most, 9);
	assert_int_equal(s->processes, 2);
	assert_int_equal(s->since, at("2026-11-21T21:10:00.000Z"));
	assert_int_equal(s->first, s->since);
	assert_int_equal(s->last, at("2026-11-21T21:20:00.000Z"));
	assert_int_equal(s->hosts, 2);
	assert_int_equal(s->peers, 2);
	assert_int_equal(s->peer[0].times, 2);
	assert_int_equal(s->peer[0].most, 9);
	assert_int_equal(sample.processes, 2);
	assert_int_equal(sample.host_count, 2);
	s = sample.r.finding[1].seen;
	assert_int_equal(s->since, s->last);
}

static void an_age_tells_since_when(void **state)
{
	(void)state;
	give_text(LEAK("21:16:00.000", "7", ",\"age_ms\":61000" MADE("f")));
	end_reading();
	assert_int_equal(sample.r.finding[0].seen->since, at("2026-11-21T21:14:59.000Z"));
	assert_int_equal(sample.r.finding[0].seen->first, at("2026-11-21T21:16:00.000Z"));
}

static void the_same_number_on_two_hosts_is_two_processes(void **state)
{
	(void)state;
	give_text(START("21:00:00.000", "7", ",\"ppid\":1,\"host\":\"a\"") START("21:00:00.000", "7", ",\"ppid\":1,\"host\":\"b\"") START("21:00:01.000", "8", ",\"ppid\":7,\"host\":\"b\""));
	end_reading();
	assert_int_equal(sample.images, 3);
	assert_int_equal(sample.image[2].parent, 2);
	assert_int_equal(sample.image[0].parent, 0);
}

static void an_exec_goes_on_and_a_number_that_is_given_again_does_not(void **state)
{
	(void)state;
	give_text(START("21:00:00.000", "5", ",\"ppid\":1") START("21:00:01.000", "7", ",\"ppid\":5,\"argv\":[\"sh\",\"-c\",\"\\u001b[2J\"]") END("21:00:02.000", "7", "")
			  START("21:00:02.010", "7", ",\"ppid\":5") END("21:00:03.000", "7", ",\"lost\":2") START("21:40:00.000", "7", ",\"ppid\":5"));
	end_reading();
	assert_int_equal(sample.images, 4);
	assert_int_equal(sample.image[1].parent, 1);
	assert_int_equal(sample.image[2].before, 2);
	assert_int_equal(sample.image[3].before, 0);
	assert_int_equal(sample.image[3].parent, 1);
	assert_true(sample.image[1].ended);
	assert_false(sample.image[3].ended);
	assert_int_equal(sample.image[2].lost, 2);
	assert_string_equal(report_string(&sample, sample.image[1].command), "sh -c \\x1b[2J");
}

/* Files come in any order: a parent may be read after its child. */
static void the_parent_is_the_image_of_that_time(void **state)
{
	(void)state;
	give_text(START("21:30:00.000", "9", ",\"ppid\":5"));
	give_text(START("21:00:00.000", "5", ",\"ppid\":1") END("21:01:00.000", "5", "") START("21:20:00.000", "5", ",\"ppid\":2") START("21:40:00.000", "5", ",\"ppid\":3"));
	end_reading();
	assert_int_equal(sample.image[3].who.pid, 9);
	assert_int_equal(sample.image[3].parent, 2);
}

static void parents_that_go_in_a_circle_are_cut(void **state)
{
	size_t roots = 0;

	(void)state;
	give_text(START("21:00:00.000", "5", ",\"ppid\":6") START("21:00:00.000", "6", ",\"ppid\":7") START("21:00:00.000", "7", ",\"ppid\":5") START("21:00:00.000", "8", ",\"ppid\":8"));
	end_reading();
	for (size_t i = 0; i < sample.images; i++) {
		size_t steps = 0;

		for (size_t n = i + 1; n; n = sample.image[n - 1].parent)
			assert_true(++steps < 9);
		roots += !sample.image[i].parent;
	}
	assert_int_equal(roots, 2);
}

static void findings_belong_to_the_image_that_told_them(void **state)
{
	(void)state;
	give_text(START("21:00:00.000", "7", ",\"ppid\":1") LEAK("21:16:00.000", "7", MADE("f")) LEAK("21:16:00.000", "9", MADE("f"))
			  AT("21:17:00.000", "9", "run", "run.uncovered", "warning", ""));
	end_reading();
	assert_int_equal(sample.images, 3);
	assert_int_equal(sample.image[0].kind, IMAGE_GUARDED);
	assert_int_equal(sample.image[0].findings[FDG_LEVEL_WARNING], 1);
	assert_int_equal(sample.image[1].kind, IMAGE_UNTOLD);
	assert_int_equal(sample.image[2].kind, IMAGE_UNCOVERED);
	assert_string_equal(sample.image[2].why, "what happened");
}

static void what_is_below_the_level_is_counted(void **state)
{
	(void)state;
	sample.level = FDG_LEVEL_ERROR;
	give_text(LEAK("21:16:00.000", "7", MADE("f")) AT("21:16:00.000", "7", "epoll", "epoll.spin", "error", ""));
	end_reading();
	assert_int_equal(sample.r.findings, 1);
	assert_int_equal(sample.below, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(times_are_read_or_not_known, setup, teardown),
		cmocka_unit_test_setup_teardown(reports_of_one_place_are_one_finding_of_many, setup, teardown),
		cmocka_unit_test_setup_teardown(an_age_tells_since_when, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_number_on_two_hosts_is_two_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(an_exec_goes_on_and_a_number_that_is_given_again_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(the_parent_is_the_image_of_that_time, setup, teardown),
		cmocka_unit_test_setup_teardown(parents_that_go_in_a_circle_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(findings_belong_to_the_image_that_told_them, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_below_the_level_is_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
