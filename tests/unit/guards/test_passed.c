// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guards/passed.h"
#include "ledger/ledger.h"

static int made(int fd)
{
	assert_true(fd > 2);
	fdg_ledger_learn(fd, FDG_KIND_UNKNOWN, 0, NULL);
	return fd;
}

static int passed(int fd)
{
	fdg_ledger_flag(made(fd), FDG_SHARED | FDG_PASSED, 0);
	fdg_passed_add(fd);
	return fd;
}

static int make(void)
{
	return passed(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static void forget(int fd)
{
	fdg_ledger_forget(fd);
	close(fd);
}

/* The least above `after` that fd's inode leads to. */
static int next(int fd, int after)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return fdg_passed_next(st.st_dev, st.st_ino, after);
}

static void each_inode_leads_to_its_own_numbers(void **state)
{
	enum { N = 800 };
	int fd[N], copy[N];

	(void)state;
	for (int i = 0; i < N / 2; i++) {
		fd[i] = make();
		copy[i] = i % 2 ? passed(dup(fd[i])) : -1;
	}
	for (int i = 0; i < N / 2; i++) {
		fdg_passed_add(fd[i]); /* again */
		assert_int_equal(next(fd[i], -1), fd[i]);
		assert_int_equal(next(fd[i], fd[i]), copy[i]);
	}
	for (int i = 0; i < N / 2; i++) {
		forget(fd[i]);
		if (copy[i] >= 0)
			forget(copy[i]);
	}
}

static void what_was_closed_is_not_found(void **state)
{
	int fd = make(), again;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	forget(fd);
	assert_int_equal(fdg_passed_next(st.st_dev, st.st_ino, -1), -1);
	again = make();
	assert_int_equal(again, fd);
	assert_int_equal(fdg_passed_next(st.st_dev, st.st_ino, -1), -1);
	assert_int_equal(next(again, -1), again);
	forget(again);
}

/* For ever: what is closed takes no room. */
static void numbers_come_and_go(void **state)
{
	int keep = make();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int fd = make();

		assert_int_equal(next(fd, -1), fd);
		forget(fd);
	}
	assert_int_equal(next(keep, -1), keep);
	forget(keep);
}

/* All eventfds are one inode. */
static void of_a_crowd_the_last_is_known(void **state)
{
	int fd[2 * FDG_PASSED_ROW], known = 0;

	(void)state;
	for (int i = 0; i < 2 * FDG_PASSED_ROW; i++) {
		fd[i] = passed(eventfd(0, 0));
		assert_int_equal(next(fd[i], fd[i] - 1), fd[i]);
	}
	for (int at = next(fd[0], -1); at >= 0; at = next(fd[0], at))
		known++;
	assert_int_equal(known, FDG_PASSED_ROW);
	for (int i = 0; i < 2 * FDG_PASSED_ROW; i++)
		forget(fd[i]);
}

static void *come_and_go(void *unused)
{
	(void)unused;
	for (int i = 0; i < 5000; i++) {
		int fd = make();

		assert_int_equal(next(fd, fd - 1), fd);
		forget(fd);
	}
	return NULL;
}

static void threads_lose_nothing(void **state)
{
	pthread_t thread[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_inode_leads_to_its_own_numbers),
		cmocka_unit_test(what_was_closed_is_not_found),
		cmocka_unit_test(numbers_come_and_go),
		cmocka_unit_test(of_a_crowd_the_last_is_known),
		cmocka_unit_test(threads_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
