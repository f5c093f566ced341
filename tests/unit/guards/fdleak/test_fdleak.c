// SPDX-License-Identifier: MIT
/* Time is what the test says that it is; the descriptors are real, for the kernel is asked of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../harness/reported.h"
#include "base/arena.h"
#include "guards/fdleak/fdleak.h"
#include "ledger/ledger.h"

#define WINDOW 60000u
#define MOST 2000

static int held[MOST];
static unsigned holds;
static uint64_t now = 1000000;

static int begins(void **state)
{
	(void)state;
	fdg_fdleak_restart();
	report();
	return 0;
}

static void gives_back(unsigned n)
{
	while (n--) {
		fdg_ledger_forget(held[--holds]);
		close(held[holds]);
	}
}

static void gives_back_first(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fdg_ledger_forget(held[i]);
		close(held[i]);
	}
	memmove(held, held + n, (holds -= n) * sizeof(*held));
}

static int ends(void **state)
{
	(void)state;
	gives_back(holds);
	fdg_ledger_forget_range(0, ~0u);
	return 0;
}

static int of_kind(fdg_kindword kind)
{
	int fd = fdg_kindword_kind(kind) == FDG_KIND_SOCKET ? socket(AF_INET, SOCK_STREAM, 0) : open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	fdg_ledger_learn(fd, kind, 0, (const void *)(uintptr_t)of_kind);
	return fd;
}

static void takes(unsigned n, fdg_kindword kind)
{
	while (n--) {
		assert_true(holds < MOST);
		held[holds++] = of_kind(kind);
	}
}

/* A window, with four sweeps in it. */
static void waits(void)
{
	for (unsigned i = 0; i < 4; i++)
		fdg_fdleak_sample(now += WINDOW / 4);
}

static unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

/* The number behind a name in the last report; -1: there is none. */
static long number(const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(logged, key);
	return at && at[strlen(key)] != '"' ? strtol(at + strlen(key), NULL, 10) : -1;
}

static long last_of(const char *array)
{
	const char *end = strchr(array, ']');

	while (end[-1] != ',' && end[-1] != '[')
		end--;
	return strtol(end, NULL, 10);
}

static const fdg_kindword file = FDG_KIND_FILE;
static fdg_kindword tcp;

static void leaks(unsigned windows, unsigned each, fdg_kindword kind)
{
	for (unsigned i = 0; i < windows; i++) {
		takes(each, kind);
		waits();
	}
}

static void files_that_are_not_closed_are_told(void **state)
{
	(void)state;
	leaks(36, 10, file);
	assert_non_null(strstr(report(), "\"id\":\"fdleak.growth\",\"level\":\"warning\",\"action\":\"reported\""));
	assert_non_null(strstr(logged, " keeps more and more files open: from "));
	assert_non_null(strstr(logged, ", like fd "));
	assert_non_null(strstr(logged, "\"kind\":\"files\""));
	assert_non_null(strstr(logged, "\"curve\":\""));
	assert_non_null(strstr(logged, "\"curve_ms\":[0,"));
	assert_non_null(strstr(logged, "\"made_1_count\":"));
	assert_non_null(strstr(logged, "\"example\":\"fd "));
	assert_non_null(strstr(logged, "(device /dev/null)\"")); /* as the kernel says */
	assert_non_null(strstr(logged, "\"made_1\":\""));
	assert_null(strstr(logged, "\"made_2\":\""));
}

static void it_is_told_again_when_it_has_doubled(void **state)
{
	(void)state;
	leaks(36, 12, file);
	assert_int_equal(times(report(), "fdleak.growth"), 1);
	leaks(20, 12, file);
	assert_int_equal(times(report(), "fdleak.growth"), 0);
	leaks(20, 12, file);
	assert_int_equal(times(report(), "fdleak.growth"), 1);
}

static void sockets_are_counted_apart(void **state)
{
	(void)state;
	takes(300, file);
	leaks(36, 10, tcp);
	assert_int_equal(times(report(), "fdleak.growth"), 1);
	assert_non_null(strstr(logged, " keeps more and more sockets open: from "));
}

/* More in each window, and none for longer than one; their numbers are used again and again. */
static void what_comes_and_goes_is_not_counted(void **state)
{
	unsigned old = 0;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		takes(15 * i, file);
		gives_back_first(old);
		old = 15 * i;
		waits();
	}
	assert_string_equal(report(), "");
}

static void a_slow_leak_under_what_comes_and_goes_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 140; i++) {
		takes(1, file);
		takes(100 + i * 7919 % 300, tcp);
		waits();
		gives_back(100 + i * 7919 % 300);
	}
	assert_int_equal(times(report(), "fdleak.growth"), 1);
	assert_non_null(strstr(logged, " keeps more and more files open: from "));
}

static void a_pool_is_silent(void **state)
{
	(void)state;
	leaks(10, 50, tcp);
	for (unsigned i = 0; i < 100; i++)
		waits();
	assert_string_equal(report(), "");
}

static void what_was_closed_behind_the_ledger_is_no_leak(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 36; i++) {
		for (int fd = 100 + (int)i * 10; fd < 110 + (int)i * 10; fd++) /* numbers of nothing */
			fdg_ledger_learn(fd, file, 0, NULL);
		waits();
	}
	assert_string_equal(report(), "");
}

static void a_child_begins_where_its_parent_is(void **state)
{
	int status = 0;
	pid_t child;

	(void)state;
	leaks(26, 10, file);
	assert_string_equal(report(), "");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (unsigned i = 0; i < 20; i++) {
			takes(10, file);
			waits();
		}
		_exit(strcmp(report(), "") != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	leaks(8, 10, file);
	assert_int_equal(times(report(), "fdleak.growth"), 1);
}

static void nothing_is_said_where_it_is_off(void **state)
{
	(void)state;
	fdg_options.fdleak = FDG_OFF;
	leaks(36, 13, file);
	fdg_options.fdleak = FDG_REPORT;
	assert_string_equal(report(), "");
}

static void the_limit_is_told(void **state)
{
	struct rlimit old, is = { 777, 0 };

	(void)state;
	getrlimit(RLIMIT_NOFILE, &old);
	is.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &is), 0);
	leaks(36, 11, file);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_non_null(strstr(report(), " of 777 ("));
	assert_non_null(strstr(logged, "\"full_in\":\""));
	assert_non_null(strstr(logged, "\"limit_nofile\":777,"));
	assert_true(number("full_in_ms") > 0);
}

/* What alerts compute with: the same in numbers as in words. */
static void the_curve_is_told_in_numbers(void **state)
{
	const char *at;

	(void)state;
	leaks(36, 15, file);
	assert_non_null(at = strstr(report(), "\"curve_open\":["));
	assert_int_equal(strtol(at + 14, NULL, 10), number("from"));
	assert_int_equal(last_of(at), number("to"));
	assert_int_equal(number("to") - number("from"), number("count"));
	assert_non_null(at = strstr(logged, "\"curve_ms\":[0,"));
	assert_int_equal(last_of(at), number("in_ms"));
	assert_int_equal(number("in_ms") % WINDOW, 0);
}

/* At 3 a.m.: three points, and the size of it. */
static void text_is_for_people(void **state)
{
	const char *at;

	(void)state;
	fdg_options.format = FDG_TEXT;
	leaks(36, 16, file);
	fdg_options.format = FDG_JSON;
	assert_non_null(strstr(report(), "\n  grew by: "));
	assert_null(strstr(logged, "\n  count: "));
	assert_non_null(at = strstr(logged, "\n  open at least: "));
	assert_non_null(at = strstr(at, " after "));
	assert_non_null(at = strstr(at + 1, " after "));
	at += strcspn(at, "\n");
	assert_null(strstr(at, " after "));
	assert_null(strstr(logged, "curve"));
	assert_null(strstr(logged, "_ms"));
}

static int begin(void **state)
{
	struct rlimit l;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max < 4096 ? l.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &l);
	tcp = fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM);
	begin_reports(NULL);
	fdg_options.format = FDG_JSON;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_that_are_not_closed_are_told, begins, ends),
		cmocka_unit_test_setup_teardown(it_is_told_again_when_it_has_doubled, begins, ends),
		cmocka_unit_test_setup_teardown(sockets_are_counted_apart, begins, ends),
		cmocka_unit_test_setup_teardown(what_comes_and_goes_is_not_counted, begins, ends),
		cmocka_unit_test_setup_teardown(a_slow_leak_under_what_comes_and_goes_is_told, begins, ends),
		cmocka_unit_test_setup_teardown(a_pool_is_silent, begins, ends),
		cmocka_unit_test_setup_teardown(what_was_closed_behind_the_ledger_is_no_leak, begins, ends),
		cmocka_unit_test_setup_teardown(a_child_begins_where_its_parent_is, begins, ends),
		cmocka_unit_test_setup_teardown(nothing_is_said_where_it_is_off, begins, ends),
		cmocka_unit_test_setup_teardown(the_limit_is_told, begins, ends),
		cmocka_unit_test_setup_teardown(the_curve_is_told_in_numbers, begins, ends),
		cmocka_unit_test_setup_teardown(text_is_for_people, begins, ends),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
