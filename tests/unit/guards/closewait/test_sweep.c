// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "guards/closewait/closewait.h"
#include "guards/closewait/sweep.h"
#include "options/options.h"
#include "tcp_common.h"

#define TCP fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM)
#define GET(c, field) atomic_load(&(c)->field)

static const char here;

static int begin(void **state)
{
	(void)state;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	fdg_options.closewait_age_ms = 200;
	fdg_options.fdleak = FDG_OFF;
	fdg_options.log.where = FDG_LOG_NONE;
	atomic_store(&fdg_sweep_due, 0);
	fdg_sweep_skip = 0;
	for (int fd = fdg_ledger_next(0); fd >= 0; fd = fdg_ledger_next(fd + 1))
		fdg_ledger_forget_slow(fd);
	return 0;
}

static void learn(int fd)
{
	fdg_ledger_learn(fd, TCP, 0, &here);
	fdg_connection_connected(fd, &here);
}

static uint32_t leaks_now(void)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS; i++)
		n += fdg_closewait_group_at(i)->serial ? fdg_closewait_group_at(i)->count : 0;
	return n;
}

static void the_period_is_a_quarter_of_the_age(void **state)
{
	(void)state;
	fdg_options.closewait_age_ms = 60000;
	assert_int_equal(fdg_sweep_period(), 15000);
	fdg_options.metrics = "/x"; /* which tells of CLOSE_WAIT that often */
	assert_int_equal(fdg_sweep_period(), 10000);
	fdg_options.metrics = "";
	fdg_options.closewait_age_ms = 100;
	assert_int_equal(fdg_sweep_period(), 50);
	fdg_options.closewait_age_ms = FDG_DURATION_MAX;
	assert_int_equal(fdg_sweep_period(), INT32_MAX);
	fdg_options.closewait = FDG_OFF;
	assert_int_equal(fdg_sweep_period(), 0);
	fdg_options.fdleak = FDG_REPORT;
	assert_int_not_equal(fdg_sweep_period(), 0);
}

static void the_first_look_begins_and_a_later_one_sweeps(void **state)
{
	uint32_t number = atomic_load(&fdg_sweep_number);

	(void)state;
	fdg_sweep_look();
	assert_true(atomic_load(&fdg_sweep_due) > fdg_connection_clock());
	assert_int_equal(atomic_load(&fdg_sweep_number), number);
	atomic_store(&fdg_sweep_due, 1);
	fdg_sweep_look();
	poll(NULL, 0, 20); /* for the clock to tick */
	fdg_sweep_skip = 0;
	fdg_sweep_tick();
	assert_int_equal(atomic_load(&fdg_sweep_number), number + 1);
	assert_true(atomic_load(&fdg_sweep_due) > 1);
}

static void who_calls_often_looks_seldom(void **state)
{
	int least = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		fdg_sweep_tick();
		least = fdg_sweep_skip > least ? fdg_sweep_skip : least;
	}
	assert_in_range(least, 2, 64);
	poll(NULL, 0, 20);
	fdg_sweep_look();
	assert_int_equal(fdg_sweep_skip, 0);
}

/* After so many at once: how many are made after the time has come, until it is seen? */
static int calls_until_a_sweep(int before, bool uses)
{
	uint32_t number = atomic_load(&fdg_sweep_number);
	int n = 0;

	atomic_store(&fdg_sweep_due, fdg_connection_clock() + 1000000);
	fdg_sweep_skip = 0;
	for (int i = 0; i < before; i++)
		fdg_sweep_tick();
	poll(NULL, 0, 20);
	for (atomic_store(&fdg_sweep_due, 1); atomic_load(&fdg_sweep_number) == number && n < 1000; n++)
		if (!uses) {
			fdg_sweep_tick();
			fdg_sweep_waited();
		}
		else if (!fdg_sweep_passes(7)) {
			fdg_sweep_used(7);
			fdg_sweep_after();
		}
	return n;
}

static void who_calls_seldom_after_many_calls_is_swept_soon(void **state)
{
	(void)state;
	learn(7);
	for (int before = 0; before < 40; before++) {
		assert_in_range(calls_until_a_sweep(before, false), 1, 3);
		assert_in_range(calls_until_a_sweep(before, true), 1, 17);
	}
}

/* The process was stopped, say. */
static void time_without_a_sweep_is_lost(void **state)
{
	fdg_moment before;
	int64_t lost;

	(void)state;
	fdg_options.closewait_age_ms = 200; /* a sweep each 50 ms */
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	before = fdg_connection_moment(fdg_connection_clock());
	lost = fdg_sweep_lost(before);
	poll(NULL, 0, 400);
	assert_int_equal(fdg_sweep_lost(before), lost);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	assert_in_range(fdg_sweep_lost(before), 300, 100000);
	assert_int_equal(fdg_sweep_lost(fdg_connection_moment(fdg_connection_clock()) + 1), 0);
}

static void nothing_to_do_costs_nothing(void **state)
{
	(void)state;
	fdg_options.closewait = FDG_OFF;
	poll(NULL, 0, 20);
	fdg_sweep_look();
	assert_true(atomic_load(&fdg_sweep_due) == FDG_SWEEP_NEVER);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
}

static void no_sweep_where_nothing_of_ours_is_wanted(void **state)
{
	uint32_t number = atomic_load(&fdg_sweep_number);

	(void)state;
	atomic_store(&fdg_phase, FDG_RETIRED);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	fdg_vfork_depth = 1;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	fdg_vfork_depth = 0;
	assert_int_equal(atomic_load(&fdg_sweep_number), number);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	assert_int_equal(atomic_load(&fdg_sweep_number), number + 1);
}

static void a_use_is_noted_once_between_two_sweeps(void **state)
{
	struct fdg_connection *c;

	(void)state;
	learn(7);
	c = fdg_connection_find(7);
	atomic_store(&c->used, 1);
	assert_false(fdg_sweep_passes(7));
	assert_false(fdg_sweep_used(7));
	assert_int_not_equal(GET(c, used), 1);
	atomic_store(&c->used, 1);
	fdg_sweep_skip = 10;
	assert_true(fdg_sweep_passes(7));
	assert_int_equal(GET(c, used), 1);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	assert_false(fdg_sweep_passes(7));
	assert_false(fdg_sweep_used(7));
	assert_int_not_equal(GET(c, used), 1);
}

static void another_guard_is_told(void **state)
{
	(void)state;
	learn(7);
	fdg_watch_change(7, FDG_WATCH_ACT, 0);
	assert_false(fdg_sweep_passes(7));
	assert_true(fdg_sweep_used(7));
	fdg_ledger_learn(8, FDG_KIND_PIPE, 0, NULL);
	assert_true(fdg_sweep_passes(8));
	fdg_watch_change(8, FDG_WATCH_ACT, 0);
	assert_true(fdg_sweep_used(8));
}

static void a_number_that_became_something_else_is_let_go(void **state)
{
	(void)state;
	fdg_ledger_learn(7, FDG_KIND_FILE, 0, NULL);
	fdg_watch_change(7, FDG_WATCH_USE, 0);
	assert_false(fdg_sweep_used(7));
	assert_int_equal(fdg_watched(7), 0);
}

static void sockets_that_nobody_noted_are_watched_from_the_sweep_on(void **state)
{
	int fd = tcp_pair().here;

	(void)state;
	fdg_ledger_learn(fd, TCP, 0, NULL);
	assert_int_equal(fdg_watched(fd), 0);
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	assert_int_equal(fdg_watched(fd), FDG_WATCH_USE);
}

static void errno_is_left_alone(void **state)
{
	int fd = in_close_wait();

	(void)state;
	learn(fd);
	errno = 77;
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	fdg_sweep_look();
	assert_int_equal(errno, 77);
	close(fd);
}

/* A sweep is made in parts, and says nothing before it has seen all. */
static void a_thousand_and_more(void **state)
{
	uint32_t number;
	struct rlimit limit;
	int fd[1200], parts = 0;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 1200; i++) {
		fd[i] = in_close_wait();
		learn(fd[i]);
	}
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	poll(NULL, 0, 350);
	number = atomic_load(&fdg_sweep_number);
	for (; atomic_load(&fdg_sweep_number) == number && parts < 100; parts++) {
		assert_int_equal(fdg_closewait_group_at(0)->said, 0);
		atomic_store(&fdg_sweep_due, 1);
		fdg_sweep_now(FDG_SWEEP_DUE);
	}
	assert_in_range(parts, 1, 5);
	assert_int_equal(leaks_now(), 1200);
	assert_int_equal(fdg_closewait_group_at(0)->said, 0); /* it may grow */
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
	assert_int_equal(fdg_closewait_group_at(0)->said, 1200);
	for (int i = 0; i < 1200; i++) {
		fdg_ledger_forget_slow(fd[i]);
		close(fd[i]);
	}
}

static void by_signal(int sig)
{
	(void)sig;
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
}

static void signals_meet_sweeps(void **state)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	uint32_t number = atomic_load(&fdg_sweep_number);
	int fd[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		fd[i] = in_close_wait();
		learn(fd[i]);
	}
	signal(SIGALRM, by_signal);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 3000; i++)
		fdg_sweep_now(FDG_SWEEP_SIGNAL);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_true(atomic_load(&fdg_sweep_number) >= number + 3000);
	for (int i = 0; i < 20; i++)
		close(fd[i]);
}

enum { SHARED = 20, ROUNDS = 2000, OWN = 900 };
static int shared[SHARED];

static void *uses(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		if (!fdg_sweep_passes(shared[i % SHARED]))
			assert_false(fdg_sweep_used(shared[i % SHARED]));
		fdg_sweep_tick();
	}
	return NULL;
}

static void *sweeps(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS / 4; i++)
		fdg_sweep_now(i % 2 ? FDG_SWEEP_SIGNAL : FDG_SWEEP_DUE);
	return NULL;
}

/* Numbers that come and go. */
static void *connects(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		learn(OWN + i % SHARED);
		fdg_ledger_forget_slow(OWN + (i + 7) % SHARED);
	}
	return NULL;
}

static void threads_that_use_connect_and_sweep(void **state)
{
	void *(*const run[])(void *) = { uses, uses, sweeps, sweeps, connects };
	pthread_t t[5];

	(void)state;
	fdg_options.closewait_age_ms = 1;
	for (int i = 0; i < SHARED; i++) {
		shared[i] = in_close_wait();
		learn(shared[i]);
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(pthread_create(&t[i], NULL, run[i], NULL), 0);
	for (int i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < SHARED; i++)
		close(shared[i]);
}

static void a_child_sweeps_for_itself(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		uint32_t number = atomic_load(&fdg_sweep_number);

		fdg_sweep_forked();
		fdg_sweep_now(FDG_SWEEP_SIGNAL);
		_exit(atomic_load(&fdg_sweep_number) == number + 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_period_is_a_quarter_of_the_age, begin),
		cmocka_unit_test_setup(a_thousand_and_more, begin),
		cmocka_unit_test_setup(the_first_look_begins_and_a_later_one_sweeps, begin),
		cmocka_unit_test_setup(who_calls_often_looks_seldom, begin),
		cmocka_unit_test_setup(who_calls_seldom_after_many_calls_is_swept_soon, begin),
		cmocka_unit_test_setup(time_without_a_sweep_is_lost, begin),
		cmocka_unit_test_setup(nothing_to_do_costs_nothing, begin),
		cmocka_unit_test_setup(no_sweep_where_nothing_of_ours_is_wanted, begin),
		cmocka_unit_test_setup(a_use_is_noted_once_between_two_sweeps, begin),
		cmocka_unit_test_setup(another_guard_is_told, begin),
		cmocka_unit_test_setup(a_number_that_became_something_else_is_let_go, begin),
		cmocka_unit_test_setup(sockets_that_nobody_noted_are_watched_from_the_sweep_on, begin),
		cmocka_unit_test_setup(errno_is_left_alone, begin),
		cmocka_unit_test_setup(signals_meet_sweeps, begin),
		cmocka_unit_test_setup(threads_that_use_connect_and_sweep, begin),
		cmocka_unit_test_setup(a_child_sweeps_for_itself, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
