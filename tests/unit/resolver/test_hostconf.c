// SPDX-License-Identifier: MIT
#include "resolver/hostconf.h"

#include "common.h"

static bool multi(const char *text, const char *resolv_multi)
{
	return fdg_hostconf_multi(text_of(text), resolv_multi);
}

static void multi_is_off_unless_it_is_on(void **state)
{
	(void)state;
	assert_false(multi("", NULL));
	assert_true(multi("order hosts,bind\nmulti on\n", NULL));
	assert_true(multi("  MULTI\tOn # c\n", NULL));
	assert_false(multi("multi on\nmulti off\n", NULL));
	assert_false(multi("#multi on\nmultiple on\nmulti yes\nmulti", NULL));
	assert_true(multi("multi off", "on"));
	assert_false(multi("multi on", "off"));
	assert_true(multi("multi on", "maybe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(multi_is_off_unless_it_is_on) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
