// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "guards/cloexec/note.h"

#define VALUE(text) ((text) + sizeof(FDG_NOTE_NAME))

static struct fdg_note sample(void)
{
	struct fdg_note n;

	memset(&n, 0, sizeof(n));
	n.pid = 42;
	n.maker = 41;
	n.exe = "/opt/a b/100%/moni\ntor";
	n.sites = 1;
	n.site[0] = (struct fdg_place){ "/usr/lib/x y.so", 0x1a2b };
	return n;
}

static void what_is_written_is_read(void **state)
{
	char text[FDG_NOTE_MAX];
	struct fdg_buf b = FDG_BUF(text);
	struct fdg_note n = sample(), r;

	(void)state;
	for (int fd = 3; fd <= 1102; fd++)
		fdg_note_add(&n, FDG_NOTE_LEAKED, fdg_kindword_of(FDG_KIND_SOCKET, 2, 2), (const void *)(uintptr_t)what_is_written_is_read, 0, fd);
	fdg_note_add(&n, FDG_NOTE_MEANT, 0, NULL, 0, 2000);
	fdg_note_add(&n, FDG_NOTE_MEANT, 0, NULL, 0, 2002);
	fdg_note_write(&n, &b);
	assert_true(fdg_note_read(VALUE(text), &r));
	assert_int_equal(r.pid, 42);
	assert_int_equal(r.maker, 41);
	assert_false(r.spawned);
	assert_string_equal(r.exe, n.exe);
	assert_string_equal(r.site[0].object, n.site[0].object);
	assert_true(r.site[0].offset == 0x1a2b);
	assert_int_equal(r.groups, 2);
	assert_int_equal(fdg_note_find(&r, 2002)->letter, FDG_NOTE_MEANT);
	assert_null(fdg_note_find(&r, 2001));
	assert_int_equal(fdg_note_find(&r, 3)->letter, FDG_NOTE_LEAKED);
	assert_int_equal(fdg_note_find(&r, 1102)->count, 1100);
	assert_null(fdg_note_find(&r, 1103));
}

static void numbers_that_were_held_back_are_not_found(void **state)
{
	struct fdg_note n = sample();

	(void)state;
	fdg_note_add(&n, FDG_NOTE_FORCED, FDG_KIND_SOCKET, NULL, 0, 5);
	assert_null(fdg_note_find(&n, 5));
}

static void more_groups_than_fit_lose_their_place_but_no_number(void **state)
{
	char text[FDG_NOTE_MAX];
	struct fdg_buf b = FDG_BUF(text);
	struct fdg_note n = sample(), r;

	(void)state;
	for (int i = 0; i < 40; i++)
		fdg_note_add(&n, FDG_NOTE_LEAKED, FDG_KIND_FILE, (const void *)(uintptr_t)(i + 1), 0, 10 + i);
	assert_int_equal(n.groups, FDG_NOTE_GROUPS);
	for (int fd = 10; fd < 50; fd++)
		assert_non_null(fdg_note_find(&n, fd));
	assert_null(fdg_note_find(&n, 49)->pc);
	assert_true(fdg_note_find(&n, 49)->crowded);
	assert_false(fdg_note_find(&n, 10)->crowded);
	fdg_note_write(&n, &b);
	assert_true(fdg_note_read(VALUE(text), &r));
	assert_true(fdg_note_find(&r, 49)->crowded);
	assert_false(fdg_note_find(&r, 10)->crowded);
}

static void what_was_held_back_leaves_room_for_a_leak(void **state)
{
	struct fdg_note n = sample();

	(void)state;
	for (int i = 0; i < 40; i++)
		fdg_note_add(&n, FDG_NOTE_FORCED, FDG_KIND_FILE, (const void *)(uintptr_t)(i + 1), 0, 10 + i);
	fdg_note_add(&n, FDG_NOTE_LEAKED, FDG_KIND_SOCKET, (const void *)(uintptr_t)1, 0, 100);
	assert_non_null(fdg_note_find(&n, 100));
	assert_int_equal(fdg_note_find(&n, 100)->letter, FDG_NOTE_LEAKED);
	assert_false(fdg_note_find(&n, 100)->crowded);
}

static void more_ranges_than_fit_are_said_to_be_more(void **state)
{
	struct fdg_note n = sample();
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	(void)state;
	for (int fd = 4; fd < 204; fd += 2)
		fdg_note_add(&n, FDG_NOTE_LEAKED, FDG_KIND_FILE, NULL, 0, fd);
	assert_int_equal(n.group[0].count, 100);
	fdg_note_ranges(&n.group[0], &b);
	assert_int_equal(text[b.len - 1], '+');
}

/* Numbers in any order, some twice, in more ranges than there is room for: the note is read, and has each of them. */
static void numbers_may_come_in_any_order(void **state)
{
	static const int orders[][20] = { { 3, 60, 4, 5, 6 }, { 9, 8, 7 }, { 5, 5, 3, 3, 4 }, { 10, 12, 11, 9 }, { 10, 30, 20, 40, 15, 15 },
		{ 100, 120, 140, 160, 180, 200, 220, 240, 260, 280, 300, 320, 340, 360, 380, 400, 110, 7, 420, 130 } };

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		struct fdg_note n = sample(), r;
		char text[512];
		struct fdg_buf b = FDG_BUF(text);

		for (int k = 0; k < 20 && orders[i][k]; k++)
			fdg_note_add(&n, FDG_NOTE_MEANT, 0, NULL, 0, orders[i][k]);
		fdg_note_write(&n, &b);
		assert_true(fdg_note_read(VALUE(text), &r));
		for (int k = 0; k < 20 && orders[i][k]; k++)
			assert_non_null(fdg_note_find(&r, orders[i][k]));
		assert_null(fdg_note_find(&r, 2));
		assert_null(fdg_note_find(&r, 500));
	}
}

static void a_note_never_outgrows_its_room(void **state)
{
	char text[FDG_NOTE_MAX], longname[2700];
	struct fdg_buf b = FDG_BUF(text);
	struct fdg_note n = sample(), r;

	(void)state;
	memset(longname, ' ', sizeof(longname) - 1); /* each becomes %20 */
	longname[2600] = '\0';
	n.exe = longname;
	for (int g = 0; g < FDG_NOTE_GROUPS; g++)
		for (int fd = 0; fd < FDG_NOTE_RANGES; fd++)
			fdg_note_add(&n, FDG_NOTE_LEAKED, (fdg_kindword)g, NULL, 0, 100000 + g * 1000 + fd * 2);
	fdg_note_write(&n, &b);
	assert_true(b.len < FDG_NOTE_MAX && !b.cut);
	assert_true(fdg_note_read(VALUE(text), &r));
	assert_true(r.groups > 0 && r.groups < FDG_NOTE_GROUPS);
}

static void strangers_notes_are_refused_whole(void **state)
{
	static const char *const bad[] = {
		"", "1", "2 x 1 1 a 0:b", "1 y 1 1 a 0:b", "1 x  1 a 0:b", "1 x 1 1 a", "1 x 1 1 a 0", "1 x 1 1 a 0:b ", "1 x 1 1 a 0:b z0.1:3",
		"1 x 1 1 a 0:b l0.1:", "1 x 1 1 a 0:b l0.1:5-3", "1 x 1 1 a 0:b l0.1:3,", "1 x 1 1 a 0:b l0.1:5,4", "1 x 1 1 a 0:b l0.1:3@",
		"1 x 1 1 a%zz 0:b", "1 x 1 1 a 0:b l0.1:3 ", "1 x 99999999999 1 a 0:b", "1 x 1 1 a 0:b l0.1:3@0:c extra",
	};
	struct fdg_note r;
	char many[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(fdg_note_read(bad[i], &r));
		assert_int_equal(r.groups, 0);
		assert_int_equal(r.pid, 0);
	}
	assert_true(fdg_note_read("1 x 1 1 a 0:b", &r));
	assert_true(fdg_note_read("1 s 1 2 a 0:b q0.2:3-4,9+ l6.1:5@1f:c%20d", &r));
	assert_string_equal(r.group[1].created[0].object, "c d");
	assert_true(r.group[0].more);
	assert_true(fdg_note_read("1 x 1 1 a 0:b,1:c l6.1:5@1f:c,20:d%2c", &r));
	assert_int_equal(r.sites, 2);
	assert_int_equal(r.group[0].createds, 2);
	assert_string_equal(r.group[0].created[1].object, "d,");
	snprintf(many, sizeof(many), "1 x 1 1 a 0:b l6.1:5@1:a");
	for (int i = 1; i < FDG_NOTE_FRAMES; i++)
		strcat(many, ",2:a");
	assert_true(fdg_note_read(many, &r));
	assert_false(fdg_note_read(strcat(many, ",3:a"), &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(numbers_that_were_held_back_are_not_found),
		cmocka_unit_test(more_groups_than_fit_lose_their_place_but_no_number),
		cmocka_unit_test(what_was_held_back_leaves_room_for_a_leak),
		cmocka_unit_test(more_ranges_than_fit_are_said_to_be_more),
		cmocka_unit_test(numbers_may_come_in_any_order),
		cmocka_unit_test(a_note_never_outgrows_its_room),
		cmocka_unit_test(strangers_notes_are_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
