// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/core.h"

enum { NO_LEG = -1 };

static enum fdg_outcome merged(int first, int second)
{
	struct fdg_request q = { .leg = { { .type = FDG_DNS_A, .kind = (uint8_t)first } } };

	if (second != NO_LEG)
		q.leg[1] = (struct fdg_leg){ .type = FDG_DNS_AAAA, .kind = (uint8_t)second };
	return fdg_merge(&q);
}

static void one_answer_is_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(merged(FDG_REPLY_HIT, NO_LEG), FDG_OUTCOME_FOUND);
	assert_int_equal(merged(FDG_REPLY_EMPTY, NO_LEG), FDG_OUTCOME_EMPTY);
	assert_int_equal(merged(FDG_REPLY_MALFORMED, NO_LEG), FDG_OUTCOME_BROKEN);
	assert_int_equal(merged(FDG_REPLY_NODATA, NO_LEG), FDG_OUTCOME_NODATA);
	assert_int_equal(merged(FDG_REPLY_NXDOMAIN, NO_LEG), FDG_OUTCOME_NOTFOUND);
	assert_int_equal(merged(FDG_REPLY_NORECOVERY, NO_LEG), FDG_OUTCOME_NORECOVERY);
	assert_int_equal(merged(FDG_REPLY_SERVFAIL, NO_LEG), FDG_OUTCOME_SERVFAIL);
	assert_int_equal(merged(FDG_REPLY_REFUSED, NO_LEG), FDG_OUTCOME_AGAIN);
	assert_int_equal(merged(FDG_REPLY_NONE, NO_LEG), FDG_OUTCOME_AGAIN);
}

/* reference: libc's, measured (tests/resolver/differential.c has it from libc itself). */
static void of_two_the_better_counts(void **state)
{
	(void)state;
	for (int other = FDG_REPLY_HIT; other <= FDG_REPLY_NONE; other++)
		assert_int_equal(merged(FDG_REPLY_HIT, other), FDG_OUTCOME_FOUND);
	assert_int_equal(merged(FDG_REPLY_NONE, FDG_REPLY_HIT), FDG_OUTCOME_FOUND);
	assert_int_equal(merged(FDG_REPLY_MALFORMED, FDG_REPLY_HIT), FDG_OUTCOME_BROKEN);
	assert_int_equal(merged(FDG_REPLY_NODATA, FDG_REPLY_NONE), FDG_OUTCOME_NODATA);
	assert_int_equal(merged(FDG_REPLY_NONE, FDG_REPLY_NODATA), FDG_OUTCOME_AGAIN);
	assert_int_equal(merged(FDG_REPLY_NXDOMAIN, FDG_REPLY_NONE), FDG_OUTCOME_NOTFOUND);
	assert_int_equal(merged(FDG_REPLY_SERVFAIL, FDG_REPLY_NODATA), FDG_OUTCOME_NODATA);
	assert_int_equal(merged(FDG_REPLY_NODATA, FDG_REPLY_NXDOMAIN), FDG_OUTCOME_NOTFOUND);
	assert_int_equal(merged(FDG_REPLY_NORECOVERY, FDG_REPLY_NODATA), FDG_OUTCOME_NORECOVERY);
	assert_int_equal(merged(FDG_REPLY_REFUSED, FDG_REPLY_SERVFAIL), FDG_OUTCOME_SERVFAIL);
	assert_int_equal(merged(FDG_REPLY_REFUSED, FDG_REPLY_REFUSED), FDG_OUTCOME_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_answer_is_what_it_is),
		cmocka_unit_test(of_two_the_better_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
