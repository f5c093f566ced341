// SPDX-License-Identifier: MIT
/* The program itself, which lies beside this test. */
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "options/reader.h"

static char program[PATH_MAX], directory[] = "/tmp/fdguard-tool.XXXXXX";
static char out[1 << 15], err[1 << 15];

static int enter_directory(void **state)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 32);

	(void)state;
	if (n < 0 || !mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	program[n] = '\0';
	strcat(dirname(program), "/fdguard-options");
	return 0;
}

static int leave_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return chdir("/") || system(command);
}

static void slurp(const char *name, char *text, size_t cap)
{
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	text[fread(text, 1, cap - 1, f)] = '\0';
	fclose(f);
}

/* Runs the program with arguments as a shell writes them; fills out and err. */
static int run(const char *arguments)
{
	char command[PATH_MAX + 1024];
	int status;

	snprintf(command, sizeof(command), "%s %s >out 2>err", program, arguments);
	status = system(command);
	slurp("out", out, sizeof(out));
	slurp("err", err, sizeof(err));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_is_silent_about_good_text(void **state)
{
	(void)state;
	assert_int_equal(run("check \"log='/tmp/a b':level=note\""), 0);
	assert_string_equal(out, "");
	assert_string_equal(err, "");
	assert_int_equal(run("check -- ''"), 0);
	assert_int_equal(run("check ''"), 0);
}

static void check_prints_each_mistake_and_exits_2(void **state)
{
	(void)state;
	assert_int_equal(run("check -- cloexce=off:level=loud:format=json"), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, "fdguard: unknown key 'cloexce' (did you mean 'cloexec'?)\n"
				 "fdguard: bad value 'loud' for key 'level': expected warning,note,error\n");
}

static void check_tells_what_is_not_built_yet_and_exits_0(void **state)
{
	(void)state;
	assert_int_equal(run("check select.fortify=fix"), 0);
	assert_string_equal(err, "fdguard: select.fortify='fix' is accepted, but not built yet: the abort is reported, and stays\n");
}

static void wrong_usage_exits_2(void **state)
{
	static const char *const calls[] = { "", "check", "check a=b c=d", "check -- a=b c=d", "list --html", "list --scdoc x", "frobnicate" };

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		assert_int_equal(run(calls[i]), 2);
		assert_string_equal(out, "");
		assert_memory_equal(err, "usage: fdguard-options check", 28);
	}
}

static void set_joins_its_settings(void **state)
{
	(void)state;
	assert_int_equal(run("set cloexec=report only= log=/x stacks=3"), 0);
	assert_string_equal(out, "cloexec=report:only=:log=/x:stacks=3\n");
	assert_string_equal(err, "");
	assert_int_equal(run("set"), 0);
	assert_string_equal(out, "\n");
	assert_int_equal(run("set select.fortify=fix"), 0);
	assert_string_equal(out, "select.fortify=fix\n");
	assert_non_null(strstr(err, "not built yet"));
}

static void set_quotes_what_has_separators(void **state)
{
	(void)state;
	assert_int_equal(run("set 'log=/tmp/a b' 'skip=x:y' \"only=a\tb\" 'metrics=/x=y'"), 0);
	assert_string_equal(out, "log='/tmp/a b':skip='x:y':only='a\tb':metrics=/x=y\n");
}

static void what_set_prints_is_read_as_what_was_set(void **state)
{
	struct fdg_options a, b;
	char *newline;

	(void)state;
	assert_int_equal(run("set 'log=/tmp/a b\t#:c\n%p' 'only=x y,z' closewait.age=5m cloexec.allow=3-4,pipe 'suppressions='"), 0);
	newline = strrchr(out, '\n');
	assert_non_null(newline);
	*newline = '\0';
	fdg_options_defaults(&a);
	fdg_options_defaults(&b);
	assert_int_equal(fdg_options_read(&a, out, NULL, NULL), 0);
	fdg_options_set(&b, "closewait.age=5m", NULL, NULL);
	fdg_options_set(&b, "cloexec.allow=3-4,pipe", NULL, NULL);
	assert_string_equal(a.log.path, "/tmp/a b\t#:c\n%p");
	assert_int_equal(a.only.count, 2);
	assert_string_equal(a.only.glob[0], "x y");
	assert_int_equal(a.closewait_age_ms, b.closewait_age_ms);
	assert_memory_equal(&a.cloexec_allow, &b.cloexec_allow, sizeof(a.cloexec_allow));
}

static void set_refuses_what_the_syntax_cannot_say(void **state)
{
	(void)state;
	assert_int_equal(run("set level=note \"log=/tmp/it's\""), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, "fdguard: bad value \"/tmp/it's\" for key 'log': a quote cannot be written in FDGUARD_OPTIONS\n");
}

static void set_tells_every_mistake_and_prints_nothing(void **state)
{
	(void)state;
	assert_int_equal(run("set level=loud nonsense cloexce=1 format=json"), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, "fdguard: bad value 'loud' for key 'level': expected warning,note,error\n"
				 "fdguard: 'nonsense' is not of the form key=value\n"
				 "fdguard: unknown key 'cloexce' (did you mean 'cloexec'?)\n");
}

static void set_makes_paths_absolute(void **state)
{
	char want[512];

	(void)state;
	assert_int_equal(system(": >sup; echo level=note >conf; mkdir -p 'a%p'"), 0);
	assert_int_equal(run("set log=x.%p suppressions=sup metrics=m include=conf"), 0);
	snprintf(want, sizeof(want), "log=%s/x.%%p:suppressions=%s/sup:metrics=%s/m:include=%s/conf\n", directory, directory, directory,
		 directory);
	assert_string_equal(out, want);
	assert_int_equal(chdir("a%p"), 0);
	assert_int_equal(run("set log=x metrics=m"), 0);
	snprintf(want, sizeof(want), "log=%s/a%%%%p/x:metrics=%s/a%%%%p/m\n", directory, directory);
	assert_string_equal(out, want);
	assert_int_equal(chdir(".."), 0);
}

static void suppressions_that_cannot_be_read_are_a_mistake(void **state)
{
	char want[256];

	(void)state;
	snprintf(want, sizeof(want), "fdguard: suppressions '%s/nowhere' cannot be read: No such file or directory\n", directory);
	assert_int_equal(run("set suppressions=nowhere"), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, want);
	assert_int_equal(run("check suppressions=nowhere"), 2);
	assert_string_equal(err, want);
	assert_int_equal(run("check suppressions=/"), 2);
	assert_string_equal(err, "fdguard: suppressions '/' is not a regular file\n");
}

static void include_of_a_bad_file_is_a_mistake(void **state)
{
	(void)state;
	assert_int_equal(run("set include=nowhere"), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, "fdguard: file 'nowhere' is not included: there is no such file\n");
}

static void list_has_every_option(void **state)
{
	static const char *const styles[] = { "list", "list --scdoc", "list --markdown" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(run(styles[i]), 0);
		assert_string_equal(err, "");
		for (size_t row = 0; row < FDG_ROWS; row++)
			assert_true(!strstr(out, fdg_rows[row].key) == (row == FDG_ROW_run_exec)); /* hidden */
	}
}

static void list_marks_defaults(void **state)
{
	(void)state;
	run("list");
	assert_non_null(strstr(out, "\nlevel                   warning*, note, error\n"
				    "                        the least level that text shows; json writes all\n"));
	assert_non_null(strstr(out, "\nstacks                  0 to 32 (1*)\n"));
	assert_non_null(strstr(out, "metrics                 FILE\n"
				    "                        OpenMetrics text for a node_exporter textfile collector, at most every 10 s and at the end; %p and %e as in log\n"));
	run("list --markdown");
	assert_memory_equal(out, "| key | values", 14);
	assert_non_null(strstr(out, "| `cloexec` | **fix**, report, off | close-on-exec on the descriptors that the program creates |\n"));
	run("list --scdoc");
	assert_non_null(strstr(out, "*resolver*=*on*, off\n\tour resolver behind getaddrinfo and friends\n\n"));
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
	char command[PATH_MAX + 64];

	(void)state;
	snprintf(command, sizeof(command), "%s list >/dev/full 2>err", program);
	assert_int_equal(WEXITSTATUS(system(command)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_is_silent_about_good_text),
		cmocka_unit_test(check_prints_each_mistake_and_exits_2),
		cmocka_unit_test(check_tells_what_is_not_built_yet_and_exits_0),
		cmocka_unit_test(wrong_usage_exits_2),
		cmocka_unit_test(set_joins_its_settings),
		cmocka_unit_test(set_quotes_what_has_separators),
		cmocka_unit_test(what_set_prints_is_read_as_what_was_set),
		cmocka_unit_test(set_refuses_what_the_syntax_cannot_say),
		cmocka_unit_test(set_tells_every_mistake_and_prints_nothing),
		cmocka_unit_test(set_makes_paths_absolute),
		cmocka_unit_test(suppressions_that_cannot_be_read_are_a_mistake),
		cmocka_unit_test(include_of_a_bad_file_is_a_mistake),
		cmocka_unit_test(list_has_every_option),
		cmocka_unit_test(list_marks_defaults),
		cmocka_unit_test(output_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
