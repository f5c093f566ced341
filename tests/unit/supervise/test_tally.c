// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervise/tally.h"

static struct fdg_process process = { .pid = 77, .is_exe_known = true, .exe = "/bin/x" };

static uint64_t told(unsigned times, const struct fdg_place *site, unsigned sites, const char *call)
{
	uint64_t count, due = 0;

	for (unsigned i = 0; i < times; i++)
		due += fdg_tally_is_due(&process, site, sites, call, &count);
	assert_int_equal(count, times);
	return due;
}

static void test_told_at_once_and_when_ten_times_as_many_came(void **state)
{
	uint64_t count;

	(void)state;
	assert_int_equal(told(9999, NULL, 0, "A"), 4);
	assert_true(fdg_tally_is_due(&process, NULL, 0, "A", &count));
	assert_int_equal(count, 10000);
}

static void test_another_call_place_or_process_is_another_thing(void **state)
{
	struct fdg_place here[2] = { { "/bin/x", 16 }, { "/bin/x", 32 } }, there[2] = { { "/bin/x", 16 }, { "/bin/x", 48 } };

	(void)state;
	assert_int_equal(told(5, NULL, 0, "B"), 1);
	assert_int_equal(told(5, here, 2, "B"), 1);
	assert_int_equal(told(5, there, 2, "B"), 1);
	process.pid++;
	assert_int_equal(told(5, here, 2, "B"), 1);
}

static void test_where_there_is_no_room_all_are_told(void **state)
{
	struct fdg_place place = { "/bin/y", 0 };
	uint64_t count;
	unsigned untold = 0;

	(void)state;
	for (place.offset = 0; place.offset < 100 * FDG_TALLIES; place.offset++)
		untold += !fdg_tally_is_due(&process, &place, 1, "C", &count);
	assert_int_equal(untold, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_at_once_and_when_ten_times_as_many_came),
		cmocka_unit_test(test_another_call_place_or_process_is_another_thing),
		cmocka_unit_test(test_where_there_is_no_room_all_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
