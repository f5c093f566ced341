// SPDX-License-Identifier: MIT
/* The tests share one arena and run in this order. */
#include "base/arena.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_aligned(void **state)
{
	(void)state;
	for (size_t n = 1; n < 40; n++) {
		char *p = fdg_arena_alloc(n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
}

static void strndup_copies_n_bytes_and_ends_them(void **state)
{
	char *a = fdg_arena_strndup("cloexec=off", 7), *b = fdg_arena_strndup("", 0);

	(void)state;
	assert_string_equal(a, "cloexec");
	assert_string_equal(b, "");
	assert_ptr_not_equal(a, b);
	a = fdg_arena_strndup("0123456789abcdef", 16);
	memset(fdg_arena_alloc(1), 0xff, 1);
	assert_string_equal(a, "0123456789abcdef");
}

static void what_is_too_large_is_refused_and_costs_nothing(void **state)
{
	(void)state;
	assert_null(fdg_arena_alloc(FDG_ARENA_MAX + 1));
	assert_null(fdg_arena_alloc(SIZE_MAX));
	assert_null(fdg_arena_strndup("", SIZE_MAX));
	assert_null(fdg_arena_strndup("", FDG_ARENA_MAX));
	assert_non_null(fdg_arena_alloc(1));
}

enum { THREADS = 4, EACH = 500 };

static void *fill(void *cookie)
{
	uint32_t **mine = cookie;

	for (int i = 0; i < EACH; i++) {
		mine[i] = fdg_arena_alloc(sizeof(uint32_t));
		*mine[i] += (uint32_t)i + 1;
	}
	return NULL;
}

static void threads_never_share_memory(void **state)
{
	static uint32_t *got[THREADS][EACH];
	pthread_t thread[THREADS];

	(void)state;
	for (int t = 0; t < THREADS; t++)
		assert_int_equal(pthread_create(&thread[t], NULL, fill, got[t]), 0);
	for (int t = 0; t < THREADS; t++)
		assert_int_equal(pthread_join(thread[t], NULL), 0);
	for (int t = 0; t < THREADS; t++)
		for (int i = 0; i < EACH; i++)
			assert_int_equal(*got[t][i], i + 1);
}

static void the_limit_is_kept(void **state)
{
	size_t got = 0;
	char *last = NULL, *p;

	(void)state;
	for (; (p = fdg_arena_alloc(1024)); got += 1024)
		last = p;
	assert_true(got > FDG_ARENA_MAX / 2 && got < FDG_ARENA_MAX);
	memset(last, 1, 1024);
	assert_null(fdg_arena_alloc(1024));
	while (fdg_arena_alloc(1))
		;
	assert_null(fdg_arena_strndup("x", 1));
}

static void what_was_forgotten_is_zero_again(void **state)
{
	char *p;

	(void)state;
	fdg_arena_forget();
	p = fdg_arena_alloc(FDG_ARENA_MAX);
	assert_non_null(p);
	for (size_t i = 0; i < FDG_ARENA_MAX; i++)
		assert_int_equal(p[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(strndup_copies_n_bytes_and_ends_them),
		cmocka_unit_test(what_is_too_large_is_refused_and_costs_nothing),
		cmocka_unit_test(threads_never_share_memory),
		cmocka_unit_test(the_limit_is_kept),
		cmocka_unit_test(what_was_forgotten_is_zero_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
