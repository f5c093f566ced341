// SPDX-License-Identifier: MIT
/* A registration is changed from outside, whatever numbers its epoll and its file have there and here. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/scan.h"

/* A pipe's readable end that is registered under this number, closed, and kept by a copy. */
struct haunted {
	int epoll, keeper, writer;
};

static struct haunted haunt(int number)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 0x1234567890 };
	int fd[2], epoll = epoll_create1(EPOLL_CLOEXEC);
	struct haunted h = { .epoll = fcntl(epoll, F_DUPFD_CLOEXEC, 150) };

	close(epoll);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	h.writer = fd[1];
	h.keeper = fcntl(fd[0], F_DUPFD_CLOEXEC, 100);
	if (fd[0] != number) {
		assert_int_equal(dup3(fd[0], number, O_CLOEXEC), number);
		close(fd[0]);
	}
	assert_int_equal(epoll_ctl(h.epoll, EPOLL_CTL_ADD, number, &e), 0);
	close(number);
	assert_int_equal(write(h.writer, "x", 1), 1);
	assert_int_equal(epoll_wait(h.epoll, &e, 1, 0), 1);
	return h;
}

/* Low numbers stay free. */
static int copy(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 160);
}

static void leave(struct haunted *h)
{
	close(h->epoll);
	close(h->keeper);
	close(h->writer);
}

static void taken_out(int number)
{
	struct haunted h = haunt(number);
	struct epoll_event e;

	assert_true(scan_unregister(copy(h.epoll), copy(h.keeper), number));
	assert_int_equal(epoll_wait(h.epoll, &e, 1, 0), 0);
	assert_false(scan_unregister(copy(h.epoll), copy(h.keeper), number));
	assert_int_equal(errno, ENOENT);
	leave(&h);
}

static void a_closed_descriptor_is_taken_out(void **state)
{
	(void)state;
	taken_out(50);
	taken_out(200);
	taken_out(3);
}

static void told_of_once(void **state)
{
	struct haunted h = haunt(60);
	struct epoll_event e;

	(void)state;
	assert_int_equal(epoll_wait(h.epoll, &e, 1, 0), 1);
	assert_true(scan_register_edge(copy(h.epoll), copy(h.keeper), 60, EPOLLIN, e.data.u64));
	assert_int_equal(epoll_wait(h.epoll, &e, 1, 0), 1);
	assert_int_equal(e.data.u64, 0x1234567890);
	assert_int_equal(epoll_wait(h.epoll, &e, 1, 0), 0);
	leave(&h);
}

static void nothing_of_ours_is_left_open(void **state)
{
	struct haunted h = haunt(70);
	int before = copy(0), after;

	(void)state;
	close(before);
	scan_unregister(copy(h.epoll), copy(h.keeper), 70);
	after = copy(0);
	close(after);
	assert_int_equal(before, after);
	leave(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_descriptor_is_taken_out),
		cmocka_unit_test(told_of_once),
		cmocka_unit_test(nothing_of_ours_is_left_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
