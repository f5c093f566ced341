// SPDX-License-Identifier: MIT
/* Read from this process itself: what is not there is behind a page that may not be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervise/memory.h"

#define PAGE 4096u

static struct fdg_strings *strings;

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void read_vector(char *const *vector)
{
	fdg_strings_read(getpid(), address(vector), false, strings);
}

/* The last page before one that may not be read. */
static char *at_an_end(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void strings_and_values(void **state)
{
	static char *vector[] = { "one", "", "PATH=/bin", "PATH2=x", NULL };

	(void)state;
	read_vector(vector);
	assert_true(strings->is_whole);
	assert_int_equal(strings->count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(strings->string[i], vector[i]);
	assert_null(strings->string[4]);
	assert_string_equal(fdg_strings_value(strings, "PATH"), "/bin");
	assert_null(fdg_strings_value(strings, "PAT"));
}

static void none_at_all(void **state)
{
	static char *vector[] = { NULL };

	(void)state;
	read_vector(vector);
	assert_true(strings->is_whole);
	assert_int_equal(strings->count, 0);
	fdg_strings_read(getpid(), 0, false, strings);
	assert_true(strings->is_whole);
	fdg_strings_read(getpid(), 8, false, strings);
	assert_false(strings->is_whole);
	assert_int_equal(strings->count, 0);
}

static void pointers_of_32_bits(void **state)
{
	char *low = mmap((void *)0x10000000, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *vector = (uint32_t *)(void *)low;

	(void)state;
	assert_true((uintptr_t)low < UINT32_MAX);
	strcpy(low + 100, "narrow");
	vector[0] = vector[1] = (uint32_t)(uintptr_t)(low + 100);
	fdg_strings_read(getpid(), address(vector), true, strings);
	assert_true(strings->is_whole);
	assert_int_equal(strings->count, 2);
	assert_string_equal(strings->string[1], "narrow");
	munmap(low, PAGE);
}

static void what_ends_where_nothing_is(void **state)
{
	char *pages = at_an_end(), *vector[] = { "first", pages + PAGE - 4, "third", NULL };

	(void)state;
	memcpy(pages + PAGE - 4, "abc", 4);
	read_vector(vector);
	assert_true(strings->is_whole);
	assert_string_equal(strings->string[1], "abc");
	memcpy(pages + PAGE - 4, "abcd", 4); /* without an end */
	read_vector(vector);
	assert_false(strings->is_whole);
	assert_int_equal(strings->count, 1);
	assert_null(strings->string[1]);
	memcpy(pages + PAGE - 12, &vector[2], 8); /* a vector that is cut within a pointer */
	fdg_strings_read(getpid(), address(pages + PAGE - 12), false, strings);
	assert_false(strings->is_whole);
	assert_int_equal(strings->count, 1);
	munmap(pages, 2 * PAGE);
}

static void more_than_there_is_room_for(void **state)
{
	char **vector = calloc(FDG_STRINGS + 2, sizeof(*vector)), *long_one = malloc(FDG_STRING_BYTES + 1);

	(void)state;
	for (unsigned i = 0; i <= FDG_STRINGS; i++)
		vector[i] = "x";
	read_vector(vector);
	assert_false(strings->is_whole);
	assert_int_equal(strings->count, FDG_STRINGS);
	vector[FDG_STRINGS - 1] = NULL;
	read_vector(vector);
	assert_true(strings->is_whole);
	memset(long_one, 'y', FDG_STRING_BYTES);
	long_one[FDG_STRING_BYTES] = '\0';
	vector[1] = long_one;
	read_vector(vector);
	assert_false(strings->is_whole);
	assert_int_equal(strings->count, 1);
	long_one[300000] = '\0'; /* longer than what is read at once */
	vector[2] = NULL;
	read_vector(vector);
	assert_true(strings->is_whole);
	assert_int_equal(strlen(strings->string[1]), 300000);
	free(vector);
	free(long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_and_values), cmocka_unit_test(none_at_all), cmocka_unit_test(pointers_of_32_bits),
		cmocka_unit_test(what_ends_where_nothing_is), cmocka_unit_test(more_than_there_is_room_for),
	};

	strings = mmap(NULL, sizeof(*strings), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return strings == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
