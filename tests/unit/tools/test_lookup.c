// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/lookup.h"

static void the_same_text_has_the_same_number(void **state)
{
	struct pool pool = { 0 };
	struct strings s = { 0 };
	char text[32];

	(void)state;
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {
			snprintf(text, sizeof(text), "text %u", i);
			assert_int_equal(strings_number(&s, &pool, text), i);
		}
	assert_int_equal(s.count, 5000);
	assert_string_equal(strings_text(&s, 4711), "text 4711");
	strings_free(&s);
	pool_free(&pool);
}

static bool same_number(const void *owner, uint32_t i, const void *key)
{
	return ((const int *)owner)[i] == *(const int *)key;
}

/* Two that differ under one hash. */
static void a_hash_is_not_believed(void **state)
{
	static const int table[] = { 3, 4 };
	struct lookup x = { 0 };

	(void)state;
	*lookup_find(&x, 77, same_number, table, &table[0]) = 1;
	assert_int_equal(*lookup_find(&x, 77, same_number, table, &table[1]), 0);
	*lookup_find(&x, 77, same_number, table, &table[1]) = 2;
	assert_int_equal(*lookup_find(&x, 77, same_number, table, &table[0]), 1);
	assert_int_equal(*lookup_find(&x, 77, same_number, table, &table[1]), 2);
	lookup_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_text_has_the_same_number),
		cmocka_unit_test(a_hash_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
