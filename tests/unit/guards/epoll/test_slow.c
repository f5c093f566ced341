// SPDX-License-Identifier: MIT
#include "epoll_common.h"

#include "guards/epoll/slow.h"

enum { MORE = 160 };

static struct fdg_suspect s;

/* A suspect whose spin is proved. */
static int slow(int fd, uint32_t events, uint64_t data)
{
	struct fdg_registration r;

	registers(fd, events, data);
	assert_true(fdg_interest_of(set, fd, &r));
	assert_true(fdg_suspect_delivered(&(struct fdg_told){ r.set, data, set, fd }, EPOLLHUP, 1000, &s));
	assert_true(fdg_slow_begin(&s));
	return fd;
}

static int hung_up(void)
{
	int p[2];

	hung_up_pipe(p);
	return p[0];
}

static bool is_idle = true;

/* What a wait does with the events that there are: how long they are held back, ns. Nobody sleeps. */
static int64_t holds(int room)
{
	struct fdg_slow_wait w;
	struct epoll_event e[MORE];
	int n = epoll_wait(set, e, room, 0);

	assert_true(n > 0);
	fdg_slow_wait_begin(&w, set, -1, is_idle);
	return fdg_slow_hold(&w, e, n, room);
}

/* A machine that has no time for us makes a pause be over: the next one is longer. */
static bool are_held(int room)
{
	for (int i = 0; i < 400; i++)
		if (holds(room) > 0)
			return true;
	return false;
}

static void pass(int ms)
{
	usleep((unsigned)ms * 1000u);
}

static void first_it_is_told_and_then_held_back(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	ends(fd);
}

/* Each pause is twice the last one. */
static void it_is_told_again_and_again(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	for (int ms = 1; ms <= 128; ms *= 2) {
		pass(ms);
		assert_int_equal(holds(8), 0);
	}
	assert_true(are_held(8));
	pass(100);
	assert_int_equal(holds(8), 0);
	ends(fd);
}

static void beside_anything_else_it_is_told_at_once(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1), other = hung_up();

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	registers(other, EPOLLIN, 2);
	assert_int_equal(holds(8), 0);
	ends(other);
	ends(fd);
}

/* What is asked meanwhile has its place behind it, and is to show all of it again. Without such room each batch is handed over a moment later. */
static void without_room_for_twice_as_many_it_is_paced(void **state)
{
	int fd[3];

	(void)state;
	pass(1); /* what was there before it is over */
	for (int i = 0; i < 3; i++)
		fd[i] = slow(hung_up(), EPOLLIN, (uint64_t)i);
	for (int i = 0; i < 3; i++) /* one after the other */
		assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	assert_true(are_held(7));
	for (int room = 1; room < 7; room++)
		for (int i = 0; i < 4; i++)
			assert_int_equal(holds(room), 2000000);
	is_idle = false;
	assert_int_equal(holds(1), 0);
	is_idle = true;
	for (int i = 0; i < 3; i++)
		ends(fd[i]);
}

/* Where others come as well nobody is kept waiting. */
static void beside_others_it_is_not_paced(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1), other;
	int64_t held = 1;

	(void)state;
	pass(1);
	assert_int_equal(holds(1), 2000000);
	for (int i = 0; i < 100 && held; i++) { /* the machine may have no time for us for as long */
		other = hung_up();
		registers(other, EPOLLIN, 2);
		assert_int_equal(holds(2), 0);
		ends(other);
		held = holds(1);
	}
	assert_int_equal(held, 0);
	pass(1);
	assert_int_equal(holds(1), 2000000);
	ends(fd);
}

static void it_begins_anew_after_a_turn_with_work(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	for (int ms = 1; ms <= 128; ms *= 2) {
		pass(ms);
		assert_int_equal(holds(8), 0);
	}
	assert_true(are_held(8));
	is_idle = false;
	assert_int_equal(holds(8), 0);
	assert_int_equal(holds(8), 0);
	is_idle = true;
	assert_true(are_held(8));
	pass(1);
	assert_int_equal(holds(8), 0);
	ends(fd);
}

static void so_many_are_held_back_as_there_can_be(void **state)
{
	int fd[FDG_SUSPECTS];
	struct fdg_registration r;
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < FDG_SUSPECTS && count < 40; i++) {
		fd[count] = hung_up();
		registers(fd[count], EPOLLIN, i);
		assert_true(fdg_interest_of(set, fd[count], &r));
		if (fdg_suspect_delivered(&(struct fdg_told){ r.set, i, set, fd[count] }, EPOLLHUP, 1000, &s) && fdg_slow_begin(&s))
			count++;
		else
			ends(fd[count]);
	}
	assert_true(count >= 20);
	for (unsigned i = 0; i < 2 * count; i++)
		holds(MORE);
	assert_true(are_held(MORE));
	while (count--)
		ends(fd[count]);
}

/* The program may live by that. */
static void beside_what_was_asked_for_it_is_told_at_once(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	slow(known(p[0], FDG_KIND_PIPE), EPOLLIN, 1);
	assert_int_equal(write(p[1], "ab", 2), 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(holds(8), 0);
	close(p[1]); /* EPOLLIN and EPOLLHUP */
	for (int i = 0; i < 4; i++)
		assert_int_equal(holds(8), 0);
	ends(p[0]);
}

static void other_events_are_told_at_once(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p), 0);
	slow(known(p[0], fdg_kindword_of(FDG_KIND_SOCKET, AF_UNIX, SOCK_STREAM)), 0, 1);
	assert_int_equal(write(p[0], "x", 1), 1);
	assert_int_equal(shutdown(p[0], SHUT_RDWR), 0);
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	close(p[1]); /* with something unread: ECONNRESET */
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	ends(p[0]);
}

static void an_act_ends_it(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	fdg_acted(fd);
	assert_false(fdg_slow_any());
	assert_int_equal(holds(8), 0);
	assert_int_equal(holds(8), 0);
	ends(fd);
}

static void its_number_is_anothers(void **state)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 1 };
	int fd = slow(hung_up(), EPOLLIN, 1), p[2];

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	ends(fd);
	hung_up_pipe(p);
	assert_int_equal(p[0], fd);
	registers(p[0], EPOLLIN, 1);
	assert_int_equal(holds(8), 0);
	assert_int_equal(holds(8), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &e), 0);
	ends(p[0]);
}

/* Two carry the same, and one of them is slow: its event may be the other one's. */
static void what_two_carry_is_told_at_once(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1), other = hung_up();

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	registers(other, EPOLLIN | EPOLLET, 1);
	for (int i = 0; i < 40; i++)
		assert_int_equal(holds(8), 0);
	ends(other);
	ends(fd);
}

/* … where one of them was registered unseen. */
static void what_comes_twice_is_told_at_once(void **state)
{
	struct epoll_event e[4] = { { .events = EPOLLIN, .data.u64 = 1 } };
	struct fdg_slow_wait w;
	int fd = slow(hung_up(), EPOLLIN, 1), other = hung_up();

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, other, e), 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(epoll_wait(set, e, 4, 0), 2);
		fdg_slow_wait_begin(&w, set, -1, true);
		assert_int_equal(fdg_slow_hold(&w, e, 2, 8), 0);
	}
	ends(other);
	ends(fd);
}

/* epoll_ctl is about to give its data to another one. */
static void its_data_is_anothers_soon(void **state)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = 1 }, others = { .events = EPOLLIN | EPOLLET, .data.u64 = 2 };
	int fd = slow(hung_up(), EPOLLIN, 1), other = hung_up();

	(void)state;
	fdg_slow_registers(set, EPOLL_CTL_ADD, other, &others);
	fdg_slow_registers(set, EPOLL_CTL_DEL, other, &e);
	fdg_slow_registers(set, EPOLL_CTL_MOD, other, NULL);
	fdg_slow_registers(set, EPOLL_CTL_MOD, other, (const struct epoll_event *)8);
	assert_true(fdg_slow_any());
	fdg_slow_registers(set, EPOLL_CTL_ADD, other, &e);
	assert_false(fdg_slow_any());
	ends(other);
	ends(fd);
}

static void what_comes_once_is_never_held_back(void **state)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u64 = 1 };
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, fd, &e), 0);
	fdg_interest_changed(set, EPOLL_CTL_MOD, fd, &e, NULL);
	assert_int_equal(holds(8), 0);
	ends(fd);
}

/* Held back once more. */
static int asks_again(struct fdg_slow_wait *w, struct epoll_event e[8], int n, int *ret_missed)
{
	struct epoll_event again[8];
	int more = epoll_wait(set, again, 8 - n, 0);

	assert_true(more >= 0);
	return fdg_slow_again(w, e, n, again, more, ret_missed);
}

/* Somebody whom we do not see made it one that comes once, and it was told by that: it is there still, and others came. */
static void what_came_once_unseen_is_not_lost(void **state)
{
	struct fdg_slow_wait w;
	struct epoll_event e[8] = { { .events = EPOLLIN | EPOLLET, .data.u64 = 1 } };
	int fd = slow(hung_up(), EPOLLIN, 1), other = hung_up(), missed;

	(void)state;
	fdg_slow_wait_begin(&w, set, -1, true);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, fd, e), 0);
	assert_int_equal(epoll_wait(set, e, 1, 0), 1);
	assert_int_equal(asks_again(&w, e, 1, &missed), 1);
	assert_int_equal(missed, 1);
	assert_int_equal(e[0].events, EPOLLHUP);
	registers(other, EPOLLIN, 2);
	assert_int_equal(asks_again(&w, e, 1, &missed), 2);
	assert_int_equal(missed, 1);
	assert_int_equal(e[0].data.u64 + e[1].data.u64, 3);
	fdg_acted(fd); /* who it was is still known */
	assert_int_equal(asks_again(&w, e, 1, &missed), 2);
	assert_int_equal(missed, 1);
	ends(other);
	ends(fd);
}

static void what_comes_again_is_told_once(void **state)
{
	struct fdg_slow_wait w;
	struct epoll_event e[8];
	int fd = slow(hung_up(), EPOLLIN, 1), other = hung_up(), missed;

	(void)state;
	fdg_slow_wait_begin(&w, set, -1, true);
	assert_int_equal(epoll_wait(set, e, 8, 0), 1);
	assert_int_equal(asks_again(&w, e, 1, &missed), 1);
	assert_int_equal(missed, 0);
	registers(other, EPOLLIN, 2);
	assert_int_equal(asks_again(&w, e, 1, &missed), 2);
	assert_int_equal(missed, 0);
	ends(other);
	ends(fd);
}

/* Its handler may be gone as well. */
static void what_was_taken_out_is_dropped(void **state)
{
	struct fdg_slow_wait w;
	struct epoll_event e[8], none = { .events = 0 };
	int fd = slow(hung_up(), EPOLLIN, 1), missed;

	(void)state;
	fdg_slow_wait_begin(&w, set, -1, true);
	assert_int_equal(epoll_wait(set, e, 8, 0), 1);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, fd, &none), 0);
	fdg_interest_changed(set, EPOLL_CTL_DEL, fd, &none, NULL);
	assert_int_equal(asks_again(&w, e, 1, &missed), 0);
	assert_int_equal(missed, 0);
	ends(fd);
}

static void the_programs_timeout_counts(void **state)
{
	struct fdg_slow_wait w;
	struct epoll_event e;
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	pass(1);
	assert_int_equal(holds(8), 0);
	pass(2);
	assert_int_equal(holds(8), 0);
	assert_int_equal(epoll_wait(set, &e, 1, 0), 1);
	fdg_slow_wait_begin(&w, set, 1000, true);
	assert_true(fdg_slow_left(&w) <= 1000);
	pass(1);
	assert_int_equal(fdg_slow_left(&w), 0);
	assert_int_equal(fdg_slow_hold(&w, &e, 1, 8), 0);
	fdg_slow_wait_begin(&w, set, -1, true);
	assert_int_equal(fdg_slow_left(&w), -1);
	ends(fd);
}

static void before_a_filter_nothing_is_held_back(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	assert_true(fdg_slow_sleeps());
	fdg_slow_wakes();
	fdg_slow_stop();
	assert_false(fdg_slow_sleeps());
	assert_int_equal(holds(8), 0);
	ends(fd);
}

static _Atomic int awake;

static void *sleeps(void *nothing)
{
	assert_true(fdg_slow_sleeps());
	awake = 1;
	pass(2);
	awake = 2;
	fdg_slow_wakes();
	return nothing;
}

/* Who is asleep wakes first. */
static void a_filter_waits_for_sleepers(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, sleeps, NULL), 0);
	while (!awake)
		pass(1);
	for (int i = 0; i < 100 && awake < 2; i++) /* each waits for some milliseconds */
		fdg_slow_stop();
	assert_int_equal(awake, 2);
	pthread_join(t, NULL);
	ends(fd);
}

static void nor_in_a_child(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	fdg_acts_forked();
	assert_false(fdg_slow_any());
	ends(fd);
}

static void one_that_is_over_does_not_begin(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	fdg_acted(fd);
	assert_false(fdg_slow_begin(&s));
	assert_false(fdg_slow_any());
	ends(fd);
}

static void what_epoll_pwait2_is_given(void **state)
{
	static const struct {
		struct timespec t;
		int64_t ns;
	} cases[] = { { { 0, 0 }, 0 }, { { 0, 1 }, 1 }, { { 2, 3000000 }, 2003000000 }, { { 0, 1000000000 }, 0 }, { { -1, 0 }, 0 }, { { INT64_MAX, 0 }, -1 } };

	(void)state;
	assert_int_equal(fdg_slow_ns_of(NULL), -1);
	assert_int_equal(fdg_slow_ns_of((const struct timespec *)8), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(fdg_slow_ns_of(&cases[i].t), cases[i].ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_it_is_told_and_then_held_back, begin, end),
		cmocka_unit_test_setup_teardown(it_is_told_again_and_again, begin, end),
		cmocka_unit_test_setup_teardown(it_begins_anew_after_a_turn_with_work, begin, end),
		cmocka_unit_test_setup_teardown(beside_anything_else_it_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(without_room_for_twice_as_many_it_is_paced, begin, end),
		cmocka_unit_test_setup_teardown(beside_others_it_is_not_paced, begin, end),
		cmocka_unit_test_setup_teardown(so_many_are_held_back_as_there_can_be, begin, end),
		cmocka_unit_test_setup_teardown(beside_what_was_asked_for_it_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(other_events_are_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(an_act_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(its_number_is_anothers, begin, end),
		cmocka_unit_test_setup_teardown(what_two_carry_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_twice_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(its_data_is_anothers_soon, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_once_is_never_held_back, begin, end),
		cmocka_unit_test_setup_teardown(what_came_once_unseen_is_not_lost, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_again_is_told_once, begin, end),
		cmocka_unit_test_setup_teardown(what_was_taken_out_is_dropped, begin, end),
		cmocka_unit_test_setup_teardown(the_programs_timeout_counts, begin, end),
		cmocka_unit_test_setup_teardown(before_a_filter_nothing_is_held_back, begin, end),
		cmocka_unit_test_setup_teardown(a_filter_waits_for_sleepers, begin, end),
		cmocka_unit_test_setup_teardown(nor_in_a_child, begin, end),
		cmocka_unit_test_setup_teardown(one_that_is_over_does_not_begin, begin, end),
		cmocka_unit_test_setup_teardown(what_epoll_pwait2_is_given, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
