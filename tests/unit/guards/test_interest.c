// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guards/interest.h"
#include "ledger/ledger.h"

static int new_epoll(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	assert_true(fd >= 0);
	fdg_ledger_learn(fd, FDG_KIND_EPOLL, 0, NULL);
	return fd;
}

static void add(int epfd, int fd, uint64_t data)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = data };

	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e), 0);
}

static int finish(void **state)
{
	(void)state;
	fdg_ledger_forget_range(0, ~0u);
	closefrom(10);
	return 0;
}

/* Numbers that are the beginning or the end of others, and data that looks like numbers. */
static void the_list_that_has_it(void **state)
{
	int a, b;
	struct fdg_interest i;

	(void)state;
	a = new_epoll();
	b = new_epoll();
	assert_int_equal(dup2(eventfd(0, 0), 70), 70);
	assert_int_equal(dup2(eventfd(0, 0), 17), 17);
	assert_int_equal(dup2(eventfd(0, 0), 77), 77);
	assert_int_equal(dup2(eventfd(0, 0), 20), 20);
	add(a, 70, 0x7);
	add(a, 17, 20);
	add(b, 77, 0x20);
	assert_true(fdg_interest_of(a, 70, &i));
	assert_int_equal(i.epfd, a);
	assert_int_equal(i.others, 1);
	assert_true(fdg_interest_of(b, 77, &i));
	assert_int_equal(i.epfd, b);
	assert_int_equal(i.others, 0);
	assert_false(fdg_interest_of(a, 7, &i));
	assert_false(fdg_interest_of(b, 7, &i));
	assert_false(fdg_interest_of(a, 77, &i));
	assert_false(fdg_interest_of(a, 20, &i));
	assert_int_equal(epoll_ctl(b, EPOLL_CTL_DEL, 77, NULL), 0);
	assert_false(fdg_interest_of(b, 77, &i));
}

/* More than one piece of the file. */
static void a_long_list(void **state)
{
	int epfd;
	struct fdg_interest i;

	(void)state;
	epfd = new_epoll();
	for (int fd = 100; fd < 300; fd++) {
		assert_int_equal(dup2(eventfd(0, 0), fd), fd);
		add(epfd, fd, (uint64_t)fd);
	}
	for (int fd = 100; fd < 300; fd++) {
		assert_true(fdg_interest_of(epfd, fd, &i));
		assert_int_equal(i.others, 199);
	}
	assert_false(fdg_interest_of(epfd, 300, &i));
}

/* What the ledger has as an epoll, and is none any more. */
static void an_epoll_that_is_gone(void **state)
{
	struct fdg_interest i;
	int epfd, fd;

	(void)state;
	epfd = new_epoll();
	fd = eventfd(0, 0);
	add(epfd, fd, 0);
	close(epfd);
	assert_false(fdg_interest_of(epfd, fd, &i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_list_that_has_it, finish),
		cmocka_unit_test_teardown(a_long_list, finish),
		cmocka_unit_test_teardown(an_epoll_that_is_gone, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
