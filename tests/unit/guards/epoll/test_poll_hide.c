// SPDX-License-Identifier: MIT
#include "poll_common.h"

#include <limits.h>
#include <pthread.h>
#include <unistd.h>

static int closed_number(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void prove(int fd)
{
	struct pollfd p[2] = { { ends[0], POLLIN, 0 }, { fd, POLLIN, 0 } };

	turn(p, 2, 2000, 1100);
}

static void a_closed_number_is_left_out_when_it_spins(void **state)
{
	int fd = closed_number();
	struct pollfd copy[4] = { { ends[0], POLLIN, 0 }, { fd, POLLIN, 0 }, { -7, 0, 0 }, { fd + 1, 0, 0 } };

	(void)state;
	assert_int_equal(fdg_poll_leave_out(copy, 4), 0);
	copy[2].fd = -7;
	prove(fd);
	assert_true(says(", which is not open, and the program goes on asking for it [epoll.ignored]"));
	assert_true(said("; fdguard leaves it out of the waits until it is open again [epoll.spin]"));
	assert_true(said("\n  fixed:"));
	assert_int_equal(fdg_poll_hides, 1);
	assert_int_equal(fdg_poll_leave_out(copy, 4), 1);
	assert_int_equal(copy[0].fd, ends[0]);
	assert_int_equal(copy[1].fd, FDG_POLL_OUT);
	assert_int_equal(copy[2].fd, -1);
	assert_int_equal(copy[3].fd, fd + 1);
	/* opened again, by whom we do not see */
	assert_int_equal(dup2(0, fd), fd);
	copy[1].fd = fd;
	assert_int_equal(fdg_poll_leave_out(copy, 4), 0);
	assert_int_equal(copy[1].fd, fd);
	assert_int_equal(fdg_poll_hides, 0);
	close(fd);
	assert_int_equal(fdg_poll_leave_out(copy, 4), 0); /* a proof is for one closing */
}

static void report_leaves_it_in(void **state)
{
	int fd = closed_number();

	(void)state;
	fdg_options.epoll = FDG_REPORT;
	prove(fd);
	assert_true(says("and the program goes on asking for it [epoll.spin]"));
	assert_false(said("\n  fixed:"));
	assert_int_equal(fdg_poll_hides, 0);
}

static void a_new_descriptor_has_no_past(void **state)
{
	int fd = closed_number();
	struct pollfd p[1] = { { fd, POLLIN, 0 } };

	(void)state;
	for (int i = 0; i < 30; i++) {
		turn(p, 1, 500, 400);
		assert_int_equal(dup2(0, fd), fd);
		learn(fd, FDG_KIND_FILE);
		forget(fd);
	}
	assert_false(says("epoll.spin"));
	assert_int_equal(fdg_poll_hides, 0);
}

static void numbers_have_a_limit(void **state)
{
	struct pollfd copy[40];
	int first = 5000, hidden = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		hidden += fdg_poll_hide(first + i);
		copy[i] = (struct pollfd){ first + i, POLLIN, 0 };
	}
	assert_int_equal(hidden, FDG_POLL_HIDDEN);
	assert_false(fdg_poll_hide(INT_MAX));
	assert_true(fdg_poll_hide(first)); /* it is there */
	assert_int_equal(fdg_poll_hides, FDG_POLL_HIDDEN);
	assert_int_equal(fdg_poll_leave_out(copy, 40), FDG_POLL_HIDDEN);
	for (int i = 0; i < 40; i++)
		assert_int_equal(dup2(0, first + i), first + i);
	fdg_poll_leave_out(copy, 40);
	assert_int_equal(fdg_poll_hides, 0);
	for (int i = 0; i < 40; i++)
		close(first + i);
}

static void rooms_are_kept_and_few(void **state)
{
	struct pollfd *room[FDG_POLL_ROOMS], *again;

	(void)state;
	for (unsigned i = 0; i < FDG_POLL_ROOMS; i++) {
		room[i] = fdg_poll_room(1000 + i * 3000);
		assert_non_null(room[i]);
		memset(room[i], 0x55, (1000 + i * 3000) * sizeof(**room));
	}
	assert_null(fdg_poll_room(1));
	fdg_poll_room_done(room[3]);
	again = fdg_poll_room(900);
	assert_ptr_equal(again, room[3]);
	fdg_poll_room_done(again);
	again = fdg_poll_room(FDG_POLL_MOST);
	assert_non_null(again);
	memset(again, 0x55, FDG_POLL_MOST * sizeof(*again));
	room[3] = again;
	for (unsigned i = 0; i < FDG_POLL_ROOMS; i++)
		fdg_poll_room_done(room[i]);
	again = fdg_poll_room(1);
	assert_non_null(again);
	fdg_poll_room_done(again);
}

static pthread_barrier_t turned;

static _Atomic unsigned turns;
static _Atomic bool over;

/* A thread is known to do nothing else once it has turned. */
static void *polls(void *of)
{
	struct pollfd p[2] = { { *(int *)of, POLLIN, 0 }, { 5000 + *(int *)of, POLLIN, 0 } }, copy[2];

	for (int i = 0; i < 2; i++)
		wait_for(p, 2, 0);
	pthread_barrier_wait(&turned);
	pthread_barrier_wait(&turned);
	for (int i = 0; !over; i++) {
		struct pollfd *room = fdg_poll_room(200);

		wait_for(p, 2, 0);
		memcpy(copy, p, sizeof(p));
		fdg_poll_leave_out(copy, 2);
		if (room)
			fdg_poll_room_done(room);
		if (i % 100 == 0)
			fdg_act(*(int *)of, "read", 1, 0, FDG_DEED_ANY);
		turns++;
	}
	return NULL;
}

/* Time goes on between turns, as a rule: one in which it does is taken for one in which the thread worked. */
static void let_them_turn(void)
{
	for (int ms = 0; ms < 1500; ms++) {
		unsigned before = turns;

		while (turns - before < 12)
			usleep(20);
		clock_ms++;
	}
	over = true;
}

static void threads_do_not_meet(void **state)
{
	pthread_t t[4];

	(void)state;
	hang_up();
	assert_int_equal(pthread_barrier_init(&turned, NULL, 5), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, polls, &ends[0]), 0);
	pthread_barrier_wait(&turned);
	clock_ms += 5000;
	fdg_options.epoll_spin = 0;
	pthread_barrier_wait(&turned);
	let_them_turn();
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_true(says("epoll.spin"));
	assert_true(fdg_poll_hides > 0);
	fdg_options.epoll_spin = 1000;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_closed_number_is_left_out_when_it_spins),
		T(report_leaves_it_in),
		T(a_new_descriptor_has_no_past),
		T(numbers_have_a_limit),
		T(rooms_are_kept_and_few),
		T(threads_do_not_meet),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
