// SPDX-License-Identifier: MIT
#include "supervise/gopclntab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/gotable.h"

static struct gotable made;
static struct fdg_gopcln table;

static bool copy(void *cookie, uint64_t address, void *to, size_t n)
{
	(void)cookie;
	if (address < GOTABLE_AT || address - GOTABLE_AT > made.n || n > made.n - (address - GOTABLE_AT))
		return false;
	memcpy(to, made.bytes + (address - GOTABLE_AT), n);
	return true;
}

static bool open_made(void)
{
	table = (struct fdg_gopcln){ .copy = copy, .address = GOTABLE_AT, .size = made.n, .gofunc = GOTABLE_AT + made.tree };
	return fdg_gopcln_open(&table);
}

static bool see(void *cookie, const struct fdg_go_line *l, bool is_inlined)
{
	char *text = cookie;

	snprintf(text + strlen(text), 1024 - strlen(text), "%s %s:%u%s", l->function, l->file, l->line, is_inlined ? " < " : "");
	return false;
}

static const char *lines(uint64_t pc)
{
	static char text[1024];
	struct fdg_go_function f;

	text[0] = '\0';
	assert_true(fdg_gopcln_find(&table, pc, &f));
	assert_true(fdg_gopcln_lines(&table, &f, pc, see, text));
	return text;
}

static int depth(uint64_t pc)
{
	struct fdg_go_function f;
	uint32_t n;

	assert_true(fdg_gopcln_find(&table, pc, &f));
	return fdg_gopcln_depth(&table, &f, pc, &n) ? (int)n : -1;
}

static void each_version(void (*test)(void))
{
	for (enum fdg_go_version v = FDG_GO_2; v <= FDG_GO_20; v++) {
		gotable_make(&made, v);
		assert_true(open_made());
		assert_int_equal(table.version, v);
		test();
	}
}

static void functions_and_depths(void)
{
	struct fdg_go_function f;
	char name[FDG_GO_NAME];
	uint64_t first, end;

	assert_true(fdg_gopcln_range(&table, &first, &end) && first == 0x1000 && end == 0x1300);
	assert_false(fdg_gopcln_find(&table, 0xfff, &f));
	assert_false(fdg_gopcln_find(&table, 0x1300, &f));
	assert_true(fdg_gopcln_find(&table, 0x12ff, &f) && f.entry == 0x1200 && f.end == 0x1300);
	assert_true(fdg_gopcln_name(&table, &f, name));
	assert_string_equal(name, "main.(*T).tune");
	assert_int_equal(depth(0x1100), 8);
	assert_int_equal(depth(0x1103), 8);
	assert_int_equal(depth(0x1104), 40);
	assert_int_equal(depth(0x11ff), 40);
	assert_int_equal(depth(0x1000), 0);
}

static void test_functions_and_depths(void **state)
{
	(void)state;
	each_version(functions_and_depths);
}

static void lines_and_what_is_inlined(void)
{
	assert_string_equal(lines(0x1100), "main.caller /home/u/prog.go:10");
	assert_string_equal(lines(0x1145), "main.caller /home/u/prog.go:14");
	assert_int_equal(fdg_gopcln_knows_inlined(&table), table.version != FDG_GO_2);
	if (!fdg_gopcln_knows_inlined(&table)) {
		assert_string_equal(lines(0x1125), "main.caller /usr/lib/go-1.19/src/os/file_unix.go:90");
		return;
	}
	assert_string_equal(lines(0x1125), "os.(*File).Fd /usr/lib/go-1.19/src/os/file_unix.go:90 < main.short /home/u/prog.go:7 < main.caller /home/u/prog.go:12");
	assert_string_equal(lines(0x1131), "main.short /home/u/prog.go:7 < main.caller /home/u/prog.go:12");
}

static void test_lines_and_what_is_inlined(void **state)
{
	(void)state;
	each_version(lines_and_what_is_inlined);
}

static void test_what_nobody_tells_is_not_needed(void **state)
{
	uint64_t first, end;

	(void)state;
	gotable_make(&made, FDG_GO_20);
	table.gofunc = 0;
	open_made();
	table.gofunc = 0;
	assert_false(fdg_gopcln_knows_inlined(&table));
	assert_string_equal(lines(0x1125), "main.caller /usr/lib/go-1.19/src/os/file_unix.go:90");
	/* Go 1.26 leaves it to others to say where the code is. */
	memset(made.bytes + 24, 0, 8);
	table.text = 0;
	assert_true(fdg_gopcln_open(&table) && fdg_gopcln_range(&table, &first, &end) && first == 0 && end == 0x300);
	table.text = 0x7000;
	assert_true(fdg_gopcln_open(&table) && fdg_gopcln_range(&table, &first, &end) && first == 0x7000);
}

static void test_what_lies_behind_the_table_is_not_its(void **state)
{
	struct fdg_go_function f;

	(void)state;
	gotable_make(&made, FDG_GO_20);
	open_made();
	assert_true(fdg_gopcln_find(&table, 0x1000, &f));
	table.size = made.map + made.record[0] + 8;
	assert_true(fdg_gopcln_open(&table));
	assert_false(fdg_gopcln_find(&table, 0x1000, &f));
	table.size = made.map + 12;
	assert_false(fdg_gopcln_open(&table));
}

static void test_what_is_no_table(void **state)
{
	(void)state;
	gotable_make(&made, FDG_GO_18);
	for (unsigned i = 0; i < FDG_GO_MAGIC; i++) {
		uint8_t was = made.bytes[i];

		made.bytes[i] = 0x55;
		assert_false(open_made());
		made.bytes[i] = was;
	}
	assert_true(open_made());
	memset(made.bytes + 8, 0xff, 8); /* so many functions */
	assert_false(open_made());
	memset(made.bytes + 8, 0, 8);
	assert_false(open_made());
}

/* A function that is inlined into itself, and a tree that goes back: it ends. */
static void test_what_is_inlined_in_a_circle(void **state)
{
	unsigned seen = 0;

	(void)state;
	gotable_make(&made, FDG_GO_18);
	memcpy(made.bytes + made.tree + 16, &(uint32_t){ 0x25 }, 4);
	assert_true(open_made());
	for (const char *at = lines(0x1125); (at = strstr(at, " < ")); at++)
		seen++;
	assert_true(seen >= 10 && seen <= FDG_GO_INLINED);
}

static void ask_all(void)
{
	static char text[1024];
	struct fdg_go_function f;
	uint32_t n;

	for (uint64_t pc = 0xff0; open_made() && pc < 0x1310; pc += 7) {
		text[0] = '\0';
		if (fdg_gopcln_find(&table, pc, &f) && fdg_gopcln_depth(&table, &f, pc, &n) && fdg_gopcln_lines(&table, &f, pc, see, text))
			assert_true(n < INT32_MAX);
	}
}

static void each_byte_is_wrong(void)
{
	size_t n = made.n;

	for (size_t i = 0; i < n; i++) {
		made.bytes[i] ^= 0xff;
		ask_all();
		made.bytes[i] ^= 0xff;
		made.n = i;
		ask_all();
		made.n = n;
	}
}

static void test_a_table_that_is_cut_or_damaged_is_no_harm(void **state)
{
	(void)state;
	each_version(each_byte_is_wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_and_depths),
		cmocka_unit_test(test_lines_and_what_is_inlined),
		cmocka_unit_test(test_what_nobody_tells_is_not_needed),
		cmocka_unit_test(test_what_lies_behind_the_table_is_not_its),
		cmocka_unit_test(test_what_is_no_table),
		cmocka_unit_test(test_what_is_inlined_in_a_circle),
		cmocka_unit_test(test_a_table_that_is_cut_or_damaged_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
