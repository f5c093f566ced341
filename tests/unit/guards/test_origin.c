// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guards/origin.h"
#include "options/options.h"
#include "report/report.h"

/* The unit test is the object that fdg_stack calls "ours", so its frames are left out: what is asked of the table is asked with what is left. */
static void equal_stacks_are_kept_once(void **state)
{
	uint32_t ids[2];

	(void)state;
	fdg_options.stacks = 8;
	for (int i = 0; i < 2; i++)
		ids[i] = fdg_origin_keep();
	assert_int_equal(ids[0], ids[1]);
}

static void an_unknown_id_has_no_frames(void **state)
{
	const void *const *pcs;

	(void)state;
	assert_int_equal(fdg_origin_frames(0, &pcs), 0);
	assert_int_equal(fdg_origin_frames(FDG_ORIGINS + 1, &pcs), 0);
	assert_int_equal(fdg_origin_frames(UINT32_MAX, &pcs), 0);
}

static void no_frames_asked_for_no_stack_kept(void **state)
{
	(void)state;
	fdg_options.stacks = 0;
	assert_int_equal(fdg_origin_keep(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_are_kept_once),
		cmocka_unit_test(an_unknown_id_has_no_frames),
		cmocka_unit_test(no_frames_asked_for_no_stack_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
