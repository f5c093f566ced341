// SPDX-License-Identifier: MIT
#include "report/told.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "common.h"
#include "report/run.h"

#define CROWD 2 /* as many as there are processors: they must run at the same time */
#define THINGS 900

static uint64_t thing(unsigned i)
{
	return fdg_hash(7, &i, sizeof(i));
}

static void a_mark_is_new_once(void **state)
{
	(void)state;
	assert_false(fdg_told_mark(thing(1)));
	assert_true(fdg_told_mark(thing(1)));
	assert_false(fdg_told_mark(thing(2)));
}

static void a_mark_that_is_taken_back_is_new_again(void **state)
{
	(void)state;
	fdg_told_mark(thing(3));
	fdg_told_unmark(thing(3));
	assert_false(fdg_told_mark(thing(3)));
	assert_true(fdg_told_mark(thing(3)));
	fdg_told_unmark(thing(4)); /* never marked */
	assert_false(fdg_told_mark(thing(4)));
}

static void any_hash_will_do(void **state)
{
	(void)state;
	assert_false(fdg_told_mark(0));
	assert_true(fdg_told_mark(0));
	assert_false(fdg_told_mark(UINT64_MAX));
	assert_true(fdg_told_mark(UINT64_MAX));
	assert_false(fdg_told_mark(2 * FDG_TOLD_MAX)); /* the same place as 0 */
	assert_false(fdg_told_mark(2 * FDG_TOLD_MAX + 2));
	fdg_told_unmark(0);
	assert_true(fdg_told_mark(2 * FDG_TOLD_MAX));
	assert_true(fdg_told_mark(2 * FDG_TOLD_MAX + 2));
}

/* What threads or children share: how many were told that a thing is new, and a starting signal for each thing, so that all try it at once. */
struct race {
	unsigned news, ready;
};

static struct race *shared_race(void)
{
	struct race *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void line_up(struct race *r, unsigned i)
{
	__atomic_add_fetch(&r->ready, 1, __ATOMIC_SEQ_CST);
	for (unsigned spins = 1; __atomic_load_n(&r->ready, __ATOMIC_SEQ_CST) < (i + 1) * CROWD; spins++)
		if (spins % 4096 == 0)
			sched_yield();
}

static void *mark_all(void *race)
{
	struct race *r = race;

	for (unsigned i = 0; i < THINGS; i++) {
		line_up(r, i);
		if (!fdg_told_mark(thing(1000 + i)))
			__atomic_add_fetch(&r->news, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void of_many_threads_one_is_told_that_it_is_new(void **state)
{
	pthread_t thread[CROWD];
	struct race race = { 0, 0 };

	(void)state;
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, mark_all, &race), 0);
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(race.news, THINGS);
}

static void of_many_children_one_is_told_that_it_is_new(void **state)
{
	struct race *race = shared_race();
	int status;

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		if (fork() == 0) {
			mark_all(race);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	assert_int_equal(race->news, THINGS);
	assert_true(fdg_told_mark(thing(1000)));
	munmap(race, 4096);
}

static void a_full_table_says_that_all_was_told(void **state)
{
	unsigned news = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * FDG_TOLD_MAX; i++)
		news += !fdg_told_mark(thing(100000 + i));
	assert_int_equal(news, FDG_TOLD_MAX);
	assert_true(fdg_told_mark(thing(1)));
	fdg_told_unmark(thing(100000));
	assert_false(fdg_told_mark(thing(2)));
	assert_true(fdg_told_mark(thing(2)));
	assert_true(fdg_told_mark(thing(3)));
	assert_true(fdg_told_mark(thing(100000)));
}

static void a_repeat_is_what_did_not_change(void **state)
{
	uint64_t repeats = 99;

	(void)state;
	assert_false(fdg_repeat_same(5, 11));
	assert_int_equal(fdg_repeat_change(5, 11, &repeats), FDG_REPEAT_CHANGED);
	assert_int_equal(repeats, 0);
	assert_true(fdg_repeat_same(5, 11));
	assert_false(fdg_repeat_same(5, 12));
	assert_int_equal(fdg_repeat_change(5, 11, &repeats), FDG_REPEAT_SAME);
	assert_int_equal(fdg_repeat_change(5, 12, &repeats), FDG_REPEAT_CHANGED);
	assert_int_equal(repeats, 2);
	assert_int_equal(fdg_repeat_change(5, 11, &repeats), FDG_REPEAT_CHANGED);
	assert_int_equal(repeats, 0);
	assert_int_equal(atomic_load(&fdg_run.held_back), 2);
}

static void a_forked_childs_repeats_are_its_own(void **state)
{
	uint64_t repeats;

	(void)state;
	fdg_repeat_change(5, 11, &repeats);
	fdg_repeat_same(5, 11);
	fdg_repeat_same(5, 11);
	fdg_repeat_fork_child();
	assert_true(fdg_repeat_same(5, 11)); /* what the parent said was said */
	assert_int_equal(fdg_repeat_change(5, 12, &repeats), FDG_REPEAT_CHANGED);
	assert_int_equal(repeats, 1);
}

static void *change_all(void *race)
{
	struct race *r = race;
	uint64_t ignored;

	for (unsigned i = 0; i < THINGS; i++) {
		line_up(r, i);
		if (fdg_repeat_change(thing(i), 1, &ignored) == FDG_REPEAT_CHANGED)
			__atomic_add_fetch(&r->news, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void of_many_threads_one_writes_the_finding(void **state)
{
	pthread_t thread[CROWD];
	struct race race = { 0, 0 };

	(void)state;
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, change_all, &race), 0);
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(race.news, THINGS);
}

/* The second of a pair wants the slot that the first one wants. */
static uint64_t rival(unsigned i, unsigned of)
{
	return 2 * i + 1 + (uint64_t)of * FDG_TOLD_MAX;
}

static void *change_rivals(void *race)
{
	static unsigned threads;
	unsigned self = __atomic_fetch_add(&threads, 1, __ATOMIC_SEQ_CST);
	uint64_t ignored;

	for (unsigned i = 0; i < FDG_TOLD_MAX / 2; i++) {
		line_up(race, i);
		fdg_repeat_change(rival(i, self), 1, &ignored);
	}
	return NULL;
}

static void threads_that_want_the_same_slot_lose_nothing(void **state)
{
	pthread_t thread[CROWD];
	struct race race = { 0, 0 };

	(void)state;
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, change_rivals, &race), 0);
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < FDG_TOLD_MAX / 2; i++)
		assert_true(fdg_repeat_same(rival(i, 0), 1) && fdg_repeat_same(rival(i, 1), 1));
}

static void a_full_table_of_repeats_says_so(void **state)
{
	uint64_t ignored;
	unsigned full = 0;

	(void)state;
	for (unsigned i = 0; i < FDG_TOLD_MAX + 10; i++)
		full += fdg_repeat_change(thing(i), 1, &ignored) == FDG_REPEAT_FULL;
	assert_int_equal(full, 10);
	assert_true(fdg_repeat_same(thing(0), 1));
	assert_false(fdg_repeat_same(thing(FDG_TOLD_MAX + 1), 1));
	assert_int_equal(fdg_repeat_change(thing(0), 2, &ignored), FDG_REPEAT_CHANGED);
}

/* Tables are for the life of a process: each test has one. */
static void in_own_process(void (*test)(void **))
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const struct CMUnitTest one[] = { { "", test, NULL, NULL, NULL } };

		fdg_told_prepare();
		_exit(cmocka_run_group_tests(one, NULL, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define APART(test) static void test##_(void **state) { (void)state; in_own_process(test); }
APART(a_mark_is_new_once)
APART(a_mark_that_is_taken_back_is_new_again)
APART(any_hash_will_do)
APART(of_many_threads_one_is_told_that_it_is_new)
APART(of_many_children_one_is_told_that_it_is_new)
APART(a_full_table_says_that_all_was_told)
APART(a_repeat_is_what_did_not_change)
APART(a_forked_childs_repeats_are_its_own)
APART(of_many_threads_one_writes_the_finding)
APART(threads_that_want_the_same_slot_lose_nothing)
APART(a_full_table_of_repeats_says_so)

static unsigned mappings(void)
{
	char line[512];
	unsigned n = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, "/dev/zero") != NULL;
	fclose(maps);
	return n;
}

static void nothing_is_mapped_before_the_first_mark(void **state)
{
	unsigned before = mappings();

	(void)state;
	fdg_told_unmark(1);
	assert_int_equal(mappings(), before);
	fdg_told_mark(1);
	assert_int_equal(mappings(), before + 1);
	fdg_told_prepare();
	fdg_told_mark(2);
	assert_int_equal(mappings(), before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_new_once_),
		cmocka_unit_test(a_mark_that_is_taken_back_is_new_again_),
		cmocka_unit_test(any_hash_will_do_),
		cmocka_unit_test(of_many_threads_one_is_told_that_it_is_new_),
		cmocka_unit_test(of_many_children_one_is_told_that_it_is_new_),
		cmocka_unit_test(a_full_table_says_that_all_was_told_),
		cmocka_unit_test(a_repeat_is_what_did_not_change_),
		cmocka_unit_test(a_forked_childs_repeats_are_its_own_),
		cmocka_unit_test(of_many_threads_one_writes_the_finding_),
		cmocka_unit_test(threads_that_want_the_same_slot_lose_nothing_),
		cmocka_unit_test(a_full_table_of_repeats_says_so_),
		cmocka_unit_test(nothing_is_mapped_before_the_first_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
