// SPDX-License-Identifier: MIT
#include "resolver/ids.h"
#include "resolver/random.h"

#include "common.h"

#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 2000 };

static void tries_are_found_by_port_and_id(void **state)
{
	static struct fdg_try tries[TRIES];
	static uint32_t heads[256];
	struct fdg_ids ids;

	(void)state;
	fdg_ids_start(&ids, heads, COUNT(heads) - 1, tries);
	assert_int_equal(fdg_ids_find(&ids, fdg_ids_key(3, 4)), FDG_IDS_NONE);
	for (uint32_t i = 0; i < TRIES; i++)
		fdg_ids_put(&ids, i, fdg_ids_key(i / 100, (uint16_t)(i * 7)));
	for (uint32_t i = 0; i < TRIES; i += 3)
		fdg_ids_take_out(&ids, i);
	for (uint32_t i = 0; i < TRIES; i++) {
		assert_int_equal(fdg_ids_find(&ids, fdg_ids_key(i / 100, (uint16_t)(i * 7))), i % 3 ? i : FDG_IDS_NONE);
		assert_int_equal(tries[i].out, i % 3 != 0);
	}
	assert_int_equal(fdg_ids_find(&ids, fdg_ids_key(99, 7)), FDG_IDS_NONE);
}

/* Each bit is set about half the time, and numbers do not repeat more than chance has it. */
static void numbers_are_spread(void **state)
{
	static uint8_t seen[65536];
	unsigned bits[16] = { 0 }, again = 0;
	struct fdg_random r;
	uint16_t v;

	(void)state;
	assert_int_equal(fdg_random_make(&r), 0);
	for (int i = 0; i < 20000; i++) {
		assert_true(fdg_random_16(&r, &v));
		again += seen[v]++ > 0;
		for (int b = 0; b < 16; b++)
			bits[b] += v >> b & 1;
	}
	for (int b = 0; b < 16; b++)
		assert_in_range(bits[b], 9500, 10500);
	assert_in_range(again, 2400, 3200); /* 2,770 */
	fdg_random_free(&r);
}

static void a_child_has_numbers_of_its_own(void **state)
{
	struct fdg_random r;
	uint16_t mine[32], its[32];
	int fds[2], status;

	(void)state;
	assert_int_equal(fdg_random_make(&r), 0);
	assert_true(fdg_random_16(&r, mine));
	assert_false(fdg_random_is_forked(&r));
	assert_int_equal(pipe(fds), 0);
	if (!fork()) {
		bool forked = fdg_random_is_forked(&r), again = fdg_random_is_forked(&r);

		for (size_t i = 0; i < COUNT(its); i++)
			fdg_random_16(&r, &its[i]);
		_exit(write(fds[1], its, sizeof(its)) != sizeof(its) || !forked || again);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], its, sizeof(its)), sizeof(its));
	assert_false(fdg_random_is_forked(&r));
	for (size_t i = 0; i < COUNT(mine); i++)
		fdg_random_16(&r, &mine[i]);
	assert_memory_not_equal(mine, its, sizeof(mine));
	close(fds[0]);
	close(fds[1]);
	fdg_random_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_are_found_by_port_and_id),
		cmocka_unit_test(numbers_are_spread),
		cmocka_unit_test(a_child_has_numbers_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
