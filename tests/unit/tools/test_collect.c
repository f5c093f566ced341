// SPDX-License-Identifier: MIT
/* A log that grows while it is read, and what is wrong with it; what the caller leaked is left out. */
#include "tools/collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE(id, rest) \
	"{\"v\":1,\"time\":\"t\",\"pid\":5,\"tid\":5,\"exe\":\"/x\",\"guard\":\"g\",\"id\":\"" id "\",\"level\":\"warning\",\"action\":\"reported\",\"message\":\"m\"" rest "}\n"
#define INHERITED(fds, what) LINE("cloexec.inherited", ",\"fds\":\"" fds "\",\"what\":\"" what "\"")

static struct run run;
static struct judge *judge;
static struct tree *tree;
static struct collect *collect;
static struct caller_fd fds[] = { { 10, "/dev/null" }, { 250, "socket:[4711]" }, { 251, "/a, b" } };
static const struct caller caller = { fds, 3 };
static int log_fd;

static void made_up(void *cookie, const struct log_line *l)
{
	judge_finding(cookie, l);
}

static int setup(void **state)
{
	(void)state;
	run = (struct run){ .o = { .fail_on = FDG_LEVEL_WARNING } };
	judge = judge_new(&run);
	tree = tree_new(&run, made_up, judge);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	collect = collect_new(&run, tree, judge, &caller, log_fd);
	return log_fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	collect_free(collect);
	tree_free(tree);
	judge_free(judge);
	run_free(&run);
	return close(log_fd);
}

static void append(const char *text)
{
	size_t n = strlen(text);
	struct stat st;

	assert_int_equal(fstat(log_fd, &st), 0);
	assert_int_equal(pwrite(log_fd, text, n, st.st_size), n);
}

static uint64_t reports(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < run.findings; i++)
		n += run.finding[i].reports;
	return n;
}

static void lines_may_come_in_pieces(void **state)
{
	static const char text[] = LINE("g.x", "") LINE("g.x", ",\"count\":3") LINE("g.y", "");
	char piece[8];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i += 7) {
		*(char *)mempcpy(piece, text + i, strnlen(text + i, 7)) = '\0';
		append(piece);
		collect_more(collect);
	}
	collect_finish(collect);
	judge_finish(judge, NULL, true);
	assert_int_equal(run.problems, 0);
	assert_int_equal(run.findings, 2);
	assert_int_equal(reports(), 3);
	assert_int_equal(run.finding[0].most, 3);
}

static void a_line_without_an_end_is_a_problem(void **state)
{
	(void)state;
	append(LINE("g.x", "") "{\"v\":1,");
	collect_more(collect);
	assert_int_equal(run.problems, 0);
	collect_finish(collect);
	assert_int_equal(run.problems, 1);
	assert_non_null(strstr(run.problem[0], "line 2 of the log is none of ours: it was cut off"));
	assert_int_equal(reports(), 1);
}

static void what_is_no_line_is_counted_and_passed_over(void **state)
{
	(void)state;
	append("\n\n");
	for (int i = 0; i < 9; i++)
		append("\033[2Jno\n");
	append(LINE("g.x", ""));
	collect_finish(collect);
	assert_int_equal(run.problems, 5);
	assert_string_equal(run.problem[0], "line 3 of the log is none of ours: something that is no value (\\x1b[2Jno)");
	assert_string_equal(run.problem[4], "5 more lines of the log are none of ours");
	assert_int_equal(reports(), 1);
}

static void a_line_that_is_too_long_does_not_swallow_the_next(void **state)
{
	static char text[3 * LOG_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	append(text);
	collect_more(collect);
	append("\n" LINE("g.x", ""));
	collect_finish(collect);
	assert_int_equal(run.problems, 1);
	assert_int_equal(reports(), 1);
}

static void what_the_caller_leaked_is_left_out(void **state)
{
	(void)state;
	append(INHERITED("10", "10 /dev/null") INHERITED("10,250-251", "10 /dev/null, 250 socket:[4711], 251 /a, b") INHERITED("10,250-251", "10 /dev/null, …"));
	collect_finish(collect);
	assert_int_equal(reports(), 0);
	assert_int_equal(run.callers, 3);
}

static void what_only_looks_so_is_not(void **state)
{
	(void)state;
	append(INHERITED("9", "9 /dev/null"));                              /* another number */
	append(INHERITED("250", "250 socket:[4712]"));                      /* another socket at that number */
	append(INHERITED("10-11", "10 /dev/null, 11 x"));                   /* one of them is not */
	append(INHERITED("10,12", "10 /dev/null, …"));
	append(INHERITED("10", "…"));                                       /* nothing to compare */
	append(INHERITED("10", ""));
	append(INHERITED("", "10 /dev/null"));
	append(INHERITED("10;", "10 /dev/null"));
	append(LINE("cloexec.leaked", ",\"fds\":\"10\",\"what\":\"10 /dev/null\"")); /* somebody's fault, who is known */
	collect_finish(collect);
	assert_int_equal(run.problems, 0);
	assert_int_equal(reports(), 9);
	assert_int_equal(run.callers, 0);
}

static void the_note_names_them(void **state)
{
	struct caller_fd many[600];
	struct caller c = { many, 600 };
	char want[128];

	(void)state;
	snprintf(want, sizeof(want), "1 x 77 %d fdguard 0:fdguard q0.3:10,250-251", (int)getpid());
	assert_string_equal(caller_note(&run.pool, &caller, 77), want);
	assert_null(caller_note(&run.pool, &(struct caller){ 0 }, 77));
	for (int i = 0; i < 600; i++)
		many[i] = (struct caller_fd){ 3 + 2 * i, "x" };
	snprintf(want, sizeof(want), "1 x 77 %d fdguard 0:fdguard q0.16:3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33 q0.16:35,", (int)getpid());
	assert_memory_equal(caller_note(&run.pool, &c, 77), want, strlen(want));
}

static void what_the_launcher_reported_is_not_reported_again(void **state)
{
	(void)state;
	tree_expect(tree, 5, "/x", "t");
	append(LINE("run.uncovered", ""));
	collect_finish(collect);
	tree_finish(tree);
	assert_int_equal(reports(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_may_come_in_pieces),
		TEST(a_line_without_an_end_is_a_problem),
		TEST(what_is_no_line_is_counted_and_passed_over),
		TEST(a_line_that_is_too_long_does_not_swallow_the_next),
		TEST(what_the_caller_leaked_is_left_out),
		TEST(what_only_looks_so_is_not),
		TEST(the_note_names_them),
		TEST(what_the_launcher_reported_is_not_reported_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
