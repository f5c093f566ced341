// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guards/epoll/fdinfo.h"
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
	uint64_t others;

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
	assert_true(fdg_fdinfo_of(a, 70, &others));
	assert_int_equal(others, 1);
	assert_true(fdg_fdinfo_of(b, 77, &others));
	assert_int_equal(others, 0);
	assert_false(fdg_fdinfo_of(a, 7, &others));
	assert_false(fdg_fdinfo_of(b, 7, &others));
	assert_false(fdg_fdinfo_of(a, 77, &others));
	assert_false(fdg_fdinfo_of(a, 20, &others));
	assert_int_equal(epoll_ctl(b, EPOLL_CTL_DEL, 77, NULL), 0);
	assert_false(fdg_fdinfo_of(b, 77, &others));
}

/* More than one piece of the file. */
static void a_long_list(void **state)
{
	int epfd;
	uint64_t others;

	(void)state;
	epfd = new_epoll();
	for (int fd = 100; fd < 300; fd++) {
		assert_int_equal(dup2(eventfd(0, 0), fd), fd);
		add(epfd, fd, (uint64_t)fd);
	}
	for (int fd = 100; fd < 300; fd++) {
		assert_true(fdg_fdinfo_of(epfd, fd, &others));
		assert_int_equal(others, 199);
	}
	assert_false(fdg_fdinfo_of(epfd, 300, &others));
}

/* What the ledger has as an epoll, and is none any more. */
static void an_epoll_that_is_gone(void **state)
{
	uint64_t others;
	int epfd, fd;

	(void)state;
	epfd = new_epoll();
	fd = eventfd(0, 0);
	add(epfd, fd, 0);
	close(epfd);
	assert_false(fdg_fdinfo_of(epfd, fd, &others));
}

struct lines {
	unsigned count, most;
	struct fdg_fdinfo line[8];
};

static bool keep(void *cookie, const struct fdg_fdinfo *line)
{
	struct lines *l = cookie;

	l->line[l->count++] = *line;
	return l->count < l->most;
}

/* Against what the kernel says of the same files elsewhere. */
static void what_the_kernel_tells(void **state)
{
	int epfd = new_epoll(), pair[2], plain = eventfd(0, 0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLET | EPOLLRDHUP, .data.u64 = UINT64_C(0xfedcba9876543210) };
	struct lines l = { .most = 8 };
	struct stat st;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, pair[0], &e), 0);
	assert_true(fdg_fdinfo_each(epfd, keep, &l));
	assert_int_equal(l.count, 1);
	assert_int_equal(l.line[0].fd, pair[0]);
	assert_int_equal(l.line[0].data, e.data.u64);
	assert_int_equal(l.line[0].events, e.events | EPOLLERR | EPOLLHUP);
	assert_int_equal(fstat(pair[0], &st), 0);
	assert_true(l.line[0].has_file && l.line[0].ino == st.st_ino && l.line[0].dev == st.st_dev);
	add(epfd, plain, 1);
	l = (struct lines){ .most = 1 };
	assert_true(fdg_fdinfo_each(epfd, keep, &l));
	assert_int_equal(l.count, 1);
	l = (struct lines){ .most = 8 };
	assert_true(fdg_fdinfo_each(plain, keep, &l)); /* no epoll: no lines */
	assert_int_equal(l.count, 0);
	assert_false(fdg_fdinfo_each(-1, keep, &l));
}

static unsigned read_text(const char *text, struct fdg_fdinfo *ret)
{
	struct fdg_fdinfo_reader r = { .is_begun = false };
	unsigned n = 0;

	for (; *text; text++)
		if (fdg_fdinfo_take(&r, *text)) {
			*ret = r.line;
			n++;
		}
	return n;
}

static void lines_of_other_kernels(void **state)
{
	struct fdg_fdinfo l;

	(void)state;
	assert_int_equal(read_text("tfd:        7 events:       1b data:                a \n", &l),
			 1); /* before Linux 4.13 */
	assert_true(l.fd == 7 && l.events == 0x1b && l.data == 0xa && !l.has_file);
	assert_int_equal(
		read_text("tfd: 7 events: 1 data: 2  pos:0 ino:ff sdev:8abcde1 more:zz yet:-1 something_longer:12\n",
			  &l),
		1);
	assert_true(l.has_file && l.ino == 255 && l.dev == makedev(0x8a, 0xbcde1));
	assert_int_equal(read_text("pos:\t0\nflags:\t02\nino:\t1039\n", &l), 0);
	assert_int_equal(
		read_text(
			"tfd: 7 events: 1\ntfd: 2147483648 events: 1 data: 1\ntfd: 7 events: 1 data: 11111111111111111\ntfd: x events: 1 data: 1\n",
			&l),
		0);
	assert_int_equal(read_text("tfd: 7 events: 1 data: 2", &l), 0); /* a line that is not over */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_list_that_has_it, finish),
		cmocka_unit_test_teardown(a_long_list, finish),
		cmocka_unit_test_teardown(an_epoll_that_is_gone, finish),
		cmocka_unit_test_teardown(what_the_kernel_tells, finish),
		cmocka_unit_test_teardown(lines_of_other_kernels, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
