// SPDX-License-Identifier: MIT
#include "nonblock_common.h"

#include <sched.h>

#include "base/same.h"

static int reporting(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_REPORT;
	report();
	return 0;
}

static void one_holder_is_nobodys_business(void **state)
{
	struct fdg_mode_change c;
	int fd = make(false);

	(void)state;
	fdg_nonblock_before(&c, fd, true, "F_SETFL", NULL);
	assert_false(c.looked);
	assert_true(c.kernel);
	set_mode(fd, true);
	assert_true(fdg_ledger_state(fd) & FDG_NONBLOCK);
	set_mode(fd, false);
	assert_false(fdg_ledger_state(fd) & FDG_NONBLOCK);
	assert_string_equal(report(), "");
	forget(fd);
}

static void a_loser_is_told_of_when_it_is_used(void **state)
{
	(void)state;
	for (int to_block = 0; to_block < 2; to_block++) {
		int fd = make(to_block), copy = copy_of(fd);

		set_mode(copy, !to_block);
		assert_string_equal(report(), "");
		use(copy);
		assert_string_equal(report(), "");
		use(fd);
		assert_non_null(strstr(report(), WARNING));
		assert_non_null(strstr(logged, to_block ? ") blocking by F_SETFL" : ") non-blocking by F_SETFL"));
		use(fd);
		assert_string_equal(report(), "");
		forget(fd);
		forget(copy);
	}
}

static void who_asks_for_the_same_is_content(void **state)
{
	(void)state;
	for (int to_block = 0; to_block < 2; to_block++) {
		int fd = make(to_block), copy = copy_of(fd), third = copy_of(copy);

		set_mode(copy, !to_block);
		set_mode(third, !to_block);
		set_mode(fd, !to_block);
		use(fd);
		use(copy);
		use(third);
		fdg_late_end();
		assert_string_equal(report(), "");
		forget(fd);
		forget(copy);
		forget(third);
	}
}

static void who_puts_it_back_has_done_nothing(void **state)
{
	(void)state;
	for (int to_block = 0; to_block < 2; to_block++) {
		int fd = make(to_block), copy = copy_of(fd);

		set_mode(copy, !to_block);
		set_mode(copy, to_block);
		use(fd);
		fdg_late_end();
		assert_string_equal(report(), "");
		forget(fd);
		forget(copy);
	}
}

static void who_asks_for_the_flags_knows(void **state)
{
	int fd = make(false), copy = copy_of(fd);

	(void)state;
	set_mode(copy, true);
	assert_true(seen_mode(fd));
	use(fd);
	assert_string_equal(report(), "");
	set_mode(copy, false); /* and what it heard is what it wants */
	use(fd);
	assert_non_null(strstr(report(), WARNING));
	forget(fd);
	forget(copy);
}

static void who_is_closed_is_not_told_of(void **state)
{
	int fd = make(true), copy = copy_of(fd), other;

	(void)state;
	set_mode(copy, false);
	forget(fd);
	other = make(true);
	assert_int_equal(other, fd);
	use(fd);
	pause_ms(110);
	fdg_nonblock_tick();
	fdg_late_end();
	assert_string_equal(report(), "");
	forget(copy);
	forget(other);
}

/* What blocks a loop that we do not see; what fails with EAGAIN is seen when it fails. */
static void blocking_is_told_of_in_time_and_the_other_is_not(void **state)
{
	int fd = make(true), copy = copy_of(fd), awake = make(false), copy_of_awake = copy_of(awake);

	(void)state;
	set_mode(copy, false);
	set_mode(copy_of_awake, true);
	fdg_nonblock_tick();
	assert_string_equal(report(), "");
	pause_ms(110);
	fdg_nonblock_tick();
	assert_non_null(strstr(report(), ") blocking by F_SETFL"));
	assert_null(strstr(logged, "non-blocking by F_SETFL"));
	fdg_late_end();
	assert_non_null(strstr(report(), NOTE));
	assert_null(strstr(logged, WARNING));
	forget(fd);
	forget(copy);
	forget(awake);
	forget(copy_of_awake);
}

static void a_stream_is_told_of_at_the_end(void **state)
{
	int fd = make(false), copy = copy_of(fd);

	(void)state;
	fdg_ledger_flag(fd, FDG_STREAM, 0);
	set_mode(copy, true);
	fdg_late_end();
	assert_non_null(strstr(report(), WARNING));
	forget(fd);
	forget(copy);
}

static void off_is_off(void **state)
{
	int fd = make(true), copy = copy_of(fd);

	(void)state;
	fdg_options.nonblock = FDG_OFF;
	set_mode(copy, false);
	use(fd);
	fdg_nonblock_end();
	assert_string_equal(report(), "");
	forget(fd);
	forget(copy);
}

/* How many pairs the kernel was asked about. */
static unsigned asked;

enum fdg_same __real_fdg_same_here(int a, int b);
enum fdg_same __wrap_fdg_same_here(int a, int b);
enum fdg_same __wrap_fdg_same_here(int a, int b)
{
	asked++;
	return __real_fdg_same_here(a, b);
}

static void of_a_large_family_some_are_asked(void **state)
{
	int fd = make(false), copy[200];

	(void)state;
	for (int i = 0; i < 200; i++)
		copy[i] = copy_of(fd);
	asked = 0;
	set_mode(fd, true);
	assert_in_range(asked, 64, 150);
	asked = 0;
	for (int i = 0; i < 200; i++)
		set_mode(copy[i], true);
	assert_true(asked < 10); /* nothing changes */
	for (int i = 0; i < 200; i++)
		forget(copy[i]);
	forget(fd);
	assert_string_equal(report(), "");
}

enum { SHARED_ENTRY = 700, ROUNDS = 30000 };
static _Atomic bool is_over;
static _Atomic unsigned turns;

static void *change_the_mode(void *unused)
{
	(void)unused;
	while (!atomic_load(&is_over))
		fdg_nonblock_simple(fdg_ledger_find(SHARED_ENTRY), atomic_fetch_add(&turns, 1) & 1);
	return NULL;
}

/* What the other was about to do is done. */
static void await_turns(void)
{
	unsigned from = atomic_load(&turns);

	while (atomic_load(&turns) - from < 2)
		sched_yield();
}

/* What another thread says of the same descriptor. */
static void a_change_of_mode_loses_nothing(void **state)
{
	pthread_t thread;
	int lost = 0;

	(void)state;
	fdg_ledger_learn(SHARED_ENTRY, FDG_KIND_FILE, 0, NULL);
	assert_int_equal(pthread_create(&thread, NULL, change_the_mode, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		fdg_ledger_flag(SHARED_ENTRY, i & 1 ? FDG_CLOEXEC : 0, i & 1 ? 0 : FDG_CLOEXEC);
		await_turns();
		lost += !(fdg_ledger_state(SHARED_ENTRY) & FDG_CLOEXEC) != !(i & 1);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	fdg_ledger_forget(SHARED_ENTRY);
	assert_int_equal(lost, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_holder_is_nobodys_business, reporting),
		cmocka_unit_test_setup(a_loser_is_told_of_when_it_is_used, reporting),
		cmocka_unit_test_setup(who_asks_for_the_same_is_content, reporting),
		cmocka_unit_test_setup(who_puts_it_back_has_done_nothing, reporting),
		cmocka_unit_test_setup(who_asks_for_the_flags_knows, reporting),
		cmocka_unit_test_setup(who_is_closed_is_not_told_of, reporting),
		cmocka_unit_test_setup(blocking_is_told_of_in_time_and_the_other_is_not, reporting),
		cmocka_unit_test_setup(a_stream_is_told_of_at_the_end, reporting),
		cmocka_unit_test_setup(off_is_off, reporting),
		cmocka_unit_test_setup(of_a_large_family_some_are_asked, reporting),
		cmocka_unit_test_setup(a_change_of_mode_loses_nothing, reporting),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
