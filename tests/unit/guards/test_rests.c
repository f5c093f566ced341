// SPDX-License-Identifier: MIT
#include "epoll_common.h"

#include "guards/cures.h"
#include "guards/fdinfo.h"
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
		fdg_rest_begin(&w, set, fdg_rest_ns(ms));
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

static int contended;
static _Atomic bool stop, started;

static void *puts_to_rest(void *nothing)
{
	struct fdg_registration g;

	while (!stop) {
		if (fdg_interest_of(set, contended, &g))
			fdg_cure_rearm(&g);
		if (fdg_interest_of(set, contended, &g))
			fdg_cure_restore(&g);
		started = true;
	}
	return nothing;
}

/* As the wrapper does it. */
static void modifies(uint64_t data)
{
	struct epoll_event e = { .events = EPOLLPRI, .data.u64 = data };
	unsigned mods = fdg_cure_mods;

	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, contended, &e), 0);
	fdg_interest_changed(set, EPOLL_CTL_MOD, contended, &e, NULL);
	fdg_cure_replaced(set, contended);
	if (fdg_cure_crossed(mods, contended))
		fdg_cure_put_right(set, contended, &e);
}

static bool has_last(void *cookie, const struct fdg_fdinfo *line)
{
	const struct fdg_registration *g = cookie;
	uint32_t events = EPOLLPRI | EPOLLERR | EPOLLHUP | (g->state & FDG_INTEREST_REARMED ? EPOLLET : 0);

	if (line->fd == contended) {
		assert_int_equal(line->data, g->data);
		assert_int_equal(line->events, events);
	}
	return true;
}

static void what_the_program_changes_counts_though_ours_crosses_it(void **state)
{
	enum { MANY = 200 };
	struct fdg_registration g;
	pthread_t t;
	int p[2];

	(void)state;
	hung_up_pipe(p);
	contended = p[0];
	registers(p[0], EPOLLPRI, 1u << 20);
	for (uint64_t round = 0; round < 100; round++) {
		stop = started = false;
		assert_int_equal(pthread_create(&t, NULL, puts_to_rest, NULL), 0);
		while (!started)
			;
		for (uint64_t i = 1; i <= MANY; i++)
			modifies((1u << 20) + round * MANY + i);
		stop = true;
		pthread_join(t, NULL);
		assert_true(fdg_interest_of(set, p[0], &g));
		assert_int_equal(g.data, (1u << 20) + round * MANY + MANY);
		assert_true(fdg_fdinfo_each(set, has_last, &g));
	}
	ends(p[0]);
}

static void what_epoll_pwait2_is_given(void **state)
{
	static const struct {
		struct timespec t;
		int64_t ns;
	} cases[] = { { { 0, 0 }, 0 }, { { 0, 1 }, 1 }, { { 2, 3000000 }, 2003000000 }, { { 0, 1000000000 }, 0 }, { { -1, 0 }, 0 }, { { INT64_MAX, 0 }, -1 } };

	(void)state;
	assert_int_equal(fdg_rest_ns_of(NULL), -1);
	assert_int_equal(fdg_rest_ns_of((const struct timespec *)8), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(fdg_rest_ns_of(&cases[i].t), cases[i].ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_told_of_again_and_again, begin, end),
		cmocka_unit_test_setup_teardown(a_wait_is_as_long_as_it_was_to_be, begin, end),
		cmocka_unit_test_setup_teardown(the_next_act_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(before_a_filter_all_have_their_masks_back, begin, end),
		cmocka_unit_test_setup_teardown(so_many_and_no_more, begin, end),
		cmocka_unit_test_setup_teardown(what_the_program_changes_counts_though_ours_crosses_it, begin, end),
		cmocka_unit_test_setup_teardown(what_epoll_pwait2_is_given, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
