// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "report/function.h"

static char room[FDG_FUNCTION_MAX];

static const char *of(const char *symbol)
{
	return fdg_function(symbol, room);
}

static void qualified_names_are_told_as_people_write_them(void **state)
{
	(void)state;
	assert_string_equal(of("_ZN7DataApi7connectEPKci+0x4b"), "DataApi::connect+0x4b");
	assert_string_equal(of("_ZNK3dns4Pool4openEi"), "dns::Pool::open");
	assert_string_equal(of("_Z4dialv+0x1"), "dial+0x1");
	assert_string_equal(of("_ZL4dialPKc.isra.0+0x1"), "dial+0x1");
	assert_string_equal(of("_ZN12_GLOBAL__N_14dialEv"), "(anonymous namespace)::dial");
	assert_string_equal(of("_ZN3dns4PoolC2Ei+0x9"), "dns::Pool::Pool+0x9");
	assert_string_equal(of("_ZN3dns4PoolD0Ev"), "dns::Pool::~Pool");
	assert_string_equal(of("_ZSt9terminatev"), "std::terminate");
	assert_string_equal(of("_ZNSt6thread15_M_start_threadEv"), "std::thread::_M_start_thread");
	assert_string_equal(of("_ZN3abc3defB5cxx11Ev"), "abc::def");
	assert_string_equal(of("_ZN4core3net4dial17h0123456789abcdefE+0x7"), "core::net::dial+0x7");
}

static void other_names_stay_as_they_are(void **state)
{
	static const char *const names[] = { "connect+0x4b", "main", "", "_Z", "_ZN", "_ZNE", "_ZNSt6vectorIiSaIiEE9push_backERKi+0x8", "_Z3maxIiET_S0_S0_", "_ZN1AplERKS_", "_ZN99xE",
		"_ZN999999999999999999999xE", "_ZN3abc", "_ZNC1Ev", "_ZTV3abc", "_ZN3ab+0x1E", "_R_NvC3abc4dial", "_ZSt" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_ptr_equal(of(names[i]), names[i]);
	assert_null(of(NULL));
}

static void what_does_not_fit_stays_as_it_is(void **state)
{
	char name[700] = "_ZN";

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		strcat(name, "4abcd");
	strcat(name, "Ev+0x1");
	assert_ptr_equal(of(name), name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qualified_names_are_told_as_people_write_them),
		cmocka_unit_test(other_names_stay_as_they_are),
		cmocka_unit_test(what_does_not_fit_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
