// SPDX-License-Identifier: MIT
#include "epoll_common.h"

#include <stdlib.h>

#include "report/run.h"

#define LONG_US 120000 /* longer than the patience */

/* As often as is needed, and for as long. */
static uint32_t waits_long(void)
{
	uint32_t events = 0;

	for (int i = 0; i < 12; i++) {
		for (int k = 0; k < 8; k++)
			waits(20);
		usleep(LONG_US / 9);
	}
	for (int i = 0; i < 4; i++)
		events = waits(20);
	return events;
}

static void what_is_ignored_is_translated(void **state)
{
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN | EPOLLRDHUP, 5);
	for (int i = 0; i < 20; i++)
		assert_int_equal(waits(1000), EPOLLHUP);
	waits_long();
	assert_int_equal(waits(1000), EPOLLHUP | EPOLLIN);
	assert_int_equal(waits(0), EPOLLHUP | EPOLLIN);
	ends(p[0]);
}

/* The program may close it by a clock of its own. */
static void what_comes_seldom_has_two_seconds(void **state)
{
	int64_t begun = fdg_acts_clock();
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 5);
	while (fdg_acts_clock() - begun < FDG_SELDOM_MS - 50) {
		uint32_t events = waits(1000);

		assert_true(events == EPOLLHUP || fdg_acts_clock() - begun >= FDG_SELDOM_MS);
		usleep(30000);
	}
	usleep(150000);
	waits(1000);
	assert_int_equal(waits(1000), EPOLLHUP | EPOLLIN);
	ends(p[0]);
}

/* However often, and however long ago it was: a process may have been stopped in between. */
static void seven_moments_are_too_few(void **state)
{
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 5);
	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < 100; n++)
			assert_int_equal(waits(1000), EPOLLHUP);
		usleep(LONG_US);
	}
	for (int n = 0; n < 3; n++)
		assert_int_equal(waits(1000), EPOLLHUP);
	ends(p[0]);
}

static void nothing_that_was_not_asked_for(void **state)
{
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLOUT, 5); /* a hang-up is something to read */
	assert_int_equal(waits_long(), EPOLLHUP);
	ends(p[0]);
}

static void report_changes_nothing(void **state)
{
	int p[2];

	(void)state;
	fdg_options.epoll = FDG_REPORT;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 5);
	assert_int_equal(waits_long(), EPOLLHUP);
	assert_true(fdg_suspects_any());
	ends(p[0]);
}

static void off_does_nothing(void **state)
{
	int p[2];

	(void)state;
	fdg_options.epoll = FDG_OFF;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 5);
	assert_int_equal(waits_long(), EPOLLHUP);
	assert_false(fdg_suspects_any());
	ends(p[0]);
}

static void an_act_in_between_is_enough(void **state)
{
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, (uint64_t)(uintptr_t)p);
	for (int i = 0; i < 4; i++) {
		for (int n = 0; n < 10; n++)
			assert_int_equal(waits(1000), EPOLLHUP);
		fdg_act(p[0], "ioctl", 0, 0, FDG_DEED_ANY);
		usleep(LONG_US / 3);
	}
	assert_int_equal(waits(1000), EPOLLHUP);
	ends(p[0]);
}

static void waits_with_no_time_do_not_count(void **state)
{
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 5);
	for (int i = 0; i < 20; i++)
		assert_int_equal(waits(0), EPOLLHUP);
	assert_false(fdg_suspects_any());
	ends(p[0]);
}

static void what_comes_once_is_translated_at_once(void **state)
{
	static const uint32_t once[] = { EPOLLET, EPOLLONESHOT };
	int p[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint64_t before = fdg_run.translated;

		hung_up_pipe(p);
		registers(p[0], EPOLLIN | once[i], 5);
		assert_int_equal(waits(1000), EPOLLHUP | EPOLLIN);
		assert_int_equal(waits(1), 0);
		assert_int_equal(fdg_run.translated, before + 1);
		ends(p[0]);
	}
}

/* A program that lets SIGPIPE end it is not told to write to what has no reader. */
static void nothing_that_ends_the_program(void **state)
{
	static char much[65536];
	int p[2];

	(void)state;
	for (int ignores = 0; ignores < 2; ignores++) {
		signal(SIGPIPE, ignores ? SIG_IGN : SIG_DFL);
		assert_int_equal(pipe2(p, O_NONBLOCK), 0);
		assert_int_equal(write(p[1], much, sizeof much), sizeof much);
		known(p[1], FDG_KIND_PIPE);
		registers(p[1], EPOLLOUT, 5);
		close(p[0]);
		assert_int_equal(waits_long(), ignores ? EPOLLERR | EPOLLOUT : EPOLLERR);
		ends(p[1]);
	}
	signal(SIGPIPE, SIG_IGN);
}

/* The error is in the error queue, and a read would wait, or find nothing. */
static void nothing_that_hangs(void **state)
{
	int s = stamped(0);

	(void)state;
	assert_true(fdg_epoll_is_queued(s));
	registers(s, EPOLLIN, 5);
	assert_int_equal(waits_long(), EPOLLERR);
	ends(s);
	s = stamped(SOCK_NONBLOCK);
	registers(s, EPOLLIN, 5);
	assert_int_equal(waits_long(), EPOLLERR | EPOLLIN);
	ends(s);
	for (int i = 0; i < 2; i++) {
		s = stamped(i ? SOCK_NONBLOCK : 0);
		registers(s, EPOLLIN | EPOLLET, 5);
		assert_int_equal(waits(1000), EPOLLERR);
		ends(s);
	}
}

/* More than can be followed: some are; the others pass, and are counted. */
static void of_many_some_are_followed(void **state)
{
	static int p[300][2];
	struct fdg_registration r;
	unsigned found = 0;

	(void)state;
	fdg_suspects_left_out();
	for (int i = 0; i < 300; i++) {
		hung_up_pipe(p[i]);
		registers(p[i][0], EPOLLIN, (uint64_t)(uintptr_t)p[i]);
	}
	for (int t = 0; t < 20; t++) {
		for (int i = 0; i < 300; i++)
			waits(1000);
		usleep(LONG_US / 9);
	}
	for (int i = 0; i < 300; i++)
		found += fdg_interest_of(set, p[i][0], &r) && r.state & FDG_INTEREST_IGNORED;
	assert_in_range(found, 1, FDG_SUSPECTS);
	assert_in_range(fdg_suspects_left_out(), 1, 20 * 300 * 8);
	assert_int_equal(fdg_suspects_left_out(), 0);
	for (int i = 0; i < 300; i++)
		ends(p[i][0]);
}

/* It hangs up until it is connected, which is no end of anything. */
static void what_is_not_connected_yet_is_left_alone(void **state)
{
	static const uint32_t how[] = { EPOLLET, EPOLLONESHOT, 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		int s = known(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM));

		registers(s, EPOLLIN | EPOLLRDHUP | how[i], 5);
		assert_int_equal(how[i] ? waits(1000) : waits_long(), EPOLLHUP);
		ends(s);
	}
}

/* A session ended, and the next one comes. */
static void a_terminal_may_be_opened_again(void **state)
{
	int master = known(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), FDG_KIND_TTY);

	(void)state;
	assert_int_equal(grantpt(master) + unlockpt(master), 0);
	registers(master, EPOLLIN | EPOLLET, 5);
	close(open(ptsname(master), O_RDWR | O_NOCTTY));
	assert_int_equal(waits(1000), EPOLLHUP);
	ends(master);
}

static void two_with_the_same_data_are_left_alone(void **state)
{
	int p[2], q[2];

	(void)state;
	hung_up_pipe(p);
	hung_up_pipe(q);
	registers(p[0], EPOLLIN, 500);
	registers(q[0], EPOLLIN, 500);
	assert_int_equal(waits_long(), EPOLLHUP);
	ends(p[0]);
	ends(q[0]);
}

/* Without the ledger's or the list's knowing, too, nothing is done to a number that is another descriptor by now. */
static void another_descriptor_of_the_number_is_not_meant(void **state)
{
	int p[2], q[2], copy;

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 5);
	copy = dup(p[0]);
	assert_int_equal(pipe2(q, O_NONBLOCK), 0);
	assert_int_equal(dup2(q[0], p[0]), p[0]); /* behind us */
	assert_int_equal(waits_long() & EPOLLIN, 0);
	close(copy);
	close(q[0]);
	close(q[1]);
	ends(p[0]);
}

static bool is_suspected(int fd)
{
	struct fdg_suspect s;
	unsigned at = 0;

	while (fdg_suspect_next(&at, &s))
		if (s.told.fd == fd)
			return true;
	return false;
}

/* Sixty-four in a row, of a thread that is busy. */
static void what_comes_again_and_again_is_suspected(void **state)
{
	int p[2], q[2];
	char c;

	(void)state;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(pipe2(q, O_NONBLOCK), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	registers(known(p[0], FDG_KIND_PIPE), EPOLLIN, 1);
	registers(known(q[0], FDG_KIND_PIPE), EPOLLIN, 2);
	for (int i = 0; i < 70000 && !is_suspected(p[0]); i++) {
		assert_int_equal(write(q[1], "x", 1), 1);
		waits(1000);
		if (i % 2)
			assert_int_equal(read(q[0], &c, 1), 1), (void)!read(q[0], &c, 1);
	}
	assert_true(is_suspected(p[0]));
	fdg_act(p[0], "read", 1, 0, FDG_DEED_ANY);
	assert_false(is_suspected(p[0]));
	ends(p[0]);
	ends(q[0]);
	close(p[1]);
	close(q[1]);
}

static int contended[3];

static void *turns(void *nothing)
{
	for (int i = 0; i < 4000; i++) {
		waits(10);
		if (i % 50 == 0)
			fdg_act(contended[i / 50 % 3], "read", i % 100 ? 0 : -1, i % 100 ? 0 : EAGAIN, FDG_DEED_ANY);
	}
	return nothing;
}

/* For the thread sanitizer: an error, a hang-up and data, on one list with three threads. */
static void threads_share_a_list(void **state)
{
	pthread_t t[3];
	int p[2], q[2];

	(void)state;
	fdg_options.epoll_spin = 10;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 1000);
	assert_int_equal(pipe2(q, O_NONBLOCK), 0);
	assert_int_equal(write(q[1], "x", 1), 1);
	registers(known(q[0], FDG_KIND_PIPE), EPOLLIN, 1001);
	contended[0] = p[0];
	contended[1] = q[0];
	contended[2] = stamped(SOCK_NONBLOCK);
	registers(contended[2], EPOLLIN, (uint64_t)contended[2]);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, turns, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	for (int i = 0; i < 3; i++)
		ends(contended[i]);
	close(q[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_ignored_is_translated, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_seldom_has_two_seconds, begin, end),
		cmocka_unit_test_setup_teardown(seven_moments_are_too_few, begin, end),
		cmocka_unit_test_setup_teardown(nothing_that_was_not_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(report_changes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(off_does_nothing, begin, end),
		cmocka_unit_test_setup_teardown(an_act_in_between_is_enough, begin, end),
		cmocka_unit_test_setup_teardown(waits_with_no_time_do_not_count, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_once_is_translated_at_once, begin, end),
		cmocka_unit_test_setup_teardown(nothing_that_ends_the_program, begin, end),
		cmocka_unit_test_setup_teardown(nothing_that_hangs, begin, end),
		cmocka_unit_test_setup_teardown(of_many_some_are_followed, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_connected_yet_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(a_terminal_may_be_opened_again, begin, end),
		cmocka_unit_test_setup_teardown(two_with_the_same_data_are_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(another_descriptor_of_the_number_is_not_meant, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_again_and_again_is_suspected, begin, end),
		cmocka_unit_test_setup_teardown(threads_share_a_list, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
