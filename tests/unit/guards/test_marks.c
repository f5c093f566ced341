// SPDX-License-Identifier: MIT
#include "nonblock_common.h"

static int fixing(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_FIX;
	report();
	return 0;
}

static void the_copy_waits_and_the_other_does_not(void **state)
{
	int fd = make(true), copy = copy_of(fd), third;

	(void)state;
	set_mode(copy, false);
	assert_true(kernel_mode(fd));
	assert_true(waits(copy) && !waits(fd));
	assert_true(!seen_mode(copy) && seen_mode(fd));
	assert_true(fdg_nonblock_still(copy));
	third = copy_of(copy);
	assert_true(waits(third) && !seen_mode(third) && fdg_nonblock_still(third));
	set_mode(fd, false);
	assert_false(kernel_mode(copy));
	assert_false(waits(copy) || waits(fd) || waits(third));
	set_mode(third, true);
	assert_true(waits(copy) && waits(fd) && !waits(third));
	assert_true(!seen_mode(copy) && !seen_mode(fd) && seen_mode(third));
	use(fd);
	assert_non_null(strstr(report(), "fixed: by fdguard"));
	forget(fd);
	forget(copy);
	forget(third);
}

static void a_mark_ends_with_its_socket(void **state)
{
	int fd = make(true), copy = copy_of(fd), other = make(true);

	(void)state;
	set_mode(copy, false);
	assert_true(waits(copy));
	assert_int_equal(dup2(other, copy), copy); /* behind us */
	assert_true(seen_mode(copy));
	assert_false(fdg_nonblock_still(copy));
	assert_false(waits(copy));
	forget(fd);
	forget(copy);
	forget(other);
}

static void nobody_can_wait_for_a_stream_or_for_standard_input(void **state)
{
	int fd = make(true), copy = copy_of(fd), input = dup(0);

	(void)state;
	fdg_ledger_flag(copy, FDG_STREAM, 0);
	set_mode(copy, false);
	assert_false(kernel_mode(fd));
	assert_false(waits(copy));
	use(fd);
	assert_non_null(strstr(report(), WARNING));
	assert_null(strstr(logged, "fixed: by fdguard"));
	set_mode(fd, true);
	fdg_ledger_flag(copy, 0, FDG_STREAM);
	set_mode(copy, false);
	assert_true(waits(copy) && kernel_mode(fd));
	copy_to(copy, dup2(copy, 0));
	assert_false(waits(copy) || waits(0) || kernel_mode(fd));
	assert_int_equal(dup2(input, 0), 0);
	fdg_ledger_forget(0);
	close(input);
	forget(fd);
	forget(copy);
}

static void given_up_is_what_the_program_asked_for(void **state)
{
	int fd = make(true), copy = copy_of(fd), quiet = make(false), loud = copy_of(quiet);

	(void)state;
	set_mode(copy, false);
	set_mode(loud, true);
	report();
	fdg_nonblock_give_up(copy);
	assert_false(waits(copy) || kernel_mode(fd));
	assert_non_null(strstr(report(), "now wait where they failed with EAGAIN"));
	fdg_nonblock_give_up(quiet); /* never asked for anything */
	assert_false(waits(quiet));
	assert_true(kernel_mode(loud));
	forget(fd);
	forget(copy);
	forget(quiet);
	forget(loud);
}

static void an_exec_leaves_what_was_asked_for(void **state)
{
	int fd = make(true), copy = copy_of(fd), kept = make(true), closing = copy_to(kept, fcntl(kept, F_DUPFD_CLOEXEC, 3));
	struct fdg_nonblock_given given;

	(void)state;
	set_mode(copy, false);
	set_mode(closing, false);
	assert_true(waits(copy) && waits(closing));
	fdg_nonblock_exec(&given);
	assert_int_equal(given.count, 1);
	report();
	fdg_nonblock_exec_tell(&given);
	assert_non_null(strstr(report(), "now wait where they failed with EAGAIN"));
	assert_false(kernel_mode(fd));
	assert_true(kernel_mode(kept));
	fdg_nonblock_exec_failed(&given);
	assert_true(kernel_mode(fd) && kernel_mode(kept) && waits(copy));
	fdg_nonblock_release();
	assert_false(kernel_mode(fd) || kernel_mode(kept) || waits(copy) || waits(closing));
	forget(fd);
	forget(copy);
	forget(kept);
	forget(closing);
}

/* Each descriptor has the mode that was asked for it last, whatever the others ask for. */
static void any_order_of_wishes_is_fulfilled(void **state)
{
	enum { COPIES = 5 };
	int fd[COPIES];
	bool want[COPIES];
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 200; round++) {
		fd[0] = make(want[0] = round & 1);
		for (int i = 1; i < COPIES; i++)
			fd[i] = -1;
		for (int step = 0; step < 40; step++) {
			int a = rand_r(&seed) % COPIES, b = rand_r(&seed) % COPIES, what = rand_r(&seed) % 4;
			bool any = false;

			if (fd[a] < 0) {
				continue;
			} else if (what == 0 && fd[b] < 0) {
				fd[b] = copy_of(fd[a]);
				want[b] = want[a];
			} else if (what == 1 && a != b && fd[b] >= 0) {
				forget(fd[b]);
				fd[b] = -1;
			} else if (what > 1) {
				set_mode(fd[a], want[a] = rand_r(&seed) & 1);
			}
			for (int i = 0; i < COPIES; i++)
				any |= fd[i] >= 0 && want[i];
			for (int i = 0; i < COPIES; i++) {
				if (fd[i] < 0)
					continue;
				assert_int_equal(seen_mode(fd[i]), want[i]);
				assert_true(kernel_mode(fd[i]) || !any);
				assert_int_equal(waits(fd[i]), kernel_mode(fd[i]) && !want[i]);
			}
		}
		for (int i = 0; i < COPIES; i++)
			if (fd[i] >= 0)
				forget(fd[i]);
	}
}

/* Threads that change the mode of one description, copy and close it, as they like: nothing is left behind that the last word does not set right. */
static int shared_fd, shared_copy;

static void *be_busy(void *seed)
{
	unsigned s = (unsigned)(uintptr_t)seed;

	for (int i = 0; i < 2000; i++) {
		int fd = rand_r(&s) & 1 ? shared_fd : shared_copy, copy;

		switch (rand_r(&s) % 3) {
		case 0:
			set_mode_at(fd, rand_r(&s) & 1, report);
			break;
		case 1:
			use(fd);
			seen_mode(fd);
			fdg_nonblock_tick();
			break;
		default:
			copy = dup(fd);
			fdg_ledger_copy(fd, copy, 0, report);
			fdg_nonblock_copied(fd, copy);
			forget(copy);
		}
	}
	return NULL;
}

static void threads_agree_in_the_end(void **state)
{
	pthread_t thread[3];

	(void)state;
	shared_fd = make(true);
	shared_copy = copy_of(shared_fd);
	for (uintptr_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, be_busy, (void *)(i + 1)), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	set_mode(shared_fd, true);
	set_mode(shared_copy, false);
	assert_true(kernel_mode(shared_fd) && seen_mode(shared_fd) && !seen_mode(shared_copy));
	assert_true(waits(shared_copy) && !waits(shared_fd));
	forget(shared_fd);
	forget(shared_copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_copy_waits_and_the_other_does_not, fixing),
		cmocka_unit_test_setup(a_mark_ends_with_its_socket, fixing),
		cmocka_unit_test_setup(nobody_can_wait_for_a_stream_or_for_standard_input, fixing),
		cmocka_unit_test_setup(given_up_is_what_the_program_asked_for, fixing),
		cmocka_unit_test_setup(an_exec_leaves_what_was_asked_for, fixing),
		cmocka_unit_test_setup(any_order_of_wishes_is_fulfilled, fixing),
		cmocka_unit_test_setup(threads_agree_in_the_end, fixing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
