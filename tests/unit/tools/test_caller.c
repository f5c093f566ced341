// SPDX-License-Identifier: MIT
/* What check's caller leaked is left out, and nothing that is only like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/caller.h"

static struct caller_fd had[] = { { 5, "/tmp/aa" }, { 6, "socket:[4711]" }, { 7, "/tmp/b, c" } };
static const struct caller caller = { .fd = had, .fds = 3 };

static bool is_meant(const char *id, const char *fds, const char *what)
{
	const struct log_field field[] = { { "fds", fds, true }, { "what", what, true } };
	struct log_line l = { .id = id, .field = field, .fields = 2 };

	return caller_is_meant(&caller, &l);
}

static void what_the_caller_had_is_left_out(void **state)
{
	(void)state;
	assert_true(is_meant("cloexec.inherited", "5", "5 /tmp/aa"));
	assert_true(is_meant("cloexec.inherited", "5-6", "5 /tmp/aa, 6 socket:[4711]"));
	assert_true(is_meant("cloexec.inherited", "5-7", "5 /tmp/aa, 6 socket:[4711], …"));
	assert_true(is_meant("cloexec.inherited", "5,7", "5 /tmp/aa, 7 /tmp/b, c"));
}

static void what_is_only_like_it_is_not(void **state)
{
	(void)state;
	assert_false(is_meant("cloexec.leaked", "5", "5 /tmp/aa"));
	assert_false(is_meant("cloexec.inherited", "5", "5 /tmp/aab"));
	assert_false(is_meant("cloexec.inherited", "5", "5 /tmp/aa/b"));
	assert_false(is_meant("cloexec.inherited", "5", "5 /tmp/a"));
	assert_false(is_meant("cloexec.inherited", "5-6", "5 /tmp/aa, 6 socket:[47112]"));
	assert_false(is_meant("cloexec.inherited", "8", "8 /tmp/aa"));
	assert_false(is_meant("cloexec.inherited", "5,8", "5 /tmp/aa"));
	assert_false(is_meant("cloexec.inherited", "5", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_caller_had_is_left_out),
		cmocka_unit_test(what_is_only_like_it_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
