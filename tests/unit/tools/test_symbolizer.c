// SPDX-License-Identifier: MIT
/* The object that is asked about is this test: its own lines are known. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/symbolizer.h"

static char self[PATH_MAX], copy[] = "/tmp/fdguard-symbolizer.XXXXXX";

static const void *volatile where;
static int inner_line, outer_line, plain_line;

__attribute__((noinline)) static void remember(void)
{
	where = (const char *)__builtin_return_address(0) - 1;
}

static inline __attribute__((always_inline)) void inner(void)
{
	inner_line = __LINE__ + 1;
	remember();
	__asm__ volatile("");
}

static inline __attribute__((always_inline)) void middle(void)
{
	inner();
}

__attribute__((noinline)) void outer_function(void);
__attribute__((noinline)) void outer_function(void)
{
	outer_line = __LINE__ + 1;
	middle();
	__asm__ volatile("");
}

__attribute__((noinline)) void plain_function(void);
__attribute__((noinline)) void plain_function(void)
{
	plain_line = __LINE__ + 1;
	remember();
	__asm__ volatile("");
}

static void make_copy(void)
{
	static char bytes[8 << 20];
	int from = open(self, O_RDONLY), to = open(copy, O_WRONLY | O_TRUNC);
	ssize_t n = read(from, bytes, sizeof(bytes));

	assert_in_range(n, 1, sizeof(bytes) - 1);
	assert_int_equal(write(to, bytes, (size_t)n), n);
	close(from);
	close(to);
}

static int setup(void **state)
{
	int fd = mkstemp(copy);

	(void)state;
	if (fd < 0 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -1;
	close(fd);
	make_copy();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(copy);
}

static const struct symbolizer_place *ask_one(struct symbolizer *s, const char *object, uint64_t offset, const char *symbol, int64_t seen)
{
	symbolizer_ask(s, object, offset, symbol, seen);
	symbolizer_run(s);
	return symbolizer_find(s, object, offset);
}

#ifdef FDG_LIBDW
static uint64_t offset_of(const void *address)
{
	struct link_map *map = NULL;
	Dl_info info;

	assert_int_not_equal(dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP), 0);
	return (uint64_t)((uintptr_t)address - map->l_addr);
}

static char *symbol_of(void (*function)(void), uint64_t offset, const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s+0x%lx", name, (unsigned long)(offset - offset_of((void *)function)));
	return text;
}

static bool ends_with(const char *text, const char *end)
{
	return text && strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void a_call_has_its_line(void **state)
{
	struct symbolizer s = { 0 };
	const struct symbolizer_place *p;

	(void)state;
	plain_function();
	p = ask_one(&s, self, offset_of(where), symbol_of(plain_function, offset_of(where), "plain_function"), time(NULL));
	assert_non_null(p);
	assert_int_equal(s.object[0].state, SYMBOLIZER_READ);
	assert_int_equal(p->lines, 1);
	assert_string_equal(p->line[0].function, "plain_function");
	assert_true(ends_with(p->line[0].file, "/tests/unit/tools/test_symbolizer.c"));
	assert_int_equal(p->line[0].file[0], '/');
	assert_int_equal(p->line[0].line, plain_line);
	symbolizer_free(&s);
}

static void inlined_functions_are_lines_of_their_own(void **state)
{
	struct symbolizer s = { 0 };
	const struct symbolizer_place *p;

	(void)state;
	outer_function();
	p = ask_one(&s, self, offset_of(where), NULL, 0);
	assert_int_equal(p->lines, 3);
	assert_string_equal(p->line[0].function, "inner");
	assert_int_equal(p->line[0].line, inner_line);
	assert_true(p->line[0].inlined);
	assert_string_equal(p->line[1].function, "middle");
	assert_true(p->line[1].inlined);
	assert_string_equal(p->line[2].function, "outer_function");
	assert_int_equal(p->line[2].line, outer_line);
	assert_false(p->line[2].inlined);
	symbolizer_free(&s);
}

static void another_object_than_the_one_that_ran_has_no_lines(void **state)
{
	struct symbolizer s = { 0 };

	(void)state;
	plain_function();
	/* right offset, and a function that is elsewhere in this build */
	ask_one(&s, self, offset_of(where), symbol_of(plain_function, offset_of(where) + 16, "plain_function"), time(NULL));
	assert_int_equal(s.object[0].state, SYMBOLIZER_CHANGED);
	assert_null(symbolizer_find(&s, self, offset_of(where))->line[0].file);
	assert_string_equal(symbolizer_find(&s, self, offset_of(where))->line[0].function, "plain_function");
	symbolizer_free(&s);
	ask_one(&s, self, offset_of(where), "no_such_function+0x4b", time(NULL));
	assert_int_equal(s.object[0].state, SYMBOLIZER_CHANGED);
	symbolizer_free(&s);
}

static void without_a_symbol_a_younger_object_has_no_lines(void **state)
{
	struct symbolizer s = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(stat(copy, &st), 0);
	ask_one(&s, copy, offset_of(where), NULL, (int64_t)st.st_mtime - 10);
	assert_int_equal(s.object[0].state, SYMBOLIZER_CHANGED);
	symbolizer_free(&s);
	ask_one(&s, copy, offset_of(where), NULL, (int64_t)st.st_mtime);
	assert_int_equal(s.object[0].state, SYMBOLIZER_READ);
	symbolizer_free(&s);
}

static void offsets_outside_have_no_lines(void **state)
{
	static const uint64_t offsets[] = { 0, 1, 0x7fffffff, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63 };
	struct symbolizer s = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		symbolizer_ask(&s, self, offsets[i], NULL, 0);
	symbolizer_run(&s);
	assert_int_equal(s.object[0].state, SYMBOLIZER_READ);
	for (size_t i = 0; i < s.places; i++)
		for (unsigned k = 0; k < s.place[i].lines; k++)
			assert_int_equal(s.place[i].line[k].line, 0);
	symbolizer_free(&s);
}

static void damaged_objects_are_survived(void **state)
{
	static const size_t spans[] = { 64, 4096, 1 << 20, 8 << 20 };
	uint64_t seed = 0x9e3779b97f4a7c15;
	unsigned read = 0;

	(void)state;
	plain_function();
	for (int round = 0; round < 60; round++) {
		struct symbolizer s = { 0 };
		int fd;

		make_copy();
		fd = open(copy, O_RDWR);
		for (int i = 0; i < 40; i++) {
			struct stat st;
			char byte;

			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			byte = (char)(seed >> 8);
			fstat(fd, &st);
			/* the header and what is at the end, the section headers, more than the middle */
			assert_int_equal(pwrite(fd, &byte, 1, round % 2 ? (off_t)(seed % spans[round / 2 % 4] % (size_t)st.st_size)
				: (off_t)((size_t)st.st_size - 1 - seed % 6000 % (size_t)st.st_size)), 1);
		}
		if (round % 7 == 3)
			assert_int_equal(ftruncate(fd, (off_t)(seed % 100000)), 0);
		close(fd);
		ask_one(&s, copy, offset_of(where), NULL, 0);
		assert_in_range(s.object[0].state, SYMBOLIZER_READ, SYMBOLIZER_BROKEN);
		read += s.object[0].state == SYMBOLIZER_READ;
		symbolizer_free(&s);
	}
	assert_in_range(read, 1, 59); /* some were too broken, some not */
	make_copy();
}
#else
static void without_libdw_it_says_so(void **state)
{
	struct symbolizer s = { 0 };

	(void)state;
	ask_one(&s, self, 4096, "_ZN7DataApi7connectEi+0x4b", 0);
	assert_int_equal(s.object[0].state, SYMBOLIZER_WITHOUT);
	symbolizer_free(&s);
}
#endif

static void what_is_no_object_is_refused(void **state)
{
	static const char *const objects[] = { "/nonexistent/a", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "/etc/passwd", "", "vdso", "?" };
	struct symbolizer s = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		symbolizer_ask(&s, objects[i], 1, "thing+0x1", 0);
	symbolizer_run(&s);
	assert_int_equal(s.objects, sizeof(objects) / sizeof(*objects));
	for (size_t i = 0; i < s.objects; i++) {
		const struct symbolizer_place *p = symbolizer_find(&s, objects[i], 1);

		assert_true(s.object[i].state == SYMBOLIZER_UNREADABLE || s.object[i].state == SYMBOLIZER_WITHOUT);
		assert_int_equal(p->lines, 1);
		assert_string_equal(p->line[0].function, "thing");
		assert_null(p->line[0].file);
	}
	symbolizer_free(&s);
}

static void a_fifo_does_not_hang(void **state)
{
	struct symbolizer s = { 0 };

	(void)state;
	unlink(copy);
	assert_int_equal(mkfifo(copy, 0600), 0);
	ask_one(&s, copy, 1, NULL, 0);
	assert_true(s.object[0].state == SYMBOLIZER_UNREADABLE || s.object[0].state == SYMBOLIZER_WITHOUT);
	symbolizer_free(&s);
	unlink(copy);
	close(open(copy, O_CREAT | O_WRONLY, 0600));
	make_copy();
}

static void one_place_is_asked_once(void **state)
{
	struct symbolizer s = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		symbolizer_ask(&s, i % 2 ? "/nonexistent/a" : "/nonexistent/b", (uint64_t)(i % 5), i > 50 ? "f+0x1" : NULL, 0);
	symbolizer_run(&s);
	assert_int_equal(s.places, 10);
	assert_int_equal(s.objects, 2);
	assert_int_equal(s.object[0].places, 5);
	assert_string_equal(symbolizer_find(&s, "/nonexistent/b", 3)->symbol, "f+0x1");
	assert_null(symbolizer_find(&s, "/nonexistent/c", 3));
	symbolizer_free(&s);
}

static void nothing_asked_is_nothing_found(void **state)
{
	struct symbolizer s = { 0 };

	(void)state;
	symbolizer_run(&s);
	assert_null(symbolizer_find(&s, "/a", 1));
	symbolizer_free(&s);
}

static void names_are_demangled(void **state)
{
	static const struct { const char *symbol, *function; } cases[] = {
		{ "_ZN7DataApi7connectERKSs+0x4b", "DataApi::connect(std::string const&)" },
		{ "_ZN3net4pool17h0123456789abcdefE+0x10", "net::pool" }, /* Rust's */
		{ "dns_pool_open+0xa2", "dns_pool_open" },
		{ "operator+0x", "operator" },
		{ "_Znonsense+0x1", "_Znonsense" },
		{ "plain", "plain" },
		{ "+0x4", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *function = symbolizer_function(cases[i].symbol);

		assert_string_equal(function, cases[i].function);
		free(function);
	}
	assert_null(symbolizer_function(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef FDG_LIBDW
		cmocka_unit_test(a_call_has_its_line),
		cmocka_unit_test(inlined_functions_are_lines_of_their_own),
		cmocka_unit_test(another_object_than_the_one_that_ran_has_no_lines),
		cmocka_unit_test(without_a_symbol_a_younger_object_has_no_lines),
		cmocka_unit_test(offsets_outside_have_no_lines),
		cmocka_unit_test(damaged_objects_are_survived),
#else
		cmocka_unit_test(without_libdw_it_says_so),
#endif
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(a_fifo_does_not_hang),
		cmocka_unit_test(one_place_is_asked_once),
		cmocka_unit_test(nothing_asked_is_nothing_found),
		cmocka_unit_test(names_are_demangled),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
