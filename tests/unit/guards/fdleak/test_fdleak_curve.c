// SPDX-License-Identifier: MIT
/* Curves as programs draw them: which only rise? A window is a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guards/fdleak/fdleak_curve.h"

static struct fdg_curve curve;
static struct fdg_rise rise;
static unsigned minute;
static unsigned said; /* the minute of the first rise; 0: none */

static int begins(void **state)
{
	(void)state;
	curve = (struct fdg_curve){ 0 };
	minute = said = 0;
	return 0;
}

static void at(uint32_t low)
{
	fdg_curve_add(&curve, ++minute * UINT64_C(60000), low);
	if (fdg_curve_rises(&curve, &rise) && !said)
		said = minute;
}

/* A number that nobody foresees, and the same in each run. */
static uint32_t some(uint32_t below)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static void a_steady_leak_rises(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++)
		at(100);
	for (unsigned i = 1; i <= 30 && !said; i++)
		at(100 + 10 * i);
	assert_in_range(said, 67, 70);
	assert_true(rise.points >= 8);
	assert_int_equal(rise.point[0].low + 10 * (rise.points - 1), rise.point[rise.points - 1].low);
	assert_int_equal(rise.windows, rise.points);
	assert_int_equal(rise.point[rise.points - 1].ms, minute * UINT64_C(60000));
}

static void a_plateau_is_silent(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		at(2000);
	assert_int_equal(said, 0);
}

static void a_start_that_ends_in_a_plateau_is_silent(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 14; i++) /* straight up */
		at(70 * i);
	for (unsigned i = 0; i < 3000; i++)
		at(1000);
	assert_int_equal(said, 0);
}

static void a_pool_that_fills_ever_slower_is_silent(void **state)
{
	static const double slower[] = { 0.5, 0.7, 0.8, 0.85, 0.9 };

	for (unsigned k = 0; k < sizeof(slower) / sizeof(*slower); k++) {
		double left = 1000;

		begins(state);
		for (unsigned i = 0; i < 3000; i++, left *= slower[k])
			at((uint32_t)(1000 - left));
		assert_int_equal(said, 0);
	}
}

/* 63 % of the pool are there after so many windows, and as much of the rest in the same time again. */
static void a_pool_that_fills_slowly_is_silent(void **state)
{
	for (unsigned windows = 6; windows <= 30; windows++)
		for (unsigned size = 300; size <= 3000; size += 300) {
			double left = size;

			begins(state);
			for (unsigned i = 0; i < 1000; i++, left -= left / windows)
				at((uint32_t)(size - left));
			assert_int_equal(said, 0);
		}
}

static void a_pool_that_fills_slowly_under_noise_is_silent(void **state)
{
	for (unsigned windows = 6; windows <= 20; windows++)
		for (unsigned size = 300; size <= 3000; size += 300) {
			double left = size;

			begins(state);
			for (unsigned i = 0; i < 1000; i++, left -= left / windows)
				at((uint32_t)(size - left) + some(size / 100));
			assert_int_equal(said, 0);
		}
}

/* A few at first, then more and more, then fewer and fewer: from 1 % to 99 % in so many windows. */
static void a_pool_that_finds_its_pace_is_silent(void **state)
{
	for (unsigned windows = 6; windows <= 28; windows++)
		for (unsigned size = 300; size <= 3000; size += 300) {
			double held = size / 100.0;

			begins(state);
			for (unsigned i = 0; i < 1000; i++) {
				at((uint32_t)held + some(size / 100));
				for (unsigned k = 0; k < 100; k++)
					held += held * (1 - held / size) * 9.2 / windows / 100;
			}
			assert_int_equal(said, 0);
		}
}

static void a_leak_after_the_start_is_told(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 100; i++)
		at((i < 8 ? 50 * i : 400) + 10 * i);
	assert_in_range(said, 28, 40);
}

static void a_leak_after_a_jump_is_told(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 200; i++)
		at(i <= 100 ? 100 : 300 + 10 * (i - 100));
	assert_in_range(said, 108, 116);
}

static void what_leaks_from_the_first_minute_is_told_later(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 40; i++)
		at(10 * i);
	assert_in_range(said, 24, 28);
}

static void breathing_is_silent(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30000; i++) /* 24 hours up and down, and noise */
		at(200 + (i % 1440 < 720 ? i % 1440 : 1440 - i % 1440) + some(50));
	assert_true(said == 0 || said < 720); /* the first morning is all that it knows */
}

static void what_was_as_high_before_is_no_growth(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		at(900);
	for (unsigned round = 0; round < 30; round++)
		for (unsigned i = 0; i < 40; i++)
			at(300 + (i < 20 ? 30 * i : 0));
	assert_int_equal(said, 0);
}

static void noise_is_silent(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		at(some(1000));
	assert_int_equal(said, 0);
}

static void a_slow_leak_under_noise_is_seen_in_hours(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000 && !said; i++)
		at(100 + i + some(40));
	assert_in_range(said, 64, 400);
	assert_true(rise.windows > rise.points); /* not in minutes */
}

static void a_leak_of_one_an_hour_is_seen_in_days(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000 && !said; i++)
		at(50 + i / 60 + some(3));
	assert_in_range(said, 60 * 64, 60 * 300);
}

static void a_few_are_no_leak(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		at(i < 1000 ? 10 : i < 1063 ? 10 + i - 1000 : 73); /* 63 */
	assert_int_equal(said, 0);
}

static void a_small_part_is_no_leak_yet(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30; i++)
		at(10000);
	for (unsigned i = 1; i <= 24; i++)
		at(10000 + 100 * i); /* to 24 % */
	assert_int_equal(said, 0);
	for (unsigned i = 25; i <= 60; i++)
		at(10000 + 100 * i);
	assert_int_not_equal(said, 0);
}

static void a_leak_that_stops_is_told_no_more(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 60; i++)
		at(10 * i);
	assert_true(fdg_curve_rises(&curve, &rise));
	for (unsigned i = 0; i < 100; i++)
		at(600);
	assert_false(fdg_curve_rises(&curve, &rise));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_steady_leak_rises, begins),
		cmocka_unit_test_setup(a_plateau_is_silent, begins),
		cmocka_unit_test_setup(a_start_that_ends_in_a_plateau_is_silent, begins),
		cmocka_unit_test_setup(a_pool_that_fills_ever_slower_is_silent, begins),
		cmocka_unit_test_setup(a_pool_that_fills_slowly_is_silent, begins),
		cmocka_unit_test_setup(a_pool_that_fills_slowly_under_noise_is_silent, begins),
		cmocka_unit_test_setup(a_pool_that_finds_its_pace_is_silent, begins),
		cmocka_unit_test_setup(a_leak_after_the_start_is_told, begins),
		cmocka_unit_test_setup(a_leak_after_a_jump_is_told, begins),
		cmocka_unit_test_setup(what_leaks_from_the_first_minute_is_told_later, begins),
		cmocka_unit_test_setup(breathing_is_silent, begins),
		cmocka_unit_test_setup(what_was_as_high_before_is_no_growth, begins),
		cmocka_unit_test_setup(noise_is_silent, begins),
		cmocka_unit_test_setup(a_slow_leak_under_noise_is_seen_in_hours, begins),
		cmocka_unit_test_setup(a_leak_of_one_an_hour_is_seen_in_days, begins),
		cmocka_unit_test_setup(a_few_are_no_leak, begins),
		cmocka_unit_test_setup(a_small_part_is_no_leak_yet, begins),
		cmocka_unit_test_setup(a_leak_that_stops_is_told_no_more, begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
