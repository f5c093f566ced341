// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guards/select/word.h"

static uint64_t text(const char *s)
{
	uint64_t word = 0;

	memcpy(&word, s, strlen(s) < 8 ? strlen(s) : 8);
	return word;
}

static void sets_of_descriptors(void **state)
{
	static const uint64_t sets[] = { 0, 1, 3, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX << 8, UINT64_MAX >> 17, 0x5555555555555555, 0x8000400020001000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		assert_int_equal(fdg_word_look(sets[i]), FDG_WORD_BITS);
}

static void addresses(void **state)
{
	char *heap = malloc(100), *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), local;

	(void)state;
	assert_int_equal(fdg_word_look((uintptr_t)&local), FDG_WORD_POINTER);
	assert_int_equal(fdg_word_look((uintptr_t)heap), FDG_WORD_POINTER);
	assert_int_equal(fdg_word_look((uintptr_t)page + 4095), FDG_WORD_POINTER);
	munmap(page, 4096);
	assert_int_equal(fdg_word_look((uintptr_t)page), FDG_WORD_BITS);
	assert_int_equal(fdg_word_look((uintptr_t)&local | UINT64_C(1) << 50), FDG_WORD_BITS); /* nothing can be there */
	free(heap);
}

static void return_addresses(void **state)
{
	(void)state;
	assert_int_equal(fdg_word_look((uintptr_t)__builtin_return_address(0)), FDG_WORD_RETURN);
	assert_int_equal(fdg_word_look((uintptr_t)addresses), FDG_WORD_POINTER); /* no call in front of it */
}

static void canaries(void **state)
{
	uint64_t canary = fdg_word_canary(), free_bits = ~canary;
	unsigned added = 0;

	(void)state;
	assert_true(canary != 0);
	assert_int_equal(fdg_word_look(canary), FDG_WORD_CANARY);
	for (; added < 4; added++, free_bits &= free_bits - 1) {
		canary |= free_bits & -free_bits;
		assert_int_equal(fdg_word_look(canary), FDG_WORD_CANARY);
	}
	canary |= free_bits & -free_bits;
	assert_int_not_equal(fdg_word_look(canary), FDG_WORD_CANARY);
	canary = fdg_word_canary();
	assert_int_not_equal(fdg_word_look(canary & (canary - 1)), FDG_WORD_CANARY);
}

static void texts(void **state)
{
	(void)state;
	assert_int_equal(fdg_word_look(text("hello wo")), FDG_WORD_TEXT);
	assert_int_equal(fdg_word_look(text("hello")), FDG_WORD_TEXT);
	assert_int_equal(fdg_word_look(text("hell")), FDG_WORD_BITS);
	assert_int_equal(fdg_word_look(text("he\x01lo")), FDG_WORD_BITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_of_descriptors), cmocka_unit_test(addresses), cmocka_unit_test(return_addresses),
		cmocka_unit_test(canaries), cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
