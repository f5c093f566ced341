// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guards/nonblock/marks.h"
#include "guards/nonblock/stall.h"
#include "ledger/watch.h"
#include "options/options.h"

static int pair[2];

static bool is_watched(int fd)
{
	return fdg_watched(fd) & FDG_WATCH_STALL;
}

static void make(int flags)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | flags, 0, pair), 0);
	for (int i = 0; i < 2; i++)
		fdg_ledger_learn(pair[i], FDG_KIND_SOCKET, flags & SOCK_NONBLOCK ? FDG_NONBLOCK : 0, NULL);
}

static int setup(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_REPORT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fdg_ledger_forget_range(0, ~0u);
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* How many descriptors were looked at. */
static unsigned looked_at;

int __real_fdg_ledger_next(int fd);
int __wrap_fdg_ledger_next(int fd);
int __wrap_fdg_ledger_next(int fd)
{
	looked_at++;
	return __real_fdg_ledger_next(fd);
}

static void one_that_blocks_is_watched_while_it_is_in_a_list(void **state)
{
	(void)state;
	make(0);
	assert_false(is_watched(pair[0]));
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	assert_true(is_watched(pair[0]));
	assert_false(is_watched(pair[1]));
	fdg_stall_registered(9, EPOLL_CTL_MOD, pair[0], NULL);
	assert_true(is_watched(pair[0]));
	fdg_stall_registered(9, EPOLL_CTL_DEL, pair[0], NULL);
	assert_false(is_watched(pair[0]));
	assert_false(fdg_ledger_state(pair[0]) & FDG_POLLED);
}

static void one_that_does_not_is_watched_once_it_does(void **state)
{
	(void)state;
	make(SOCK_NONBLOCK);
	fdg_stall_mode(pair[0], false);
	assert_false(is_watched(pair[0])); /* in no list */
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	assert_false(is_watched(pair[0]));
	fdg_stall_mode(pair[0], false);
	assert_true(is_watched(pair[0]));
	fdg_stall_mode(pair[0], true);
	assert_false(is_watched(pair[0]));
}

/* The ledger has it as non-blocking, but others may have changed it: then the kernel is asked. */
static void what_others_have_too_is_asked_for(void **state)
{
	(void)state;
	make(SOCK_NONBLOCK);
	fdg_ledger_flag(pair[0], FDG_SHARED, 0);
	assert_int_equal(fcntl(pair[0], F_SETFL, O_RDWR), 0);
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	assert_true(is_watched(pair[0]));
}

static void a_change_by_one_is_a_change_of_all(void **state)
{
	int copy;

	(void)state;
	make(SOCK_NONBLOCK);
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	copy = dup(pair[0]);
	fdg_ledger_copy(pair[0], copy, 0, NULL);
	assert_int_equal(fcntl(copy, F_SETFL, O_RDWR), 0);
	fdg_stall_mode(copy, false);
	assert_true(is_watched(pair[0]));
	assert_false(is_watched(copy));
	assert_int_equal(fcntl(copy, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	fdg_stall_mode(copy, true);
	assert_false(is_watched(pair[0]));
	close(copy);
}

/* What the program was told is what counts; but for one that only blocked until a copy was asked not to, and that a loop has now. */
static void one_that_we_make_wait_blocks(void **state)
{
	(void)state;
	make(SOCK_NONBLOCK);
	fdg_ledger_flag(pair[0], FDG_SHARED, 0);
	fdg_mark_set(pair[0], fdg_ledger_generation(pair[0]), NULL, "F_SETFL");
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	assert_true(is_watched(pair[0]) && fdg_mark_is(pair[0]));
	fdg_stall_registered(9, EPOLL_CTL_DEL, pair[0], NULL);
	fdg_mark_set(pair[0], fdg_ledger_generation(pair[0]), NULL, NULL);
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	assert_false(is_watched(pair[0]) || fdg_mark_is(pair[0]));
}

/* 0 to 2 need not be in the ledger. */
static void standard_input(void **state)
{
	int saved;

	(void)state;
	make(0);
	saved = dup(0);
	assert_int_equal(dup2(pair[0], 0), 0);
	fdg_stall_mode(0, false);
	assert_false(is_watched(0));
	fdg_stall_registered(9, EPOLL_CTL_ADD, 0, NULL);
	assert_true(is_watched(0));
	fdg_stall_mode(0, true);
	assert_false(is_watched(0));
	fdg_stall_mode(0, false);
	assert_true(is_watched(0));
	fdg_stall_registered(9, EPOLL_CTL_DEL, 0, NULL);
	assert_false(is_watched(0));
	dup2(saved, 0);
	close(saved);
}

static void only_threads_with_a_loop_are_timed(void **state)
{
	(void)state;
	fdg_has_loop = false;
	assert_int_equal(fdg_stall_begin(), 0);
	fdg_has_loop = true;
	assert_int_not_equal(fdg_stall_begin(), 0);
	fdg_options.nonblock = FDG_OFF;
	assert_int_equal(fdg_stall_begin(), 0);
	make(0);
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	assert_false(is_watched(pair[0]));
}

static void strangers_are_not_looked_at(void **state)
{
	(void)state;
	make(SOCK_NONBLOCK);
	for (int fd = 1000; fd < 1500; fd++)
		fdg_ledger_learn(fd, FDG_KIND_SOCKET, 0, NULL);
	fdg_ledger_copy(pair[0], 1500, 0, NULL);
	fdg_stall_registered(9, EPOLL_CTL_ADD, pair[0], NULL);
	looked_at = 0;
	fdg_stall_mode(1500, false);
	fdg_stall_mode(pair[0], false);
	assert_true(looked_at < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_that_blocks_is_watched_while_it_is_in_a_list, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_does_not_is_watched_once_it_does, setup, teardown),
		cmocka_unit_test_setup_teardown(what_others_have_too_is_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_by_one_is_a_change_of_all, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_we_make_wait_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(standard_input, setup, teardown),
		cmocka_unit_test_setup_teardown(only_threads_with_a_loop_are_timed, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_are_not_looked_at, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
