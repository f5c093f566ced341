// SPDX-License-Identifier: MIT
#include "report/stable.h"

#include "common.h"

static const char *stable(const char *name)
{
	static char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)fdg_stable_length(name, strlen(name)), name);
	return text;
}

static void what_compilers_append_is_no_part_of_a_name(void **state)
{
	static const char *const names[] = { "f.part.0", "f.isra.0", "f.constprop.12", "f.cold", "f.llvm.1234567890123456789", "f.lto_priv.0", "f.constprop.0.isra.3.cold",
		"f.localalias", "f.__uniq.99.llvm.7" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(stable(names[i]), "f");
	assert_string_equal(stable("_ZN3abc3def17h0123456789abcdefE"), "_ZN3abc3def");
	assert_string_equal(stable("_ZN3abc3def17h0123456789abcdefE.llvm.5"), "_ZN3abc3def");
}

/* Zig's, Go's and D's functions have dots. */
static void other_dots_are(void **state)
{
	static const char *const names[] = { "net.oldBug", "net.brandNewBug", "main.main.func1", "f.7", ".cold", ".part.0", "", "f", "f.", "f..0", "f.cold.x", "f.colder",
		"_ZN3abc17h0123456789abcdeE", "17h0123456789abcdefE" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(stable(names[i]), names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_compilers_append_is_no_part_of_a_name),
		cmocka_unit_test(other_dots_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
