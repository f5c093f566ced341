// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/engine.h"

#include <time.h>

static uint64_t libcs(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void it_is_libcs_time(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t before = libcs(), now = fdg_clock();

		assert_in_range(now, before, libcs());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_libcs_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
