// SPDX-License-Identifier: MIT
#include "resolver/wheel.h"

#include "common.h"

enum { TIMERS = 300, START = 5000000 };

static struct fdg_wheel wheel;
static struct fdg_wheel_timer timers[TIMERS];

static int setup(void **state)
{
	(void)state;
	memset(timers, 0, sizeof(timers));
	fdg_wheel_start(&wheel, timers, START);
	return 0;
}

static void one_comes_when_it_is_over(void **state)
{
	(void)state;
	assert_true(fdg_wheel_due(&wheel) == FDG_WHEEL_NEVER);
	fdg_wheel_set(&wheel, 7, START + 10000);
	assert_in_range(fdg_wheel_due(&wheel), START + 10000, START + 10000 + 1024);
	assert_int_equal(fdg_wheel_take(&wheel, START + 9999), FDG_WHEEL_NONE);
	assert_int_equal(fdg_wheel_take(&wheel, START + 10000 + 1024), 7);
	assert_int_equal(fdg_wheel_take(&wheel, START + 10000 + 1024), FDG_WHEEL_NONE);
	assert_true(fdg_wheel_due(&wheel) == FDG_WHEEL_NEVER);
}

static void it_is_set_anew_and_cleared(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		fdg_wheel_set(&wheel, i, START + 3000);
	fdg_wheel_set(&wheel, 4, START + 90000);
	fdg_wheel_clear(&wheel, 9);
	fdg_wheel_clear(&wheel, 9);
	fdg_wheel_clear(&wheel, 0);
	for (int i = 0; i < 7; i++)
		assert_true(fdg_wheel_take(&wheel, START + 5000) < 9);
	assert_int_equal(fdg_wheel_take(&wheel, START + 5000), FDG_WHEEL_NONE);
	assert_int_equal(fdg_wheel_take(&wheel, START + 92000), 4);
	fdg_wheel_set(&wheel, 3, 1); /* long ago */
	assert_int_equal(fdg_wheel_take(&wheel, START + 95000), 3);
}

static void one_beyond_the_turn_is_kept(void **state)
{
	uint64_t far = START + 3 * (uint64_t)FDG_WHEEL_SLOTS * 1024 + 500, now = START;
	unsigned looks = 0;

	(void)state;
	fdg_wheel_set(&wheel, 1, far);
	while (fdg_wheel_take(&wheel, now) == FDG_WHEEL_NONE) {
		assert_true(now < far + 1024);
		now = fdg_wheel_due(&wheel);
		looks++;
	}
	assert_true(now >= far);
	assert_true(looks < 6);
}

/* Against a list of times. */
static void many_at_random(void **state)
{
	uint64_t when[TIMERS] = { 0 }, now = START;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint32_t n = any(TIMERS), got;

		if (!any(8)) {
			uint64_t to = now + any(60000);

			fdg_wheel_advance(&wheel, n, to);
			when[n] = when[n] > to ? to : when[n];
		} else if (any(3)) {
			when[n] = now + any(any(5) ? 60000 : 20000000);
			fdg_wheel_set(&wheel, n, when[n]);
		} else {
			when[n] = 0;
			fdg_wheel_clear(&wheel, n);
		}
		now += any(4) ? any(3000) : any(500000);
		while ((got = fdg_wheel_take(&wheel, now)) != FDG_WHEEL_NONE) {
			assert_true(when[got] && when[got] <= now);
			when[got] = 0;
		}
		for (n = 0; n < TIMERS; n++) {
			assert_true(!when[n] || when[n] + 1024 > now);
			assert_true(!when[n] || fdg_wheel_due(&wheel) <= when[n] + 1024);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_comes_when_it_is_over, setup),
		cmocka_unit_test_setup(it_is_set_anew_and_cleared, setup),
		cmocka_unit_test_setup(one_beyond_the_turn_is_kept, setup),
		cmocka_unit_test_setup(many_at_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
