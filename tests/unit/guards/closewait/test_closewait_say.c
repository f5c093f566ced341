// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/resource.h>

#include "../../../harness/reported.h"
#include "base/fmt.h"
#include "guards/closewait/closewait.h"

static const struct fdg_closewait now = { .now = 100000, .known = 51, .sockets = 50 };

static int begin(void **state)
{
	struct fdg_closewait_group *g = fdg_closewait_group_at(0);

	memset(g, 0, sizeof(*g));
	g->serial = 1;
	strcpy(g->peer, "10.0.0.7:8001");
	fdg_closewait_groups_end = 1;
	*state = g;
	return 0;
}

static bool says(const struct fdg_closewait_group *g, const char *words)
{
	fdg_closewait_say(&now, g);
	return strstr(report(), words) != NULL;
}

/* 50 were ended, told of and closed; so are these 50. */
static void what_was_ended_before_is_not_told_as_if_it_were_there(void **state)
{
	struct fdg_closewait_group *g = *state;

	fdg_options.closewait = FDG_FIX;
	g->ended = (struct fdg_closewait_tally){ 50, 0, 0, 61000, 60000, 7 };
	g->cured = 50;
	assert_true(says(g, "50 sockets to 10.0.0.7:8001 in CLOSE_WAIT, the oldest for 1m1s, last used 1m ago: 50 ended [closewait.leak]"));
	g->cured = 100;
	g->said = 50;
	assert_true(says(g, "50 sockets to 10.0.0.7:8001 in CLOSE_WAIT, the oldest for 1m1s, last used 1m ago: 50 ended (100 so far) [closewait.leak]"));
	assert_non_null(strstr(logged, "in all, to whomever: 100"));
}

/* Of these 3 one was ended. */
static void why_others_are_not_ended_is_said(void **state)
{
	struct fdg_closewait_group *g = *state;

	fdg_options.closewait = FDG_FIX;
	g->ended = (struct fdg_closewait_tally){ 1, 0, 0, 61000, 60000, 7 };
	g->there = (struct fdg_closewait_tally){ 2, 0, 0, 1000, 900, 8 };
	g->cured = 1;
	g->count = 2;
	g->uncured = FDG_CURE_QUEUE;
	assert_true(says(g, "3 sockets to 10.0.0.7:8001 in CLOSE_WAIT, the oldest for 1m1s, last used 900ms ago: 1 ended, others not ended: data of the program is still to be sent ["));
}

/* They stay: 2 of these 3 had it before. */
static void keepalive_is_said(void **state)
{
	struct fdg_closewait_group *g = *state;

	fdg_options.closewait = FDG_FIX;
	fdg_options.closewait_cure = FDG_CURE_KEEPALIVE;
	g->there = (struct fdg_closewait_tally){ 3, 0, 0, 61000, 60000, 7 };
	g->count = g->fixed = g->cured = 3;
	assert_true(says(g, "3 sockets to 10.0.0.7:8001 in CLOSE_WAIT, the oldest for 1m1s, last used 1m ago: 3 given keepalive ["));
	fdg_options.closewait_cure = FDG_CURE_SHUTDOWN;
}

static void many_peers_are_said(void **state)
{
	struct fdg_closewait_group *g = *state;

	fdg_options.closewait = FDG_REPORT;
	g->is_many = true;
	g->there = (struct fdg_closewait_tally){ 234, 0, 0, 61000, 60000, 7 };
	g->count = 234;
	assert_true(says(g, "234 sockets to further peers, one of them 10.0.0.7:8001, in CLOSE_WAIT, the oldest for 1m1s, last used 1m ago ["));
	assert_null(strstr(logged, "peer:"));
}

static void report_says_nothing_of_cures(void **state)
{
	struct fdg_closewait_group *g = *state;

	fdg_options.closewait = FDG_REPORT;
	g->there = (struct fdg_closewait_tally){ 1, 1, 0, 61000, 60000, 7 };
	g->count = 1;
	assert_true(says(g, "1 socket to 10.0.0.7:8001 in CLOSE_WAIT for 1m1s, last used 1m ago [closewait.leak]"));
	assert_non_null(strstr(logged, "local ports held: 1 of "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_ended_before_is_not_told_as_if_it_were_there, begin),
		cmocka_unit_test_setup(why_others_are_not_ended_is_said, begin),
		cmocka_unit_test_setup(keepalive_is_said, begin),
		cmocka_unit_test_setup(many_peers_are_said, begin),
		cmocka_unit_test_setup(report_says_nothing_of_cures, begin),
	};
	int failed;

	begin_reports("/opt/shop/bin/shopd");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(log_path);
	return failed;
}
