// SPDX-License-Identifier: MIT
/* Points of time lines: what a line says was measured, and nothing else. */
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

static const struct series *find(enum series_kind kind, const char *what)
{
	for (size_t i = 0; i < sample.serieses; i++)
		if (sample.series[i].kind == kind && strcmp(report_string(&sample, sample.series[i].what), what) == 0)
			return &sample.series[i];
	return NULL;
}

#define POINT(s, i, time, v) \
	do { \
		assert_int_equal((s)->point[i].ms, report_time("2026-11-21T" time "Z")); \
		assert_int_equal((s)->point[i].value, v); \
	} while (0)

static void findings_are_points_of_what_they_count(void **state)
{
	const struct series *s;

	(void)state;
	give_text(LEAK("21:17:00.000", "7", ",\"count\":9,\"peer\":\"p:1\",\"open\":50") LEAK("21:16:00.000", "7", ",\"count\":3,\"peer\":\"p:1\"")
			  AT("21:18:00.000", "7", "epoll", "epoll.spin", "error", ",\"fd\":4,\"rate\":5000"));
	end_reading();
	assert_int_equal(sample.serieses, 3);
	s = find(SERIES_CLOSE_WAIT, "p:1");
	assert_int_equal(s->points, 2);
	POINT(s, 0, "21:16:00.000", 3);
	POINT(s, 1, "21:17:00.000", 9);
	assert_int_equal(find(SERIES_OPEN, "")->points, 1);
	POINT(find(SERIES_WAKEUPS, "fd 4"), 0, "21:18:00.000", 5000);
}

static void a_curve_ends_where_its_line_was_written(void **state)
{
	const struct series *s;

	(void)state;
	give_text(AT("21:17:00.000", "7", "fdleak", "fdleak.growth", "warning", ",\"kind\":\"files\",\"curve_open\":[52,135,900],\"curve_ms\":[0,30000,60000]"));
	end_reading();
	s = find(SERIES_OPEN, "files");
	assert_int_equal(s->points, 3);
	POINT(s, 0, "21:16:00.000", 52);
	POINT(s, 1, "21:16:30.000", 135);
	POINT(s, 2, "21:17:00.000", 900);
	assert_int_equal(s->most, 900);
}

static void a_curve_that_is_none_has_no_point(void **state)
{
	(void)state;
	give_text(AT("21:17:00.000", "7", "fdleak", "fdleak.growth", "warning", ",\"curve_open\":[52,1],\"curve_ms\":[0,\"x\"]")
			  AT("21:17:00.000", "7", "fdleak", "fdleak.growth", "warning", ",\"curve_open\":7,\"curve_ms\":[]")
			  AT("21:17:00.000", "7", "fdleak", "fdleak.growth", "warning", ",\"open\":-5"));
	end_reading();
	for (size_t i = 0; i < sample.serieses; i++)
		assert_int_equal(sample.series[i].points, 0);
}

/* A line without a time has no point, and comes behind those that are 0. */
static void lines_without_a_time_are_not_drawn(void **state)
{
	(void)state;
	give_text("{\"v\":1,\"time\":\"t\",\"pid\":1,\"tid\":1,\"exe\":\"/a\",\"guard\":\"closewait\",\"id\":\"closewait.leak\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"m\",\"open\":1}\n"
		  LEAK("21:17:00.000", "7", ",\"open\":0"));
	end_reading();
	assert_int_equal(sample.series[0].points, 1);
	assert_int_equal(sample.series[1].points, 0);
	free(put(report_put_charts));
}

#define SAMPLE(time, rest) AT(time, "7", "run", "run.sample", "note", rest)

static void samples_are_no_findings_and_make_rates(void **state)
{
	const struct series *s;

	(void)state;
	give_text(SAMPLE("21:16:00.000", ",\"open\":10,\"wakeups\":1000,\"close_wait_peers\":[{\"peer\":\"p:1\",\"count\":4},{\"peer\":1},{}]") SAMPLE("21:16:10.000", ",\"open\":11,\"wakeups\":3000")
			  SAMPLE("21:16:20.000", ",\"wakeups\":5") SAMPLE("21:16:30.000", ",\"wakeups\":15"));
	end_reading();
	assert_int_equal(sample.r.findings, 0);
	assert_int_equal(find(SERIES_OPEN, "")->points, 2);
	POINT(find(SERIES_CLOSE_WAIT, "p:1"), 0, "21:16:00.000", 4);
	s = find(SERIES_WAKEUPS, "");
	assert_int_equal(s->points, 2); /* a counter that fell began anew: no rate over that */
	POINT(s, 0, "21:16:10.000", 200);
	POINT(s, 1, "21:16:30.000", 1);
}

static void a_drawing_has_a_dot_for_each_point_and_a_table(void **state)
{
	char *text;
	size_t dots = 0;

	(void)state;
	give_text(LEAK("21:17:00.000", "7", ",\"count\":9,\"peer\":\"<p>\"") LEAK("21:16:00.000", "7", ",\"count\":3,\"peer\":\"<p>\""));
	end_reading();
	text = put(report_put_charts);
	for (const char *at = text; (at = strstr(at, "<circle")); at++)
		dots++;
	assert_int_equal(dots, 2);
	assert_non_null(strstr(text, "<desc id=\"closewait-desc\">x (pid 7): &lt;p&gt;: 3 at first, 9 at most, 9 at last. </desc>"));
	assert_non_null(strstr(text, "<td><time datetime=\"2026-11-21T21:16:00Z\">2026-11-21 21:16:00</time></td><td class=\"number\">3</td>"));
	assert_non_null(strstr(text, "No line of these logs has measured it."));
	assert_null(strstr(text, "<p>\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(findings_are_points_of_what_they_count, setup, teardown),
		cmocka_unit_test_setup_teardown(a_curve_ends_where_its_line_was_written, setup, teardown),
		cmocka_unit_test_setup_teardown(a_curve_that_is_none_has_no_point, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_without_a_time_are_not_drawn, setup, teardown),
		cmocka_unit_test_setup_teardown(samples_are_no_findings_and_make_rates, setup, teardown),
		cmocka_unit_test_setup_teardown(a_drawing_has_a_dot_for_each_point_and_a_table, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
