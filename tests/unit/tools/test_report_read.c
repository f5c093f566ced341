// SPDX-License-Identifier: MIT
/* LOG… -> lines: nothing that cannot be read is passed over in silence. */
#include "report_sample.h"

#include <sys/stat.h>

static char top[] = "/tmp/fdguard-test.XXXXXX";

static void file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void folder(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

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

static void what_is_no_line_is_counted_and_told(void **state)
{
	(void)state;
	give_text(LEAK("21:16:00.123", "7", MADE("f")) "torn\n\n{\"v\":2}\r\n" LEAK("21:16:01.000", "7", MADE("f")) "[1,\n[2,\n");
	assert_int_equal(sample.lines, 2);
	assert_int_equal(sample.bad, 4);
	assert_int_equal(sample.file[0].bad, 4);
	assert_non_null(strstr(sample.file[0].why[0], "line 2: "));
	assert_non_null(strstr(sample.file[0].why[0], "(torn)"));
	assert_non_null(strstr(sample.file[0].why[1], "line 4: it is of another version"));
	assert_non_null(strstr(sample.file[0].why[2], "line 6: "));
	assert_false(sample.file[0].half);
}

static void half_a_line_at_the_end_is_told_as_such(void **state)
{
	const char *text = LEAK("21:16:00.123", "7", "");

	(void)state;
	give(text, strlen(text) - 3);
	assert_int_equal(sample.bad, 1);
	assert_true(sample.file[0].half);
	assert_non_null(strstr(sample.file[0].why[0], "it was cut off, or is being written"));
	give(text, strlen(text) - 1); /* a whole one, whose newline is to come */
	assert_int_equal(sample.lines, 1);
	assert_int_equal(sample.bad, 1);
}

static void lines_that_are_too_long_are_one_mistake_each(void **state)
{
	size_t n = 3u << 20;
	char *text = malloc(n + 1000);

	(void)state;
	memset(text, 'x', n);
	text[n / 2] = '\n';
	strcpy(text + n, "\n" LEAK("21:16:00.123", "7", ""));
	give_text(text);
	assert_int_equal(sample.bad, 2);
	assert_int_equal(sample.lines, 1);
	assert_non_null(strstr(sample.file[0].why[0], "line 1: it is too long"));
	assert_non_null(strstr(sample.file[0].why[1], "line 2: it is too long"));
	assert_true(strlen(sample.file[0].why[0]) < 400);
	free(text);
}

static void a_log_that_is_text_is_told_as_such(void **state)
{
	(void)state;
	give_text("fdguard: warning: what happened [closewait.leak]\n  peer: 10.0.0.1:80\n");
	assert_int_equal(sample.bad, 2);
	assert_non_null(strstr(sample.file[0].problem, "fdguard run --json"));
}

static void a_nul_ends_no_line(void **state)
{
	static const char text[] = "ab\0cd\n" LEAK("21:16:00.123", "7", "");

	(void)state;
	give(text, sizeof(text) - 1);
	assert_int_equal(sample.bad, 1);
	assert_int_equal(sample.lines, 1);
	assert_non_null(strstr(sample.file[0].why[0], "ab\\x00cd"));
}

static const char *host_of(size_t n)
{
	return report_string(&sample, sample.hosts[n]);
}

static void hosts_come_from_the_argument_the_line_and_directories(void **state)
{
	char argument[160];

	(void)state;
	assert_non_null(mkdtemp(top));
	file("a.jsonl", LEAK("21:16:00.123", "7", ""));
	file("b=c.jsonl", LEAK("21:16:00.123", "7", ""));
	file("notes.txt", "not a log\nat all\n");
	file("empty.jsonl", "");
	file(".hidden", LEAK("21:16:00.123", "7", ""));
	folder("web1");
	folder("web2");
	file("web1/x.1", LEAK("21:16:00.123", "7", ""));
	file("web2/x.1", LEAK("21:16:00.123", "7", ",\"host\":\"inner\""));
	assert_true(report_read(&sample, top));
	assert_int_equal(sample.lines, 4);
	assert_int_equal(sample.host_count, 3);
	assert_string_equal(host_of(0), "");
	assert_string_equal(host_of(1), "web1");
	assert_string_equal(host_of(2), "inner");
	snprintf(argument, sizeof(argument), "web9=%s/a.jsonl", top);
	assert_true(report_read(&sample, argument));
	assert_string_equal(host_of(3), "web9");
	snprintf(argument, sizeof(argument), "%s/b=c.jsonl", top);
	assert_true(report_read(&sample, argument));
	assert_int_equal(sample.host_count, 4);
	assert_int_equal(sample.unread, 0);
	report_finish(&sample);
	assert_non_null(strstr(sample.file[0].path, "notes.txt"));
	assert_non_null(strstr(sample.file[0].problem, "was passed over"));
}

static void what_is_not_there_is_told(void **state)
{
	(void)state;
	assert_false(report_read(&sample, "/nonexistent/log"));
	assert_false(report_read(&sample, "/dev/null"));
	assert_int_equal(sample.unread, 2);
	assert_string_equal(sample.file[0].problem, "No such file or directory");
	assert_string_equal(sample.file[1].problem, "is no file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_no_line_is_counted_and_told, setup, teardown),
		cmocka_unit_test_setup_teardown(half_a_line_at_the_end_is_told_as_such, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_that_are_too_long_are_one_mistake_each, setup, teardown),
		cmocka_unit_test_setup_teardown(a_log_that_is_text_is_told_as_such, setup, teardown),
		cmocka_unit_test_setup_teardown(a_nul_ends_no_line, setup, teardown),
		cmocka_unit_test_setup_teardown(hosts_come_from_the_argument_the_line_and_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_told, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command) == 0 ? failed : 1;
}
