// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "ledger/ledger.h"
#include "ledger/sharers.h"

/* How often the whole ledger was looked at. */
static unsigned walks;

int __real_fdg_ledger_next_of(int fd, uint64_t description, uint32_t flags);
int __wrap_fdg_ledger_next_of(int fd, uint64_t description, uint32_t flags);
int __wrap_fdg_ledger_next_of(int fd, uint64_t description, uint32_t flags)
{
	walks++;
	return __real_fdg_ledger_next_of(fd, description, flags);
}

/* By the table, and by a look at every entry. */
static void compare(uint64_t description)
{
	int found = 0;

	for (int at = 0; found >= 0; at = found + 1) {
		found = fdg_sharers_next(at, description);
		assert_int_equal(found, fdg_ledger_next_of(at, description, UINT32_MAX));
	}
}

/* Numbers that come and go, large and small: each of a description is found, in order. */
static void all_that_share_are_found(void **state)
{
	enum { NUMBERS = 3000 };
	unsigned seed = 5;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int fd = rand_r(&seed) % NUMBERS, other = rand_r(&seed) % NUMBERS;

		switch (rand_r(&seed) % 3) {
		case 0:
			fdg_ledger_learn(fd, FDG_KIND_FILE, 0, all_that_share_are_found);
			break;
		case 1:
			fdg_ledger_forget(fd);
			break;
		default:
			if (fd == other || !fdg_ledger_state(fd))
				break;
			fdg_ledger_copy(fd, other, 0, all_that_share_are_found);
			compare(fdg_ledger_description(fd));
		}
	}
}

/* Many more than a row holds. */
static void a_large_family_is_found(void **state)
{
	int found = 0;

	(void)state;
	fdg_ledger_learn(5000, FDG_KIND_FILE, 0, a_large_family_is_found);
	for (int fd = 5001; fd < 5100; fd++)
		fdg_ledger_copy(5000, fd, 0, a_large_family_is_found);
	for (int fd = fdg_sharers_next(0, fdg_ledger_description(5000)); fd >= 0; fd = fdg_sharers_next(fd + 1, fdg_ledger_description(5000)))
		assert_int_equal(fd, 5000 + found++);
	assert_int_equal(found, 100);
}

static void pairs(int first, int n)
{
	for (int fd = first; fd < first + 2 * n; fd += 2) {
		fdg_ledger_learn(fd, FDG_KIND_FILE, 0, pairs);
		fdg_ledger_copy(fd, fd + 1, 0, pairs);
	}
	for (int fd = first; fd < first + 2 * n; fd += 2) {
		assert_int_equal(fdg_sharers_next(0, fdg_ledger_description(fd)), fd);
		assert_int_equal(fdg_sharers_next(fd + 1, fdg_ledger_description(fd)), fd + 1);
		assert_int_equal(fdg_sharers_next(fd + 2, fdg_ledger_description(fd)), -1);
	}
	fdg_ledger_forget_range((unsigned)first, (unsigned)(first + 2 * n));
}

/* One after the other, and two at once: others are found in their rows, then and later. */
static void a_large_family_is_nobody_elses_trouble(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		for (int family = 0; family < 2; family++) {
			int first = 20000 + 100 * family;

			fdg_ledger_learn(first, FDG_KIND_FILE, 0, pairs);
			for (int fd = first + 1; fd < first + 100; fd++)
				fdg_ledger_copy(first, fd, 0, pairs);
			compare(fdg_ledger_description(first));
		}
		walks = 0;
		pairs(30000, 100);
		assert_true(walks < 10);
		fdg_ledger_forget_range(20000, 20200);
	}
	walks = 0;
	pairs(30000, 5000);
	assert_true(walks < 600);
}

/* Copies of what we know nothing of have no family. */
static void what_is_not_known_takes_no_room(void **state)
{
	(void)state;
	for (int fd = 40001; fd < 40100; fd++)
		fdg_ledger_copy(40000, fd, 0, pairs);
	walks = 0;
	pairs(30000, 100);
	assert_true(walks < 10);
}

static void *share_and_close(void *first)
{
	int own = (int)(intptr_t)first;

	for (int i = 0; i < 20000; i++) {
		fdg_ledger_learn(own, FDG_KIND_FILE, 0, share_and_close);
		fdg_ledger_copy(own, own + 1, 0, share_and_close);
		assert_int_equal(fdg_sharers_next(0, fdg_ledger_description(own)), own);
		assert_int_equal(fdg_sharers_next(own + 1, fdg_ledger_description(own)), own + 1);
		fdg_ledger_forget(own);
		fdg_ledger_forget(own + 1);
	}
	return NULL;
}

static void threads_lose_nothing(void **state)
{
	pthread_t thread[4];

	(void)state;
	for (intptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, share_and_close, (void *)(10000 + 2 * i)), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_share_are_found),
		cmocka_unit_test(threads_lose_nothing),
		cmocka_unit_test(a_large_family_is_found),
		cmocka_unit_test(a_large_family_is_nobody_elses_trouble),
		cmocka_unit_test(what_is_not_known_takes_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
