// SPDX-License-Identifier: MIT
#include "resolver/server.h"

#include "common.h"

static struct fdg_server s;

static int setup(void **state)
{
	(void)state;
	fdg_server_start(&s, 4096);
	return 0;
}

static void waits_follow_round_trips(void **state)
{
	(void)state;
	assert_int_equal(fdg_server_patience(&s, 1, 1250000), FDG_SERVER_RTO);
	assert_int_equal(fdg_server_patience(&s, 2, 1250000), 2 * FDG_SERVER_RTO);
	assert_int_equal(fdg_server_patience(&s, 9, 1250000), 1250000);
	assert_int_equal(fdg_server_patience(&s, 1, 25000), 50000); /* timeout 100 ms */
	fdg_server_answered(&s, 1000, 20000, 1);
	assert_int_equal(s.rto, 60000); /* RFC 6298 section 2.2 */
	for (int i = 0; i < 200; i++)
		fdg_server_answered(&s, 1000, 20000, 1);
	assert_in_range(s.rto, 22900, 23100);
	assert_in_range(fdg_server_patience(&s, 2, 1250000), 2 * 22900, 2 * 23100);
	for (int i = 0; i < 20; i++)
		fdg_server_answered(&s, 1000, 900000, 1); /* a slow one is not asked again and again */
	assert_in_range(s.rto, 900000, 3600000);
	assert_true(fdg_server_patience(&s, 1, 25000) == s.rto);
}

static void one_late_answer_among_many_weighs_less(void **state)
{
	uint32_t alone;

	(void)state;
	for (int i = 0; i < 2000; i++)
		fdg_server_answered(&s, 1000, 20000, 1000);
	fdg_server_answered(&s, 1000, 200000, 1);
	alone = s.rto;
	fdg_server_start(&s, 4096);
	for (int i = 0; i < 2000; i++)
		fdg_server_answered(&s, 1000, 20000, 1000);
	fdg_server_answered(&s, 1000, 200000, 1000);
	assert_true(s.rto < alone / 2);
}

static void what_is_repeated_too_early_makes_patient(void **state)
{
	uint32_t early;

	(void)state;
	for (int i = 0; i < 2000; i++)
		fdg_server_answered(&s, 1000, 20000, 1000);
	early = s.rto;
	for (int i = 0; i < 2000; i++) {
		if (i % 10 == 0)
			fdg_server_late(&s);
		fdg_server_answered(&s, 1000, 20000, 1000);
	}
	assert_in_range(s.rto, early + 50000, early + FDG_SERVER_PATIENCE_MAX);
	for (int i = 0; i < 3000; i++)
		fdg_server_answered(&s, 1000, 20000, 1000);
	assert_in_range(s.rto, early, early + 1000);
}

/* n windowfuls of which `loss` in 1,000 are lost, with more to send than the window lets. */
static void windowfuls(int n, uint32_t loss)
{
	for (; n; n--)
		for (uint32_t i = 0, all = s.window < 256 ? 256 : s.window; i < all; i++) {
			s.limited = true;
			if (any(1000) < loss)
				fdg_server_lost(&s, 1000);
			else
				fdg_server_answered(&s, 1000, 20000, s.window);
		}
}

static void the_window_opens_and_closes(void **state)
{
	uint32_t before;

	(void)state;
	assert_int_equal(s.window, FDG_SERVER_WINDOW);
	windowfuls(7, 0);
	assert_int_equal(s.window, 4096);
	before = s.window;
	windowfuls(1, 300);
	assert_int_equal(s.window, before * 7 / 10);
	windowfuls(4, 0);
	assert_true(s.window > before * 7 / 10);
}

static void what_the_line_loses_anyway_is_allowed(void **state)
{
	(void)state;
	windowfuls(7, 10);
	assert_int_equal(s.window, 4096);
	windowfuls(6, 200); /* the cut was in vain */
	assert_true(s.window >= 3000);
	assert_in_range(s.tolerated, 150, 260);
	windowfuls(60, 0);
	assert_true(s.tolerated < 60);
}

/* What is more than `limit` in flight is lost by the server: the window comes to rest about there. */
static void rests_at(uint32_t limit)
{
	uint32_t sum = 0;

	fdg_server_start(&s, 4096);
	for (int i = 0; i < 100; i++) {
		windowfuls(1, s.window > limit ? (s.window - limit) * 1000 / s.window : 0);
		sum += i >= 50 ? s.window : 0;
	}
	assert_in_range(sum / 50, limit * 2 / 3, limit * 3 / 2);
}

static void the_server_s_own_limit_is_found(void **state)
{
	(void)state;
	rests_at(100); /* of the first 1,024 nine in ten are lost */
	rests_at(300);
	rests_at(2000);
}

static void no_window_limits_who_does_not_ask_for_more(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		fdg_server_answered(&s, 1000, 20000, 1);
	assert_int_equal(s.window, FDG_SERVER_WINDOW);
}

static void silence_puts_it_down(void **state)
{
	uint64_t now = 10000000, again = FDG_SERVER_DOWN_MIN;

	(void)state;
	fdg_server_answered(&s, now, 20000, 1);
	fdg_server_lost(&s, now + 1000);
	fdg_server_lost(&s, now + 1000);
	assert_false(fdg_server_lost(&s, now + 1000)); /* of many in flight, three may be lost at once */
	assert_true(fdg_server_is_live(&s));
	assert_true(fdg_server_lost(&s, now + 1000000));
	assert_false(fdg_server_is_live(&s));
	now += 1000000;
	for (int i = 0; i < 10; i++) {
		assert_false(fdg_server_probe(&s, now + again - 1));
		assert_true(fdg_server_probe(&s, now + again));
		now += again;
		again = again * 2 > FDG_SERVER_DOWN_MAX ? FDG_SERVER_DOWN_MAX : again * 2;
	}
	fdg_server_answered(&s, now, 20000, 1); /* it says something, but perhaps nothing good */
	assert_false(fdg_server_is_live(&s));
	fdg_server_good(&s);
	assert_true(fdg_server_is_live(&s));
}

static void failing_what_others_know_puts_it_down(void **state)
{
	(void)state;
	for (int i = 0; i < FDG_SERVER_SHAMED - 1; i++)
		assert_false(fdg_server_shame(&s, 1000));
	fdg_server_good(&s);
	for (int i = 0; i < FDG_SERVER_SHAMED - 1; i++)
		assert_false(fdg_server_shame(&s, 1000));
	assert_true(fdg_server_shame(&s, 1000));
	assert_false(fdg_server_is_live(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(waits_follow_round_trips, setup),
		cmocka_unit_test_setup(one_late_answer_among_many_weighs_less, setup),
		cmocka_unit_test_setup(what_is_repeated_too_early_makes_patient, setup),
		cmocka_unit_test_setup(the_window_opens_and_closes, setup),
		cmocka_unit_test_setup(what_the_line_loses_anyway_is_allowed, setup),
		cmocka_unit_test_setup(the_server_s_own_limit_is_found, setup),
		cmocka_unit_test_setup(no_window_limits_who_does_not_ask_for_more, setup),
		cmocka_unit_test_setup(silence_puts_it_down, setup),
		cmocka_unit_test_setup(failing_what_others_know_puts_it_down, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
