// SPDX-License-Identifier: MIT
/*
 * fdg_stack leaves out the object that it is in, and here that is the test program. What is left of a test's stack is cmocka's library, which
 * called it.
 */
#include <signal.h>

#include "common.h"
#include "report/run.h"
#include "report/symbol.h"

static struct fdg_place frames[FDG_FRAMES_MAX];
static unsigned count;

static int setup(void **state)
{
	(void)state;
	fdg_run.exe = "/proc/self/exe";
	count = 0;
	return 0;
}

static int compare(const void *a, const void *b)
{
	count = fdg_stack(frames, COUNT(frames));
	return *(const int *)a - *(const int *)b;
}

/* A sanitizer's runtime is between us and our callers. */
static bool is_sanitizer(const char *object)
{
	return strstr(object, "/libasan.") || strstr(object, "/libtsan.") || strstr(object, "/libubsan.");
}

static void assert_only_cmocka(void)
{
	unsigned first = 0;

	assert_true(count >= 1);
	for (unsigned i = 0; i < count; i++) {
		assert_non_null(frames[i].object);
		assert_lacks(frames[i].object, "libc.so");
		if (strncmp(frames[i].object, "/proc/self/exe", 14) == 0)
			fail_msg("frame %u is our own", i);
	}
	while (first < count && is_sanitizer(frames[first].object))
		first++;
	assert_true(first < count);
	assert_contains(frames[first].object, "cmocka");
}

static void the_callers_of_other_objects_are_found(void **state)
{
	(void)state;
	count = fdg_stack(frames, COUNT(frames));
	assert_only_cmocka();
}

static void frames_of_libc_are_left_out(void **state)
{
	int numbers[] = { 2, 1 };

	(void)state;
	qsort(numbers, 2, sizeof(int), compare);
	assert_only_cmocka();
}

static void no_more_frames_than_asked_for(void **state)
{
	(void)state;
	frames[1].object = "untouched";
	assert_int_equal(fdg_stack(frames, 1), 1);
	assert_string_equal(frames[1].object, "untouched");
	assert_int_equal(fdg_stack(frames, 0), 0);
}

static void handler(int number)
{
	(void)number;
	count = fdg_stack(frames, COUNT(frames));
}

static void a_signal_handlers_stack_reaches_what_it_interrupted(void **state)
{
	(void)state;
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	assert_only_cmocka();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_callers_of_other_objects_are_found, setup),
		cmocka_unit_test_setup(frames_of_libc_are_left_out, setup),
		cmocka_unit_test_setup(no_more_frames_than_asked_for, setup),
		cmocka_unit_test_setup(a_signal_handlers_stack_reaches_what_it_interrupted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
