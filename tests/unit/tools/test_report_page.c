// SPDX-License-Identifier: MIT
/* The page as text: what logs say is never markup in it. tests/report/ opens it in a browser. */
#include "report_sample.h"

#include "tools/json.h"

#define EVIL "</script><script>alert(1)</script><!--\\\"'`&<img src=x onerror=alert(2)>\\u2028\\u202e\\u001b[2J]]>"

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

/* Between the marks, on the heap. */
static char *between(const char *text, const char *from, const char *to)
{
	const char *a = strstr(text, from), *b = a ? strstr(a + strlen(from), to) : NULL;

	assert_non_null(b);
	return strndup(a + strlen(from), (size_t)(b - a) - strlen(from));
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text += strlen(what);
	}
	return n;
}

static void give_evil(void)
{
	give_text("{\"v\":1,\"time\":\"" EVIL "\",\"pid\":7,\"tid\":1,\"exe\":\"/" EVIL "\",\"guard\":\"g\",\"id\":\"made.up\",\"level\":\"error\",\"action\":\"reported\",\"message\":\"" EVIL
		  "\",\"peer\":\"" EVIL "\",\"fix\":\"" EVIL "\",\"host\":\"" EVIL "\",\"kind\":\"" EVIL "\",\"site\":[{\"object\":\"/" EVIL "\",\"offset\":\"0x1\",\"symbol\":\"" EVIL "\"}]}\n"
		  EVIL "\n"
		  "{\"v\":1,\"time\":\"2026-11-21T21:16:00.000Z\",\"pid\":8,\"tid\":1,\"exe\":\"/" EVIL "\",\"guard\":\"run\",\"id\":\"run.start\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"m\",\"ppid\":1,\"argv\":[\"" EVIL "\"]}\n"
		  "{\"v\":1,\"time\":\"2026-11-21T21:16:00.000Z\",\"pid\":8,\"tid\":1,\"exe\":\"/" EVIL "\",\"guard\":\"closewait\",\"id\":\"closewait.leak\",\"level\":\"warning\",\"action\":\"reported\",\"message\":\"m\",\"count\":3,\"peer\":\"" EVIL "\"}\n");
	end_reading();
}

static void nothing_of_a_log_is_markup(void **state)
{
	struct json_reader *reader = calloc(1, sizeof(*reader));
	char *text, *data;

	(void)state;
	give_evil();
	text = put(report_page_write);
	assert_int_equal(count_of(text, "<script"), 2); /* data, and ours */
	assert_int_equal(count_of(text, "</script"), 2);
	assert_null(strstr(text, "<img"));
	assert_null(strstr(text, "<!--"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_null(strstr(text, "\xe2\x80\xa8"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "&lt;/script&gt;&lt;script&gt;alert(1)"));
	data = between(text, "id=\"data\">", "</script>");
	assert_null(strchr(data, '<'));
	assert_null(strchr(data, '&'));
	assert_non_null(json_read(reader, data, strlen(data)));
	assert_non_null(strstr(data, "\\u003c/script\\u003e"));
	json_reader_free(reader);
	free(reader);
	free(data);
	free(text);
}

static void the_page_asks_for_nothing(void **state)
{
	char *text;

	(void)state;
	give_evil();
	text = put(report_page_write);
	assert_non_null(strstr(text, "content=\"default-src 'none'; style-src 'sha256-"));
	assert_null(strstr(report_css, "url("));
	assert_null(strstr(report_css, "@import"));
	assert_null(strstr(report_js, "innerHTML"));
	assert_null(strstr(report_js, "eval("));
	assert_null(strstr(report_js, "</script"));
	assert_int_equal(count_of(text, " style=\""), 0);
	assert_int_equal(count_of(text, " src="), count_of(text, "img src=x")); /* as text alone */
	free(text);
}

static void the_glance_answers_the_four_questions(void **state)
{
	char *text, *row;

	(void)state;
	give_text(LEAK("21:16:00.000", "7", ",\"age_ms\":61000,\"fix\":\"close it\"" MADE("dial")) LEAK("21:26:00.000", "7", ",\"fix\":\"close it\"" MADE("dial"))
			  AT("21:16:00.000", "7", "cloexec", "cloexec.forced", "note", ""));
	end_reading();
	text = put(report_put_glance);
	assert_int_equal(count_of(text, "<tr role=\"row\">"), 2); /* head, and the warning: no note */
	row = between(text, "<tbody", "</tbody>");
	assert_non_null(strstr(row, "<span class=\"level warning\">warning</span> <a href=\"#findings\" data-id=\"closewait.leak\">closewait.leak</a> what happened"));
	assert_non_null(strstr(row, "made at <code>dial (sdk.so+0x10)</code>"));
	assert_non_null(strstr(row, "<time datetime=\"2026-11-21T21:14:59Z\">"));
	assert_non_null(strstr(row, "for 11m1s and more"));
	assert_non_null(strstr(row, ">close it</div></td>"));
	free(row);
	free(text);
}

static void many_kinds_have_a_row_each_and_a_bound(void **state)
{
	char line[512], *text;

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), AT("21:16:00.000", "7", "g", "kind.%d", "error", ",\"site\":[{\"object\":\"/x\",\"offset\":\"0x%x\"}]"), i % 20, i);
		give_text(line);
	}
	end_reading();
	text = put(report_put_glance);
	assert_int_equal(count_of(text, "<th scope=\"row\""), 9);
	assert_int_equal(count_of(text, ", and 1 other<"), 9);
	assert_non_null(strstr(text, "22 more findings of other kinds"));
	free(text);
}

/* What does not fit into the first object follows, with the strings that it needs. */
static void very_many_findings_come_in_parts(void **state)
{
	char line[512], *text;

	(void)state;
	sample.r.findings_max = 16000;
	for (int i = 0; i < 15001; i++) {
		const char *why;
		struct log_line l;
		int n = snprintf(line, sizeof(line), AT("21:16:00.000", "7", "g", "kind", "error", ",\"site\":[{\"object\":\"/x\",\"offset\":\"0x%x\"}]"), i);

		assert_true(log_parse(&sample.scratch, line, (size_t)n - 1, &l, &why));
		report_take(&sample, &(struct report_file){ .host = "" }, &l);
		pool_empty(&sample.scratch);
	}
	end_reading();
	text = put(report_put_data);
	assert_non_null(strstr(text, "\"all\":15001,"));
	assert_int_equal(count_of(text, "<script type=\"application/json\" class=\"data\">"), 2);
	assert_int_equal(count_of(text, "x+0x3a98 "), 0);
	assert_int_equal(count_of(text, "\"x+0x3a98\""), 1); /* the last one, once */
	assert_int_equal(count_of(text, "\"what happened\""), 1);
	free(text);
}

static void without_commands_no_argument_is_told(void **state)
{
	char *text;

	(void)state;
	sample.commands = false;
	give_text(START("21:00:00.000", "7", ",\"ppid\":1,\"argv\":[\"x\",\"--password=secret\"]")
			  AT("21:16:00.000", "7", "cloexec", "cloexec.leaked", "error", ",\"command\":\"x --password=secret\""));
	end_reading();
	text = put(report_page_write);
	assert_null(strstr(text, "secret"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_of_a_log_is_markup, setup, teardown),
		cmocka_unit_test_setup_teardown(the_page_asks_for_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_glance_answers_the_four_questions, setup, teardown),
		cmocka_unit_test_setup_teardown(many_kinds_have_a_row_each_and_a_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(very_many_findings_come_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(without_commands_no_argument_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
