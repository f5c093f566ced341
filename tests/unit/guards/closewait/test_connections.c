// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guards/closewait/connections.h"
#include "ledger/watch.h"
#include "options/options.h"

#define TCP fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM)
#define GET(c, field) atomic_load(&(c)->field)

static const char here;

static int begin(void **state)
{
	(void)state;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	for (int fd = 0; fd < 64; fd++)
		fdg_ledger_forget_slow(fd);
	return 0;
}

static void nothing_is_known_of_a_number_that_is_not_open(void **state)
{
	(void)state;
	assert_null(fdg_connection_find(7));
	assert_null(fdg_connection_make(7));
	assert_null(fdg_connection_find(-1));
	assert_null(fdg_connection_make((int)FDG_LEDGER_MAX));
}

static void another_descriptor_of_the_number_begins_anew(void **state)
{
	struct fdg_connection *c;

	(void)state;
	fdg_ledger_learn(7, TCP, 0, NULL);
	c = fdg_connection_make(7);
	assert_non_null(c);
	atomic_store(&c->seen, 5);
	atomic_store(&c->used, 5);
	atomic_store(&c->cookie, 5);
	atomic_store(&c->unread, 5);
	atomic_store(&c->bits, FDG_CONNECTION_LEAK | 0x10000);
	assert_ptr_equal(fdg_connection_find(7), c);
	assert_ptr_equal(fdg_connection_make(7), c);
	assert_int_equal(GET(c, seen), 5);
	fdg_ledger_learn(7, TCP, 0, NULL);
	assert_null(fdg_connection_find(7));
	assert_ptr_equal(fdg_connection_make(7), c);
	assert_int_equal(GET(c, seen) | GET(c, used) | GET(c, cookie) | GET(c, unread) | GET(c, bits), 0);
	fdg_ledger_forget_slow(7);
	assert_null(fdg_connection_find(7));
}

static void numbers_far_apart_have_places_of_their_own(void **state)
{
	static const int fds[] = { 1023, 1024, 5000, 1048575 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		fdg_ledger_learn(fds[i], TCP, 0, NULL);
		atomic_store(&fdg_connection_make(fds[i])->seen, i + 1);
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(GET(fdg_connection_find(fds[i]), seen), i + 1);
		fdg_ledger_forget_slow(fds[i]);
	}
}

static void *connects_in_a_thread(void *fd)
{
	fdg_connection_connected(*(int *)fd, &here);
	return NULL;
}

static void who_connected_and_where(void **state)
{
	int first = 7, second = 8, third = 9;
	pthread_t t;

	(void)state;
	for (int fd = 7; fd < 10; fd++)
		fdg_ledger_learn(fd, TCP, 0, NULL);
	fdg_connection_connected(first, &here);
	fdg_connection_accepted(third, &here);
	assert_int_equal(pthread_create(&t, NULL, connects_in_a_thread, &second), 0);
	pthread_join(t, NULL);
	assert_ptr_equal((void *)GET(fdg_connection_find(first), site), &here);
	assert_int_equal(GET(fdg_connection_find(first), thread), GET(fdg_connection_find(third), thread));
	assert_int_not_equal(GET(fdg_connection_find(first), thread), GET(fdg_connection_find(second), thread));
	assert_int_equal(GET(fdg_connection_find(first), bits), FDG_CONNECTION_CONNECTED);
	assert_int_equal(GET(fdg_connection_find(third), bits), FDG_CONNECTION_ACCEPTED);
	assert_int_not_equal(GET(fdg_connection_find(first), used), 0);
	assert_int_equal(fdg_watched(first), FDG_WATCH_USE);
}

static void what_is_no_tcp_is_none_of_it(void **state)
{
	(void)state;
	fdg_ledger_learn(7, fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_DGRAM), 0, NULL);
	fdg_ledger_learn(8, fdg_kindword_of(FDG_KIND_SOCKET, AF_UNIX, SOCK_STREAM), 0, NULL);
	fdg_ledger_learn(9, FDG_KIND_FILE, 0, NULL);
	for (int fd = 7; fd < 10; fd++) {
		fdg_connection_connected(fd, &here);
		fdg_connection_arrived(fd);
		assert_null(fdg_connection_find(fd));
		assert_int_equal(fdg_watched(fd), 0);
	}
	fdg_options.closewait = FDG_OFF;
	fdg_ledger_learn(7, TCP, 0, NULL);
	fdg_connection_connected(7, &here);
	assert_null(fdg_connection_find(7));
	assert_int_equal(fdg_watched(7), 0);
}

static void another_watch_is_left_alone(void **state)
{
	(void)state;
	fdg_ledger_learn(7, TCP, 0, NULL);
	fdg_watch_change(7, FDG_WATCH_ACT, 0);
	fdg_connection_connected(7, &here);
	assert_int_equal(fdg_watched(7), FDG_WATCH_ACT | FDG_WATCH_USE);
}

static void a_copy_is_made_where_the_first_was(void **state)
{
	(void)state;
	fdg_ledger_learn(7, TCP, 0, NULL);
	fdg_connection_connected(7, &here);
	atomic_fetch_or(&fdg_connection_find(7)->bits, FDG_CONNECTION_LEAK);
	fdg_ledger_copy(7, 8, 0, NULL);
	fdg_connection_copied(7, 8);
	assert_ptr_equal((void *)GET(fdg_connection_find(8), site), &here);
	assert_int_equal(GET(fdg_connection_find(8), bits), FDG_CONNECTION_CONNECTED);
	assert_int_equal(GET(fdg_connection_find(8), thread), GET(fdg_connection_find(7), thread));
}

static void moments(void **state)
{
	int64_t now = fdg_connection_clock();
	fdg_moment moment = fdg_connection_moment(now);

	(void)state;
	assert_true(now > 0);
	assert_int_not_equal(moment, 0);
	assert_int_equal(fdg_connection_moment(now + 16000), moment + 1000);
	assert_int_equal(fdg_connection_ms(moment, moment + 1000), 16000);
	assert_int_equal(fdg_connection_ms(moment, moment), 0);
	assert_int_equal(fdg_connection_ms(moment + 1, moment), 0);
	assert_int_equal(fdg_connection_ms(0, moment), 0);
	assert_true(fdg_connection_moment(now - 3600000) > 1); /* what happened before this process began */
}

static void coming_and_going(void **state)
{
	(void)state;
	fdg_ledger_learn(7, TCP, 0, NULL);
	fdg_connection_arrived(7);
	assert_int_equal(GET(fdg_connection_find(7), bits), FDG_CONNECTION_ARRIVED);
	fdg_connection_sent(7);
	assert_int_equal(GET(fdg_connection_find(7), bits), FDG_CONNECTION_ARRIVED | FDG_CONNECTION_SENT);
}

/* accept may have waited since anybody looked at the clock. */
static void it_is_used_when_it_is_made(void **state)
{
	fdg_moment before = fdg_connection_moment(fdg_connection_clock());

	(void)state;
	fdg_connection_moment(fdg_connection_clock() - 10000);
	fdg_ledger_learn(7, TCP, 0, NULL);
	fdg_connection_accepted(7, &here);
	assert_true(GET(fdg_connection_find(7), used) >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_known_of_a_number_that_is_not_open, begin),
		cmocka_unit_test_setup(another_descriptor_of_the_number_begins_anew, begin),
		cmocka_unit_test_setup(numbers_far_apart_have_places_of_their_own, begin),
		cmocka_unit_test_setup(who_connected_and_where, begin),
		cmocka_unit_test_setup(what_is_no_tcp_is_none_of_it, begin),
		cmocka_unit_test_setup(another_watch_is_left_alone, begin),
		cmocka_unit_test_setup(a_copy_is_made_where_the_first_was, begin),
		cmocka_unit_test_setup(moments, begin),
		cmocka_unit_test_setup(coming_and_going, begin),
		cmocka_unit_test_setup(it_is_used_when_it_is_made, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
