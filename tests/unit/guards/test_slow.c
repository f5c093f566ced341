// SPDX-License-Identifier: MIT
#include "epoll_common.h"

#include "guards/slow.h"

enum { MORE = 80 };

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

/* What a wait does with the events that there are: how long they are held back, ns. Nobody sleeps. */
static int64_t holds(int room)
{
	struct fdg_slow_wait w;
	struct epoll_event e[MORE];
	enum fdg_slow_answer answer;
	int64_t ns = 0;
	int n;

	fdg_slow_wait_begin(&w, set, -1);
	do {
		n = epoll_wait(set, e, room, 0);
		assert_true(n > 0);
		answer = fdg_slow_hold(&w, e, n, room, &ns);
	} while (answer == FDG_SLOW_ASK);
	return answer == FDG_SLOW_GIVE ? 0 : ns;
}

/* A machine that has no time for us makes a pause be over: the next one is longer. */
static bool are_held(int room)
{
	for (int i = 0; i < 400; i++)
		if (holds(room) > 0)
			return true;
	return false;
}

static void first_it_is_told_and_then_held_back(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	ends(fd);
}

static void pass(int ms)
{
	usleep((unsigned)ms * 1000u);
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

/* The kernel turns its list: whoever asks for few has them all in turn. */
static void what_is_hidden_by_others_is_found(void **state)
{
	int fd[3], other = hung_up();

	(void)state;
	for (int i = 0; i < 3; i++)
		fd[i] = slow(hung_up(), EPOLLIN, (uint64_t)i);
	assert_int_equal(holds(8), 0); /* one after the other */
	assert_int_equal(holds(8), 0);
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	assert_true(are_held(1));
	assert_true(are_held(2));
	registers(other, EPOLLIN, 9);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(holds(1), 0);
		assert_int_equal(holds(2), 0);
	}
	for (int i = 0; i < 3; i++)
		ends(fd[i]);
	ends(other);
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

/* Somebody else takes of it. */
static void what_was_read_meanwhile_is_told_at_once(void **state)
{
	char some;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(write(p[1], "ab", 2), 2);
	slow(known(p[0], FDG_KIND_PIPE), EPOLLIN, 1);
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	assert_int_equal(read(p[0], &some, 1), 1);
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	close(p[1]); /* other events */
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

/* Two carry the same, and one of them is slow. */
static void which_of_two_it_is_counts(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1), p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	registers(known(p[0], FDG_KIND_PIPE), EPOLLIN, 1);
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(holds(8), 0);
	assert_int_equal(holds(1) && holds(1) && holds(1), 0);
	close(p[1]);
	ends(p[0]);
	assert_true(are_held(8));
	hung_up_pipe(p); /* both tell the same */
	registers(p[0], EPOLLIN, 1);
	for (int i = 0; i < 8; i++)
		assert_int_equal(holds(1), 0);
	ends(p[0]);
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

/* Somebody whom we do not see made it one that comes once: what was dropped is there still. */
static void what_came_once_unseen_is_not_lost(void **state)
{
	struct fdg_slow_wait w;
	struct epoll_event e;
	int fd = slow(hung_up(), EPOLLIN, 1);
	int64_t ns;

	(void)state;
	assert_true(are_held(8));
	fdg_slow_wait_begin(&w, set, -1);
	do {
		e = (struct epoll_event){ .events = EPOLLIN | EPOLLET, .data.u64 = 1 };
		assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, fd, &e), 0);
		assert_int_equal(epoll_wait(set, &e, 1, 0), 1);
	} while (fdg_slow_hold(&w, &e, 1, 8, &ns) != FDG_SLOW_SLEEP);
	assert_int_equal(epoll_wait(set, &e, 1, 0), 0);
	assert_int_equal(fdg_slow_gone(&w, &e, 1), 1);
	assert_int_equal(e.events, EPOLLHUP);
	fdg_acted(fd); /* of what is level-triggered the kernel tells itself */
	assert_int_equal(fdg_slow_gone(&w, &e, 1), 0);
	ends(fd);
}

static void the_programs_timeout_counts(void **state)
{
	struct fdg_slow_wait w;
	struct epoll_event e;
	int fd = slow(hung_up(), EPOLLIN, 1);
	int64_t ns;

	(void)state;
	assert_int_equal(holds(8), 0);
	pass(1);
	assert_int_equal(holds(8), 0);
	pass(2);
	assert_int_equal(holds(8), 0);
	assert_int_equal(epoll_wait(set, &e, 1, 0), 1);
	fdg_slow_wait_begin(&w, set, 1000);
	assert_true(fdg_slow_left(&w) <= 1000);
	pass(1);
	assert_int_equal(fdg_slow_left(&w), 0);
	assert_int_equal(fdg_slow_hold(&w, &e, 1, 8, &ns), FDG_SLOW_GIVE);
	fdg_slow_wait_begin(&w, set, -1);
	assert_int_equal(fdg_slow_left(&w), -1);
	ends(fd);
}

static void before_a_filter_nothing_is_held_back(void **state)
{
	int fd = slow(hung_up(), EPOLLIN, 1);

	(void)state;
	assert_int_equal(holds(8), 0);
	assert_true(are_held(8));
	fdg_slow_stop();
	assert_int_equal(holds(8), 0);
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
		cmocka_unit_test_setup_teardown(beside_anything_else_it_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(what_is_hidden_by_others_is_found, begin, end),
		cmocka_unit_test_setup_teardown(so_many_are_held_back_as_there_can_be, begin, end),
		cmocka_unit_test_setup_teardown(what_was_read_meanwhile_is_told_at_once, begin, end),
		cmocka_unit_test_setup_teardown(an_act_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(its_number_is_anothers, begin, end),
		cmocka_unit_test_setup_teardown(which_of_two_it_is_counts, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_once_is_never_held_back, begin, end),
		cmocka_unit_test_setup_teardown(what_came_once_unseen_is_not_lost, begin, end),
		cmocka_unit_test_setup_teardown(the_programs_timeout_counts, begin, end),
		cmocka_unit_test_setup_teardown(before_a_filter_nothing_is_held_back, begin, end),
		cmocka_unit_test_setup_teardown(nor_in_a_child, begin, end),
		cmocka_unit_test_setup_teardown(one_that_is_over_does_not_begin, begin, end),
		cmocka_unit_test_setup_teardown(what_epoll_pwait2_is_given, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
