// SPDX-License-Identifier: MIT
#include "epoll_common.h"

#include "guards/cures.h"
#include "guards/rests.h"

static struct fdg_registration r;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A wait as the wrapper makes it. */
static int wait_for(struct epoll_event *e, int ms)
{
	struct fdg_rest_wait w = { .ms = ms };
	int n;

	if (fdg_rests_any())
		fdg_rest_begin(&w, set, ms);
	if (w.in_parts)
		FDG_REST_WAIT(w, n, n = epoll_wait(set, e, 1, w.ms));
	else
		n = epoll_wait(set, e, 1, ms);
	return n;
}

static int lay_to_rest(uint64_t data)
{
	int p[2];

	hung_up_pipe(p);
	registers(p[0], EPOLLIN, data);
	assert_true(fdg_interest_of(set, p[0], &r));
	assert_true(fdg_cure_rearm(&r));
	return p[0];
}

static void it_is_told_of_again_and_again(void **state)
{
	struct epoll_event e;
	int fd = lay_to_rest(7);

	(void)state;
	assert_int_equal(fdg_rests, 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(wait_for(&e, 20000), 1); /* without a rest there is only one */
		assert_int_equal(e.data.u64, 7);
		assert_int_equal(e.events, EPOLLHUP);
	}
	ends(fd);
	assert_int_equal(wait_for(&e, 0), 0);
	assert_int_equal(fdg_rests, 0);
}

static void a_wait_is_as_long_as_it_was_to_be(void **state)
{
	static const int waits_ms[] = { 1, 17, 130 };
	struct epoll_event e;
	int p[2], fd;

	(void)state;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0); /* with nothing to tell */
	known(p[0], FDG_KIND_PIPE);
	registers(p[0], EPOLLIN, 8);
	assert_true(fdg_interest_of(set, p[0], &r));
	assert_true(fdg_cure_rearm(&r));
	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		int64_t begun = now_ns();

		assert_int_equal(wait_for(&e, waits_ms[i]), 0);
		assert_true(now_ns() - begun >= waits_ms[i] * 1000000);
	}
	fd = p[0];
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(wait_for(&e, 20000), 1);
	ends(fd);
	close(p[1]);
	wait_for(&e, 0);
}

static void the_next_act_ends_it(void **state)
{
	struct epoll_event e;
	int fd = lay_to_rest(9);

	(void)state;
	fdg_watch_change(fd, FDG_WATCH_ACT, 0);
	fdg_act(fd, "read", 0, 0, FDG_DEED_END);
	assert_int_equal(fdg_rests, 1);
	fdg_act(fd, "read", 1, 0, FDG_DEED_ANY);
	assert_int_equal(fdg_rests, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(epoll_wait(set, &e, 1, 0), 1);
	ends(fd);
}

static void before_a_filter_all_have_their_masks_back(void **state)
{
	struct epoll_event e;
	int fd = lay_to_rest(9);

	(void)state;
	fdg_rests_release();
	assert_int_equal(fdg_rests, 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(epoll_wait(set, &e, 1, 0), 1);
	ends(fd);
}

static void so_many_and_no_more(void **state)
{
	int fd[FDG_RESTS + 1], p[2];

	(void)state;
	for (unsigned i = 0; i < FDG_RESTS; i++)
		fd[i] = lay_to_rest(i);
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 99);
	assert_true(fdg_interest_of(set, p[0], &r));
	assert_false(fdg_cure_rearm(&r));
	assert_true(fdg_interest_of(set, p[0], &r));
	assert_false(r.state & FDG_INTEREST_REARMED);
	fd[FDG_RESTS] = p[0];
	fdg_rests_forked();
	assert_int_equal(fdg_rests, 0);
	for (unsigned i = 0; i <= FDG_RESTS; i++)
		ends(fd[i]);
}

static void precise_timeouts_are_rounded_up(void **state)
{
	static const struct {
		struct timespec t;
		int64_t ms;
	} cases[] = { { { 0, 0 }, 0 }, { { 0, 1 }, 1 }, { { 2, 3000000 }, 2003 }, { { 0, 1000000000 }, 0 }, { { -1, 0 }, 0 }, { { INT64_MAX, 0 }, -1 } };

	(void)state;
	assert_int_equal(fdg_rest_ms_of(NULL), -1);
	assert_int_equal(fdg_rest_ms_of((const struct timespec *)8), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(fdg_rest_ms_of(&cases[i].t), cases[i].ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_told_of_again_and_again, begin, end),
		cmocka_unit_test_setup_teardown(a_wait_is_as_long_as_it_was_to_be, begin, end),
		cmocka_unit_test_setup_teardown(the_next_act_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(before_a_filter_all_have_their_masks_back, begin, end),
		cmocka_unit_test_setup_teardown(so_many_and_no_more, begin, end),
		cmocka_unit_test_setup_teardown(precise_timeouts_are_rounded_up, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
