// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "guards/epoll/carried.h"

#define SET UINT64_C(0x12345)
#define MANY 100000
#define POINTER(i) (UINT64_C(0x55cbffec0000) + (uint64_t)(i) * 96)
#define THREADS 4

static uint32_t places[MANY];

static void put(uint64_t data, int fd)
{
	places[fd] = fdg_carried_put(SET, data, fd);
}

static void drop(int fd)
{
	fdg_carried_drop(places[fd], fd);
}

static bool has(uint64_t set, uint64_t data, int fd)
{
	unsigned at = 0;

	for (int found = fdg_carried_next(set, data, &at); found >= 0; found = fdg_carried_next(set, data, &at))
		if (found == fd)
			return true;
	return false;
}

static unsigned count(uint64_t set, uint64_t data)
{
	unsigned at = 0, n = 0;

	while (fdg_carried_next(set, data, &at) >= 0)
		n++;
	return n;
}

static void what_is_put_is_found_until_it_is_dropped(void **state)
{
	(void)state;
	put(POINTER(1), 7);
	put(POINTER(1), 7);
	put(POINTER(1), 9);
	assert_int_equal(count(SET, POINTER(1)), 2);
	assert_true(has(SET, POINTER(1), 7) && has(SET, POINTER(1), 9));
	assert_false(has(SET, POINTER(2), 7) || has(SET + 1, POINTER(1), 7));
	drop(7);
	assert_false(has(SET, POINTER(1), 7));
	assert_true(has(SET, POINTER(1), 9));
	drop(9);
	assert_int_equal(count(SET, POINTER(1)), 0);
}

static void a_number_is_its_own(void **state)
{
	(void)state;
	put(7, 7);
	put(UINT64_C(0x700000007), 7);
	assert_int_equal(count(SET, 7) + count(SET, UINT64_C(0x700000007)), 0);
	put(7, 8);
	assert_true(has(SET, 7, 8));
	drop(8);
}

/* And none has to be searched for. */
static void a_hundred_thousand(void **state)
{
	unsigned lacking = 0;

	(void)state;
	for (int i = 0; i < MANY; i++)
		put(POINTER(i), i);
	for (int i = 0; i < MANY; i++) {
		assert_true(has(SET, POINTER(i), i));
		lacking += fdg_carried_lacks(SET, POINTER(i));
	}
	assert_int_equal(lacking, 0);
	for (int i = 0; i < MANY; i++)
		drop(i);
	for (int i = 0; i < MANY; i++)
		assert_false(has(SET, POINTER(i), i));
}

static void *hammer(void *of)
{
	int own = *(int *)of;

	for (int i = 0; i < 60000; i++) {
		uint64_t data = POINTER(i % 16);

		put(data, own);
		if (!has(SET, data, own))
			return of;
		drop(own);
		if (has(SET, data, own))
			return of;
	}
	return NULL;
}

static void threads_take_nothing_from_each_other(void **state)
{
	pthread_t t[THREADS];
	int own[THREADS];
	void *wrong;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		own[i] = 500 + i;
		assert_int_equal(pthread_create(&t[i], NULL, hammer, &own[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(t[i], &wrong), 0);
		assert_null(wrong);
	}
}

/* The last test: it is never forgotten that there was no room. */
static void no_more_than_there_is_room_for(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FDG_CARRIED_MOST; i++)
		put(0, 100 + (int)i);
	assert_int_equal(count(SET, 0), FDG_CARRIED_MOST);
	assert_false(fdg_carried_lacks(SET, 0));
	put(0, 99);
	assert_int_equal(count(SET, 0), FDG_CARRIED_MOST);
	assert_true(fdg_carried_lacks(SET, 0));
	drop(110);
	put(0, 99);
	assert_true(has(SET, 0, 99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found_until_it_is_dropped),
		cmocka_unit_test(a_number_is_its_own),
		cmocka_unit_test(a_hundred_thousand),
		cmocka_unit_test(threads_take_nothing_from_each_other),
		cmocka_unit_test(no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
