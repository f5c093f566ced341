// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/ledger.h"

static const void *here = (const void *)0x1234;

static int empty(void **state)
{
	(void)state;
	fdg_vfork_depth = 0;
	fdg_ledger_forget_range(0, ~0u);
	return 0;
}

static void what_was_learned_is_known_until_forgotten(void **state)
{
	struct fdg_known k;

	(void)state;
	assert_false(fdg_ledger_look(7, &k));
	fdg_ledger_learn(7, fdg_kindword_of(FDG_KIND_SOCKET, 2, 1), FDG_FORCED, here);
	assert_true(fdg_ledger_look(7, &k));
	assert_int_equal(fdg_kindword_kind(k.kind), FDG_KIND_SOCKET);
	assert_true(k.flags & FDG_FORCED);
	assert_ptr_equal(k.site, here);
	fdg_ledger_forget(7);
	assert_false(fdg_ledger_look(7, &k));
}

static void a_copy_shares_the_description_and_not_the_flags(void **state)
{
	struct fdg_known a, b, c;

	(void)state;
	fdg_ledger_learn(7, FDG_KIND_PIPE, FDG_FORCED, here);
	fdg_ledger_learn(8, FDG_KIND_PIPE, 0, here);
	fdg_ledger_copy(7, 9, FDG_MEANT, (const void *)0x99);
	assert_true(fdg_ledger_look(7, &a) && fdg_ledger_look(8, &b) && fdg_ledger_look(9, &c));
	assert_true(a.description == c.description && a.description != b.description);
	assert_true(c.flags & FDG_MEANT);
	assert_false(c.flags & FDG_FORCED);
	assert_ptr_equal(c.site, (const void *)0x99);
	assert_int_equal(c.kind, FDG_KIND_PIPE);
}

static void a_copy_of_an_unknown_descriptor_has_no_description(void **state)
{
	struct fdg_known k;

	(void)state;
	fdg_ledger_copy(500, 9, 0, here);
	assert_true(fdg_ledger_look(9, &k));
	assert_true(k.description == 0);
}

static void generation_changes_with_each_owner_of_a_number(void **state)
{
	struct fdg_known a, b;

	(void)state;
	fdg_ledger_learn(7, FDG_KIND_FILE, 0, here);
	fdg_ledger_look(7, &a);
	fdg_ledger_forget(7);
	fdg_ledger_learn(7, FDG_KIND_FILE, 0, here);
	fdg_ledger_look(7, &b);
	assert_true(a.generation != b.generation && a.description != b.description);
}

static void numbers_at_the_edges(void **state)
{
	static const int fds[] = { 0, 1023, 1024, 20000, (int)FDG_LEDGER_MAX - 1 };
	struct fdg_known k;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		fdg_ledger_learn(fds[i], FDG_KIND_FILE, 0, here);
		assert_true(fdg_ledger_look(fds[i], &k));
	}
	fdg_ledger_learn(-1, FDG_KIND_FILE, 0, here);
	fdg_ledger_learn((int)FDG_LEDGER_MAX, FDG_KIND_FILE, 0, here);
	fdg_ledger_learn(INT32_MAX, FDG_KIND_FILE, 0, here);
	assert_false(fdg_ledger_look(-1, &k));
	assert_false(fdg_ledger_look((int)FDG_LEDGER_MAX, &k));
	assert_false(fdg_ledger_look(INT32_MAX, &k));
	assert_int_equal(fdg_ledger_next(0), 0);
	assert_int_equal(fdg_ledger_next(1), 1023);
	assert_int_equal(fdg_ledger_next(1025), 20000);
	assert_int_equal(fdg_ledger_next(20001), (int)FDG_LEDGER_MAX - 1);
}

static void a_description_is_found_wherever_it_is(void **state)
{
	uint64_t id;

	(void)state;
	fdg_ledger_learn(7, FDG_KIND_FILE, 0, here);
	id = fdg_ledger_description(7);
	fdg_ledger_learn(8, FDG_KIND_FILE, FDG_PASSED, here);
	fdg_ledger_copy(7, 1023, 0, here);
	fdg_ledger_copy(7, 5000, 0, here);
	assert_int_equal(fdg_ledger_next_of(0, id, UINT32_MAX), 7);
	assert_int_equal(fdg_ledger_next_of(8, id, UINT32_MAX), 1023);
	assert_int_equal(fdg_ledger_next_of(8, id, FDG_PASSED), 8);
	assert_int_equal(fdg_ledger_next_of(1024, id, UINT32_MAX), 5000);
	assert_int_equal(fdg_ledger_next_of(5001, id, UINT32_MAX), -1);
	fdg_ledger_forget(1023);
	assert_int_equal(fdg_ledger_next_of(8, id, UINT32_MAX), 5000);
	assert_int_equal(fdg_ledger_next_of(-1, id, UINT32_MAX), -1);
}

static void ids_of_before_a_fork_are_below_the_floor(void **state)
{
	uint64_t before;

	(void)state;
	fdg_ledger_learn(7, FDG_KIND_FILE, 0, here);
	before = fdg_ledger_description(7);
	assert_true(before >= atomic_load(&fdg_ledger_floor));
	fdg_ledger_forking();
	assert_true(before < atomic_load(&fdg_ledger_floor));
	fdg_ledger_learn(8, FDG_KIND_FILE, 0, here);
	assert_true(fdg_ledger_description(8) >= atomic_load(&fdg_ledger_floor));
	fdg_ledger_learn(9, FDG_KIND_FILE, FDG_INHERITED, here);
	assert_true(fdg_ledger_description(9) < FDG_DESCRIPTION_FIRST);
}

static void ranges_end_where_they_say(void **state)
{
	struct fdg_known k;

	(void)state;
	for (int fd = 10; fd < 20; fd++)
		fdg_ledger_learn(fd, FDG_KIND_FILE, FDG_FORCED, here);
	fdg_ledger_forget_range(12, 14);
	assert_true(fdg_ledger_look(11, &k) && fdg_ledger_look(15, &k));
	for (int fd = 12; fd < 15; fd++)
		assert_false(fdg_ledger_look(fd, &k));
	fdg_ledger_flag_range(16, 17, FDG_CLOEXEC, FDG_FORCED);
	assert_true(fdg_ledger_state(15) & FDG_FORCED && fdg_ledger_state(18) & FDG_FORCED);
	assert_true(fdg_ledger_state(16) & FDG_CLOEXEC && !(fdg_ledger_state(17) & FDG_FORCED));
	fdg_ledger_forget_range(0, ~0u);
	assert_int_equal(fdg_ledger_next(0), -1);
}

static void flags_of_an_unknown_number_are_not_invented(void **state)
{
	(void)state;
	fdg_ledger_flag(7, FDG_MEANT, 0);
	assert_int_equal(fdg_ledger_state(7), 0);
}

static void a_vfork_child_changes_nothing_and_is_remembered(void **state)
{
	(void)state;
	fdg_ledger_learn(7, FDG_KIND_SOCKET, FDG_FORCED, here);
	fdg_vfork_depth = 1;
	fdg_ledger_forget(7);
	fdg_ledger_learn(8, FDG_KIND_FILE, 0, here);
	fdg_ledger_copy(7, 9, FDG_MEANT, here);
	fdg_ledger_forget_range(100, ~0u);
	assert_int_equal(fdg_ledger_touch(7), FDG_TOUCHED_CLOSED);
	assert_int_equal(fdg_ledger_touch(8), FDG_TOUCHED_MADE);
	assert_int_equal(fdg_ledger_touch(9), FDG_TOUCHED_MEANT);
	assert_int_equal(fdg_ledger_touch(10), FDG_UNTOUCHED);
	assert_int_equal(fdg_ledger_touch(5000), FDG_TOUCHED_CLOSED);
	fdg_vfork_depth = 0;
	assert_int_equal(fdg_ledger_touch(7), FDG_UNTOUCHED);
	assert_true(fdg_ledger_state(7) & FDG_FORCED);
	assert_int_equal(fdg_ledger_state(8), 0);
	assert_int_equal(fdg_ledger_state(9), 0);
}

static void the_last_touch_counts(void **state)
{
	(void)state;
	fdg_vfork_depth = 1;
	fdg_ledger_forget(7);
	fdg_ledger_copy(3, 7, FDG_MEANT, here);
	assert_int_equal(fdg_ledger_touch(7), FDG_TOUCHED_MEANT);
	for (int fd = 100; fd < 200; fd++)
		fdg_ledger_forget(fd);
	assert_int_equal(fdg_ledger_touch(199), FDG_TOUCHED_CLOSED);
}

/* Another process that runs in this memory (clone with CLONE_VM alone) must not write. */
static void a_stranger_in_our_memory_changes_nothing(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fdg_ledger_learn(7, FDG_KIND_SOCKET, 0, here);
	fdg_start_comparing_pids();
	assert_false(fdg_foreign_memory());
	pid = fork(); /* its memory is a copy, but its pid is as strange as a clone's */
	if (pid == 0) {
		fdg_ledger_forget(7);
		fdg_ledger_learn(8, FDG_KIND_FILE, 0, here);
		_exit(fdg_foreign_memory() && fdg_ledger_state(7) && !fdg_ledger_state(8) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	atomic_store(&fdg_compare_pids, false);
	assert_int_equal(status, 0);
}

static void *churn(void *arg)
{
	int base = (int)(intptr_t)arg;

	for (int i = 0; i < 20000; i++) {
		struct fdg_known k;
		int fd = base + i % 64;

		fdg_ledger_learn(fd, FDG_KIND_FILE, 0, here);
		if (!fdg_ledger_look(fd, &k) || k.site != here)
			return (void *)1;
		fdg_ledger_forget(fd);
	}
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t t[8];
	void *bad;

	(void)state;
	for (intptr_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&t[i], NULL, churn, (void *)(i * 700 + 100)), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	assert_int_equal(fdg_ledger_next(0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_learned_is_known_until_forgotten, empty),
		cmocka_unit_test_setup(a_copy_shares_the_description_and_not_the_flags, empty),
		cmocka_unit_test_setup(a_copy_of_an_unknown_descriptor_has_no_description, empty),
		cmocka_unit_test_setup(generation_changes_with_each_owner_of_a_number, empty),
		cmocka_unit_test_setup(numbers_at_the_edges, empty),
		cmocka_unit_test_setup(a_description_is_found_wherever_it_is, empty),
		cmocka_unit_test_setup(ids_of_before_a_fork_are_below_the_floor, empty),
		cmocka_unit_test_setup(ranges_end_where_they_say, empty),
		cmocka_unit_test_setup(flags_of_an_unknown_number_are_not_invented, empty),
		cmocka_unit_test_setup(a_vfork_child_changes_nothing_and_is_remembered, empty),
		cmocka_unit_test_setup(the_last_touch_counts, empty),
		cmocka_unit_test_setup(a_stranger_in_our_memory_changes_nothing, empty),
		cmocka_unit_test_setup(threads_do_not_disturb_each_other, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
