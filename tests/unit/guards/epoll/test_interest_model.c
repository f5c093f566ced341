// SPDX-License-Identifier: MIT
/* A random sequence of registrations against arrays; FDG_SEED tries another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define SETS 9
#define FDS 240
#define COPYING 2
#define ENSURE(what) assert_true(what)
#include "interest_model.h"

#ifdef __SANITIZE_THREAD__ /* 30 times as long */
enum { STEPS = 30000 };
#else
enum { STEPS = 300000 };
#endif

static uint64_t dice_state = 88172645463325252;

static unsigned below(unsigned n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (unsigned)(dice_state >> 33) % n;
}

static void a_long_sequence_is_as_in_arrays(void **state)
{
	const char *seed = getenv("FDG_SEED");

	(void)state;
	dice_state += seed ? strtoul(seed, NULL, 10) << 16 : 0;
	begin();
	for (int i = 0; i < STEPS; i++) {
		step();
		if (i % (STEPS / 4) == 0)
			compare_all();
	}
	compare_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_sequence_is_as_in_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
