// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/shorten.h"

#define LONG "a_name_of_forty_bytes_as_it_occurs_here_"

static struct pool pool;

static int teardown(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

static void what_fits_stays(void **state)
{
	(void)state;
	assert_string_equal(shorten(&pool, "std::map<std::vector<int>, int>::at(int)"), "std::map<std::vector<int>, int>::at(int)");
	assert_string_equal(shorten(&pool, ""), "");
}

static void inner_template_arguments_go_first(void **state)
{
	(void)state;
	assert_string_equal(shorten(&pool, "holder<std::map<" LONG LONG LONG LONG "> >::first()"), "holder<std::map<…> >::first()");
	assert_string_equal(shorten(&pool, "holder<" LONG LONG LONG LONG ">::second(int) const"), "holder<…>::second(int) const");
	assert_string_equal(shorten(&pool, "f<a<" LONG LONG LONG LONG ">, b<c> >(d<" LONG ">)"), "f<a<…>, b<…> >(d<" LONG ">)");
}

static void operators_are_no_brackets(void **state)
{
	(void)state;
	assert_string_equal(shorten(&pool, "holder<" LONG LONG LONG LONG ">::operator<<(int)"), "holder<…>::operator<<(int)");
	assert_string_equal(shorten(&pool, "holder<" LONG LONG LONG LONG ">::operator->()"), "holder<…>::operator->()");
	assert_string_equal(shorten(&pool, "auto f<" LONG LONG LONG LONG ">() -> int"), "auto f<…>() -> int");
}

static void any_name_becomes_short(void **state)
{
	char big[4000];
	const char *name;

	(void)state;
	memset(big, 'f', sizeof(big) - 1);
	strcpy(big + sizeof(big) - 5, "_end");
	name = shorten(&pool, big);
	assert_true(strlen(name) <= SHORTEN_MOST);
	assert_string_equal(name + strlen(name) - 4, "_end");
	memset(big, '<', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_true(strlen(shorten(&pool, big)) <= SHORTEN_MOST);
	memset(big, '>', sizeof(big) - 1);
	assert_true(strlen(shorten(&pool, big)) <= SHORTEN_MOST);
	for (size_t i = 0; i + 2 < sizeof(big); i += 2)
		memcpy(big + i, "ä", 2);
	big[sizeof(big) - 2] = '\0';
	name = shorten(&pool, big);
	assert_true(strlen(name) <= SHORTEN_MOST);
	assert_non_null(strstr(name, "ä…ä"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays),
		cmocka_unit_test(inner_template_arguments_go_first),
		cmocka_unit_test(operators_are_no_brackets),
		cmocka_unit_test(any_name_becomes_short),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
