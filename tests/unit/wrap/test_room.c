// SPDX-License-Identifier: MIT
/* The descriptors that lookups keep: wrap/room.c. */
#include "lookups_fake.h"

static void a_few_lookups_keep_nothing(void **state)
{
	(void)state;
	for (int i = 1; i < BULK; i++) {
		take_and_give();
		assert_int_equal(slot(0)->lookup->fd, 0);
		assert_false(fdg_room_taken());
	}
	second -= DENSE; /* these were in a second that is over */
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, 0);
}

/* From one second to the next. */
static void many_go_on_to_keep_them(void **state)
{
	(void)state;
	take_densely();
	second -= DENSE;
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, KEPT_AT);
	second -= DENSE;
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, 0);
	take_densely();
	second -= 2 * DENSE;
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, 0);
}

static void one_that_fails_keeps_nothing(void **state)
{
	(void)state;
	take_densely();
	failed = "the network is unreachable";
	take_and_give();
	assert_int_equal(slot(0)->lookup->fd, 0);
}

static void *end_with_it(void *nothing)
{
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	return nothing;
}

static void what_a_thread_left_goes_as_well(void **state)
{
	pthread_t t;
	FDG_HELD(h);

	(void)state;
	take_densely();
	assert_true(fdg_lookups_take(&h));
	assert_int_equal(pthread_create(&t, NULL, end_with_it, NULL), 0);
	pthread_join(t, NULL);
	assert_int_equal(slot(1)->lookup->fd, KEPT_AT);
	fdg_room_make();
	assert_int_equal(slot(1)->lookup->fd, 0);
	assert_int_equal(slot(1)->owner, 0);
	assert_int_equal(h.lookup->fd, KEPT_AT);
	fdg_lookups_give(&h);
}

static void dense_ones_keep_their_descriptors(void **state)
{
	(void)state;
	take_densely();
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
	take_densely();
	assert_int_equal(slot(0)->lookup->fd, 0);
}

static void where_the_program_comes_near_none_is_kept(void **state)
{
	(void)state;
	take_densely();
	fdg_room_obtained(KEPT_AT - MARGIN - 1);
	assert_true(fdg_room_taken());
	fdg_room_obtained(KEPT_AT - MARGIN);
	assert_false(fdg_room_taken());
	take_densely();
	assert_false(fdg_room_taken());
}

static void idle_ones_go(void **state)
{
	(void)state;
	take_densely();
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
	take_densely();
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
	take_densely();
	assert_true(fdg_lookups_take(&h));
	fdg_room_make();
	assert_int_equal(h.lookup->fd, KEPT_AT);
	fdg_lookups_give(&h);
}

/* The others have four; of what comes and goes beside them a thread need not make an object each time. */
static void beside_many_one_more_is_kept(void **state)
{
	struct fdg_held others[4] = { 0 };

	(void)state;
	never = true;
	for (unsigned i = 0; i < COUNT(others); i++) {
		assert_true(fdg_lookups_take(&others[i]));
		slot(others[i].slot - 1)->owner = LOST;
	}
	for (int i = 0; i < 10; i++)
		take_and_give();
	assert_int_equal(made, 4 + 2);
	assert_int_equal(freed, 1); /* the first: nothing says that another comes */
	assert_int_not_equal(fdg_room_due, 0);
	slot(4)->since -= 2 * IDLE;
	fdg_room_due = 1;
	fdg_room_look();
	assert_int_equal(freed, 2);
	assert_null(slot(4)->lookup);
}

static void but_not_all(void **state)
{
	struct fdg_held all[OBJECTS + SPARE + 4] = { 0 };

	(void)state;
	never = true;
	for (int times = 0; times < 2; times++) {
		for (unsigned i = 0; i < COUNT(all); i++) {
			assert_true(fdg_lookups_take(&all[i]));
			slot(all[i].slot - 1)->owner = LOST;
		}
		freed = 0;
		for (unsigned i = 0; i < COUNT(all); i++)
			fdg_lookups_give(&all[i]);
	}
	assert_int_equal(freed, 4);
}

/* To ask about each owner is dear. */
static void who_is_gone_is_not_looked_for_all_the_time(void **state)
{
	pthread_t t;
	FDG_HELD(h);

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, end_with_it, NULL), 0);
	pthread_join(t, NULL);
	looked = fdg_room_clock() + 1000000;
	assert_true(fdg_lookups_take(&h));
	assert_int_equal(torn, 0);
	looked = 0;
	take_and_give();
	assert_int_equal(torn, 1);
	assert_int_equal(made, 2);
	assert_int_not_equal(looked, 0);
	fdg_lookups_give(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_few_lookups_keep_nothing, setup),
		cmocka_unit_test_setup(many_go_on_to_keep_them, setup),
		cmocka_unit_test_setup(one_that_fails_keeps_nothing, setup),
		cmocka_unit_test_setup(what_a_thread_left_goes_as_well, setup),
		cmocka_unit_test_setup(dense_ones_keep_their_descriptors, setup),
		cmocka_unit_test_setup(numbers_of_the_programs_are_not_kept, setup),
		cmocka_unit_test_setup(where_the_program_comes_near_none_is_kept, setup),
		cmocka_unit_test_setup(idle_ones_go, setup),
		cmocka_unit_test_setup(who_lacks_a_descriptor_has_ours, setup),
		cmocka_unit_test_setup(a_lookup_under_way_keeps_its_own, setup),
		cmocka_unit_test_setup(beside_many_one_more_is_kept, setup),
		cmocka_unit_test_setup(but_not_all, setup),
		cmocka_unit_test_setup(who_is_gone_is_not_looked_for_all_the_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
