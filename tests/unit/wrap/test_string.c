// SPDX-License-Identifier: MIT
/* Our string functions against libc's, on many small inputs: each is compiled here under another name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OURS(X) \
	X(memcpy) X(mempcpy) X(memmove) X(memset) X(memcmp) X(memchr) X(memrchr) X(memmem) X(strlen) X(strnlen) X(strncmp) X(strcmp) X(strncasecmp) X(strcasecmp) X(strchr) \
	X(strrchr) X(strspn) X(strcspn) X(strstr) X(stpcpy) X(strcpy)
#define X(name) static __typeof__(name) our_##name;
OURS(X)
#undef X
#define memcpy our_memcpy
#define mempcpy our_mempcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#define memchr our_memchr
#define memrchr our_memrchr
#define memmem our_memmem
#define strlen our_strlen
#define strnlen our_strnlen
#define strncmp our_strncmp
#define strcmp our_strcmp
#define strncasecmp our_strncasecmp
#define strcasecmp our_strcasecmp
#define strchr our_strchr
#define strrchr our_strrchr
#define strspn our_strspn
#define strcspn our_strcspn
#define strstr our_strstr
#define stpcpy our_stpcpy
#define strcpy our_strcpy
#include "wrap/string.c"
#undef memcpy
#undef mempcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef memrchr
#undef memmem
#undef strlen
#undef strnlen
#undef strncmp
#undef strcmp
#undef strncasecmp
#undef strcasecmp
#undef strchr
#undef strrchr
#undef strspn
#undef strcspn
#undef strstr
#undef stpcpy
#undef strcpy

#define N 24

/* Few letters, so that matches are frequent; high bytes too. */
static void fill(char s[N + 1])
{
	int len = rand() % N;

	for (int i = 0; i < N; i++)
		s[i] = i < len ? "abA\xe4:"[rand() % 5] : '\0';
	s[N] = '\0';
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void reading_functions_agree_with_libc(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		char a[N + 1], b[N + 1];
		size_t n = (size_t)(rand() % N);
		int c = "ab\xe4:z\0"[rand() % 6];

		fill(a);
		fill(b);
		b[rand() % 3] = '\0';
		assert_true(our_strlen(a) == strlen(a) && our_strnlen(a, n) == strnlen(a, n));
		assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		assert_int_equal(sign(our_strcasecmp(a, b)), sign(strcasecmp(a, b)));
		assert_int_equal(sign(our_strncasecmp(a, b, n)), sign(strncasecmp(a, b, n)));
		assert_int_equal(sign(our_memcmp(a, b, n)), sign(memcmp(a, b, n)));
		assert_ptr_equal(our_memchr(a, c, n), memchr(a, c, n));
		assert_ptr_equal(our_memrchr(a, c, n), memrchr(a, c, n));
		assert_ptr_equal(our_strchr(a, c), strchr(a, c));
		assert_ptr_equal(our_strrchr(a, c), strrchr(a, c));
		assert_ptr_equal(our_strstr(a, b), strstr(a, b));
		assert_ptr_equal(our_memmem(a, n, b, strlen(b)), memmem(a, n, b, strlen(b)));
		assert_true(our_strspn(a, b) == strspn(a, b) && our_strcspn(a, b) == strcspn(a, b));
	}
}

static void writing_functions_agree_with_libc(void **state)
{
	(void)state;
	srand(2);
	for (int round = 0; round < 20000; round++) {
		char a[2 * N + 1], b[2 * N + 1], text[N + 1];
		size_t n = (size_t)(rand() % N), from = (size_t)(rand() % N), to = (size_t)(rand() % N);

		fill(text);
		memset(a, 'x', sizeof(a));
		memset(b, 'x', sizeof(b));
		assert_int_equal(our_stpcpy(a, text) - a, stpcpy(b, text) - b);
		assert_memory_equal(a, b, sizeof(a));
		assert_ptr_equal(our_memmove(a + to, a + from, n), a + to);
		memmove(b + to, b + from, n);
		assert_memory_equal(a, b, sizeof(a));
		our_memset(a + to, text[0], n);
		memset(b + to, text[0], n);
		assert_ptr_equal(our_mempcpy(a, text, n), a + n);
		memcpy(b, text, n);
		assert_memory_equal(a, b, sizeof(a));
		assert_ptr_equal(our_strcpy(a, text), a);
		strcpy(b, text);
		assert_memory_equal(a, b, sizeof(a));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_functions_agree_with_libc),
		cmocka_unit_test(writing_functions_agree_with_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
