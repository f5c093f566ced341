// SPDX-License-Identifier: MIT
/* What is seen of a program from outside: when it is a finding, and its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../harness/reported.h"
#include "guards/reuseport/outside.h"
#include "guards/reuseport/resize.h"

static const struct fdg_place made[] = { { "/bin/server", 64 } };
static const struct fdg_source source[] = { { .symbol = "main.open+0x4", .file = "/src/server.go", .line = 12 } };

/* Six of a queue are gone; of another group each time: nothing is a repetition. */
static struct fdg_gone_seen six(void)
{
	static uint16_t port = 2000;

	return (struct fdg_gone_seen){
		.by = { .self = "server", .pid = 5, .fd = 7, .group = { .port = port++, .family = AF_INET, .protocol = IPPROTO_TCP, .address = { 127, 0, 0, 1 } }, .created = made, .source = source, .createds = 1 },
		.listeners = 1, .queued = 6, .backlog = 128, .siblings = 3, .missing = 6, .resets = 6, .torn = 12, .age_ms = 40,
	};
}

static bool tells(const struct fdg_gone_seen *g)
{
	fdg_gone_judge(g);
	return *report() != '\0';
}

static bool says(const char *text)
{
	bool is = strstr(logged, text) != NULL;

	if (!is)
		print_error("%s\nlacks: %s\n", logged, text);
	return is;
}

static void test_a_queue_that_is_gone_is_told(void **state)
{
	struct fdg_gone_seen g = six();

	(void)state;
	assert_true(tells(&g));
	assert_true(says("fdguard: error: server closed fd 7, a SO_REUSEPORT listener on 127.0.0.1:20"));
	assert_true(says(", with 6 connections in its queue when last looked at, 40ms before it was missed: they are gone, and the kernel has sent 6 resets; half-open"));
	assert_true(says("the 3 other listeners of the group got none [reuseport.reset]"));
	assert_true(says("\n  made at main.open at /src/server.go:12 (/bin/server+0x40)"));
	assert_true(says("\n  count: 6\n"));
	assert_true(says("\n  fix: set net.ipv4.tcp_migrate_req=1 where the service runs; or leave the listener out of the group by BPF"));
	assert_null(strstr(logged, "reuseport=fix"));
}

static void test_only_what_all_numbers_say_is_counted(void **state)
{
	static const struct { unsigned queued, missing, resets, torn, lost; } cases[] = {
		{ 0, 6, 6, 6, 0 }, { 6, 0, 6, 6, 0 }, { 6, 6, 0, 6, 0 }, { 6, 6, 6, 0, 0 }, { 2, 6, 6, 6, 2 }, { 6, 1, 6, 6, 1 }, { 6, 6, 3, 6, 3 }, { 6, 6, 6, 4, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fdg_gone_seen g = six();

		g.queued = cases[i].queued;
		g.missing = cases[i].missing;
		g.resets = cases[i].resets;
		g.torn = cases[i].torn;
		assert_int_equal(fdg_gone_lost(&g), cases[i].lost);
		assert_int_equal(tells(&g), cases[i].lost > 0);
	}
	assert_true(says(" before it was missed: 4 of them are gone"));
}

static void test_a_group_that_ends_as_a_whole_is_none(void **state)
{
	struct fdg_gone_seen g = six();

	(void)state;
	g.siblings = 0;
	assert_false(tells(&g));
}

static void test_how_it_went(void **state)
{
	static const struct { int how; unsigned listeners; const char *words; } cases[] = {
		{ FDG_GONE_SHUT, 1, "server shut down fd 7, a SO_REUSEPORT listener on 127" },
		{ FDG_GONE_CLOSED, 2, "server closed 2 SO_REUSEPORT listeners on 127" },
		{ FDG_GONE_ENDED, 2, "server ended, and with it 2 SO_REUSEPORT listeners on 127" },
		{ FDG_GONE_EXECUTED, 1, "server executed another program, and closed a SO_REUSEPORT listener on 127" },
		{ FDG_GONE_SOMEHOW, 1, "server made, and whoever had it last closed, a SO_REUSEPORT listener on 127" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fdg_gone_seen g = six();

		g.how = cases[i].how;
		g.listeners = cases[i].listeners;
		assert_true(tells(&g));
		assert_true(says(cases[i].words));
		assert_int_equal(strstr(logged, "\n  fd: 7\n") != NULL, g.how <= FDG_GONE_SHUT);
	}
}

/* As often as it happens in a service that restarts its workers: told again with twice as many. */
static void test_the_same_again_is_told_with_its_sum(void **state)
{
	struct fdg_gone_seen g = six(), other;

	(void)state;
	assert_true(tells(&g));
	assert_true(tells(&g));
	assert_true(says("; by now 12 in 2 such closings"));
	assert_false(tells(&g));
	assert_true(tells(&g));
	assert_true(says("; by now 24 in 4 such closings"));
	other = g;
	other.by.pid = 6;
	assert_true(tells(&other));
	assert_null(strstr(logged, "by now"));
}

static bool resizes(const struct fdg_gone_seen *g, unsigned from, unsigned to)
{
	fdg_resize_seen(&g->by, from, to);
	return *report() != '\0';
}

static void test_a_group_that_changes_is_a_note(void **state)
{
	struct fdg_gone_seen g = six();

	(void)state;
	fdg_resize_now = 1000;
	assert_false(resizes(&g, 0, 2)); /* it begins */
	fdg_resize_now += 1999;
	assert_false(resizes(&g, 2, 3)); /* still */
	fdg_resize_now += 2000;
	assert_true(resizes(&g, 3, 4));
	assert_true(says(" went from 3 to 4 members, as server added fd 7"));
	assert_true(says("\n  made at main.open at /src/server.go:12"));
	fdg_resize_now += 4999;
	assert_false(resizes(&g, 4, 3)); /* a moment later */
	fdg_resize_now += 1;
	assert_true(resizes(&g, 3, 2));
	assert_true(says(" went from 3 to 2 members, as server closed fd 7"));
	fdg_resize_now += 5000;
	assert_false(resizes(&g, 1, 0));
	g.by.group.address[0] = 224;
	assert_false(resizes(&g, 3, 2));
	fdg_resize_now = 0;
}

static int begin(void **state)
{
	int r = begin_reports("/bin/us");

	(void)state;
	fdg_options.level = FDG_LEVEL_NOTE;
	fdg_options.reuseport = FDG_REPORT;
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_queue_that_is_gone_is_told),
		cmocka_unit_test(test_only_what_all_numbers_say_is_counted),
		cmocka_unit_test(test_a_group_that_ends_as_a_whole_is_none),
		cmocka_unit_test(test_how_it_went),
		cmocka_unit_test(test_the_same_again_is_told_with_its_sum),
		cmocka_unit_test(test_a_group_that_changes_is_a_note),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
