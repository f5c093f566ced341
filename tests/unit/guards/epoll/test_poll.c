// SPDX-License-Identifier: MIT
#include "poll_common.h"

static void a_hang_up_eight_times_is_ignored(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	hang_up();
	turn(&p, 1, 10, 100);
	assert_string_equal(report(), "");
	turn(&p, 1, 1, 10);
	assert_true(says("fdguard: warning: poll told 11 times in 100 ms of POLLHUP on fd "));
	assert_true(said("(pipe), and unit-guards-poll makes no call on it that changes anything [epoll.ignored]\n"));
	assert_true(said("\n  asked for: POLLIN\n"));
	turn(&p, 1, 50, 500);
	assert_string_equal(report(), "");
}

static void not_by_few_and_not_in_a_moment(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	hang_up();
	turn(&p, 1, 7, 900);
	turn(&p, 1, 1, 3500); /* eight in more than four seconds are none */
	turn(&p, 1, 7, 900);
	assert_string_equal(report(), "");
	turn(&p, 1, 1, 1); /* a program may close by a clock of its own */
	turn(&p, 1, 50, 1000);
	assert_string_equal(report(), "");
	turn(&p, 1, 1, 200);
	assert_true(says("epoll.ignored"));
}

static void an_act_ends_it(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	hang_up();
	for (int i = 0; i < 30; i++) {
		turn(&p, 1, 7, 300);
		assert_true(fdg_watched(ends[0]) & FDG_WATCH_ACT);
		fdg_act(ends[0], "read", 1, 0, FDG_DEED_ANY);
		assert_false(fdg_watched(ends[0]) & FDG_WATCH_ACT);
	}
	assert_string_equal(report(), "");
	assert_int_equal(fdg_suspects, 0);
}

static void one_that_reads_the_end_does_not_ignore_it(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	hang_up();
	for (int i = 0; i < 1200; i++) {
		turn(&p, 1, 1, 1);
		fdg_act(ends[0], "read", 0, 0, FDG_DEED_END);
	}
	assert_false(says("epoll.ignored"));
	assert_true(said("though there is nothing more to come (read: end of file); fdguard leaves poll's errors and hang-ups to the program [epoll.spin]"));
}

/* An error stays while the program sends: no spin where there is room to be told of too. */
static void one_that_sends_is_busy(void **state)
{
	struct pollfd p[2] = { { ends[1], POLLOUT, 0 }, { -1, 0, 0 } };

	(void)state;
	fdg_ledger_learn(ends[1], FDG_KIND_PIPE, 0, (const void *)site);
	close(ends[0]);
	for (int i = 0; i < 3000; i++) {
		turn(p, 2, 1, 1);
		fdg_act(ends[1], "write", 1, 0, FDG_DEED_GIVE);
	}
	assert_int_equal(p[0].revents, POLLOUT | POLLERR);
	assert_string_equal(report(), "");
	p[0].events = 0;
	for (int i = 0; i < 3000; i++) {
		turn(p, 2, 1, 1);
		fdg_act(ends[1], "write", 1, 0, FDG_DEED_GIVE);
	}
	assert_true(says(", and nothing is done on it but to send; fdguard leaves poll's errors and hang-ups to the program [epoll.spin]"));
	ends[0] = -1;
}

static void a_thousand_a_second_are_a_spin(void **state)
{
	struct pollfd p = { ends[0], 0, 0 };

	(void)state;
	hang_up();
	turn(&p, 1, 1001, 1001);
	assert_true(says("fdguard: error: poll returns 1,001 times a second with POLLHUP on fd "));
	assert_true(said("\n  wake-ups a second: 1001\n"));
	assert_true(said("\n  asked for: nothing\n"));
	assert_false(said("\n  fixed:"));
	assert_int_equal(fdg_poll_hides, 0);
}

/* It is one wake-up. */
static void several_entries_count_once(void **state)
{
	struct pollfd p[4];

	(void)state;
	hang_up();
	for (int i = 0; i < 4; i++)
		p[i] = (struct pollfd){ ends[0], POLLIN, 0 };
	turn(p, 4, 1300, 2000);
	assert_false(says("epoll.spin"));
	turn(p, 4, 2600, 2000);
	assert_true(says("epoll.spin"));
}

static void fewer_are_none(void **state)
{
	struct pollfd p = { ends[0], 0, 0 };

	(void)state;
	hang_up();
	turn(&p, 1, 9000, 20000);
	assert_false(says("epoll.spin"));
	fdg_options.epoll_spin = 400;
	turn(&p, 1, 900, 2000);
	assert_true(says("epoll.spin"));
}

static void nothing_is_looked_at_when_off(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	hang_up();
	fdg_options.epoll = FDG_OFF;
	turn(&p, 1, 3000, 2000);
	assert_string_equal(report(), "");
	assert_int_equal(fdg_suspects, 0);
	assert_int_equal(fdg_poll_until_sample, 1024);
}

/* What was told is not so any more when we look. */
static void the_kernel_has_the_last_word(void **state)
{
	struct pollfd p = { ends[0], POLLIN, POLLHUP };

	(void)state;
	for (int i = 0; i < 3000; i++) {
		clock_ms++;
		fdg_poll_woken(&(struct fdg_polled){ &p, 1, 1, "poll", (const void *)site });
	}
	assert_string_equal(report(), "");
}

/* Data that libc may read inside a stream. */
static void streams_are_not_judged_by_their_data(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	hang_up();
	fdg_ledger_flag(ends[0], FDG_STREAM, 0);
	turn(&p, 1, 3000, 2000);
	assert_string_equal(report(), "");
	assert_int_equal(fdg_suspects, 0);
	assert_int_equal(read(ends[0], &(char){ 0 }, 1), 1);
	turn(&p, 1, 20, 200); /* the end is one for all */
	assert_true(says("epoll.ignored"));
}

/* A device is spoken to by ioctl and in shared memory. */
static void other_kinds_are_not_judged(void **state)
{
	int full = open("/dev/full", O_RDWR);
	struct pollfd p = { full, POLLOUT, 0 };

	(void)state;
	learn(full, FDG_KIND_DEVICE);
	turn(&p, 1, 8000, 4000);
	assert_string_equal(report(), "");
	forget(full);
}

static void what_was_asked_for_is_found_by_the_sampler(void **state)
{
	struct pollfd p[2] = { { -1, POLLIN, 0 }, { ends[0], POLLIN, 0 } };

	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	turn(p, 2, 1024 + 1024 + 63, 300);
	assert_int_equal(fdg_suspects, 0);
	turn(p, 2, 1, 1);
	assert_int_equal(fdg_suspects, 1);
	turn(p, 2, 2000, 1000);
	assert_false(says("epoll.ignored"));
	assert_true(said("with POLLIN on fd "));
	assert_true(said("[epoll.spin]"));
}

static void slow_loops_are_not_sampled(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	turn(&p, 1, 8192, 9000);
	assert_int_equal(fdg_suspects, 0);
}

/* Another descriptor each time: each is taken. */
static void what_comes_and_goes_is_no_suspect(void **state)
{
	int other[2];

	(void)state;
	assert_int_equal(pipe(other), 0);
	learn(other[0], FDG_KIND_PIPE);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(write(other[1], "x", 1), 1);
	for (int i = 0; i < 20000; i++) {
		struct pollfd p = { i & 1 ? ends[0] : other[0], POLLIN, 0 };

		clock_ms += i % 16 == 0;
		wait_on(&p, 1);
	}
	assert_int_equal(fdg_suspects, 0);
	close(other[1]);
	forget(other[0]);
}

static void shared_data_may_be_taken_by_others(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 };

	(void)state;
	assert_int_equal(write(ends[1], "x", 1), 1);
	fdg_ledger_forking();
	turn(&p, 1, 20000, 1000);
	assert_int_equal(fdg_suspects, 0);
}

static void one_out_of_the_array_is_forgotten(void **state)
{
	struct pollfd p = { ends[0], POLLIN, 0 }, other = { 9999, POLLIN, 0 };

	(void)state;
	hang_up();
	turn(&p, 1, 3, 3);
	assert_int_equal(fdg_suspects, 1);
	clock_ms += 11000;
	turn(&other, 1, 1, 1);
	assert_int_equal(fdg_suspects, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_hang_up_eight_times_is_ignored),
		T(not_by_few_and_not_in_a_moment),
		T(an_act_ends_it),
		T(one_that_reads_the_end_does_not_ignore_it),
		T(one_that_sends_is_busy),
		T(a_thousand_a_second_are_a_spin),
		T(several_entries_count_once),
		T(fewer_are_none),
		T(nothing_is_looked_at_when_off),
		T(the_kernel_has_the_last_word),
		T(streams_are_not_judged_by_their_data),
		T(other_kinds_are_not_judged),
		T(what_was_asked_for_is_found_by_the_sampler),
		T(slow_loops_are_not_sampled),
		T(what_comes_and_goes_is_no_suspect),
		T(one_out_of_the_array_is_forgotten),
		T(shared_data_may_be_taken_by_others), /* the last: it is as after a fork */
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
