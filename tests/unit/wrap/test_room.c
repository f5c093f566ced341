// SPDX-License-Identifier: MIT
/* The descriptors that lookups keep: wrap/room.c. */
#include "lookups_fake.h"

static void the_first_lookup_keeps_nothing(void **state)
{
	(void)state;
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, 0);
	assert_false(fdg_room_taken());
}

static void dense_ones_keep_their_descriptors(void **state)
{
	(void)state;
	take_and_give();
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, KEPT_AT);
	assert_true(fdg_room_taken());
	assert_true(fdg_room_is_beyond(KEPT_AT));
	fdg_room_touched(KEPT_AT);
	assert_int_equal(slot(0)->lookup->fd, 0);
	assert_false(fdg_room_taken());
	assert_false(fdg_room_is_beyond(KEPT_AT));
}

static void numbers_of_the_programs_are_not_kept(void **state)
{
	(void)state;
	fd_of_next = 7;
	take_and_give();
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, 0);
}

static void where_the_program_comes_near_none_is_kept(void **state)
{
	(void)state;
	take_and_give();
	take_and_give();
	fdg_room_obtained(KEPT_AT - MARGIN - 1);
	assert_true(fdg_room_taken());
	fdg_room_obtained(KEPT_AT - MARGIN);
	assert_false(fdg_room_taken());
	take_and_give();
	take_and_give();
	assert_false(fdg_room_taken());
}

static void idle_ones_go(void **state)
{
	(void)state;
	take_and_give();
	take_and_give();
	fdg_room_look();
	assert_true(fdg_room_taken());
	slot(0)->since -= IDLE;
	last_end -= IDLE;
	fdg_room_due = 1;
	fdg_room_look();
	assert_false(fdg_room_taken());
	assert_int_equal(slot(0)->lookup->fd, 0);
}

static void who_lacks_a_descriptor_has_ours(void **state)
{
	(void)state;
	take_and_give();
	take_and_give();
	errno = ENOENT;
	assert_false(fdg_room_made());
	errno = EMFILE;
	assert_true(fdg_room_made());
	assert_int_equal(errno, EMFILE);
	assert_int_equal(slot(0)->lookup->fd, 0);
}

static void a_lookup_under_way_keeps_its_own(void **state)
{
	FDG_HELD(h);

	(void)state;
	take_and_give();
	assert_true(fdg_lookups_take(&h));
	fdg_room_make();
	assert_int_equal(h.lookup->fd, KEPT_AT);
	fdg_lookups_give(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_lookup_keeps_nothing, setup),
		cmocka_unit_test_setup(dense_ones_keep_their_descriptors, setup),
		cmocka_unit_test_setup(numbers_of_the_programs_are_not_kept, setup),
		cmocka_unit_test_setup(where_the_program_comes_near_none_is_kept, setup),
		cmocka_unit_test_setup(idle_ones_go, setup),
		cmocka_unit_test_setup(who_lacks_a_descriptor_has_ours, setup),
		cmocka_unit_test_setup(a_lookup_under_way_keeps_its_own, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
