// SPDX-License-Identifier: MIT
/* Interest lists: very many registrations, other processes, threads. No descriptor is real: the ledger says what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/epoll/interest.h"
#include "ledger/ledger.h"

enum {
	EPOLLS = 5000,
	CROWD_LISTS = 40,
	CROWD_FDS = 1800,
	FIRST_OF_CROWD = 200000,
	THREADS = 4,
	OWN = 16,
	COMMON = 8,
	FIRST_COMMON = 2000,
	FIRST_OWN = 300000,
#ifdef __SANITIZE_THREAD__ /* 30 times as long */
	MANY = 20000,
	ROUNDS = 5000,
#else
	MANY = 100000,
	ROUNDS = 50000,
#endif
};

static void learn(int fd)
{
	fdg_ledger_learn(fd, FDG_KIND_SOCKET, 0, NULL);
}

/*
 * Very many
 */

static uint64_t scatter(uint64_t n)
{
	n = (n ^ n >> 31) * UINT64_C(0x7fb5d329728ea185);
	return n ^ n >> 27;
}

static void put(int epoll, int op, int fd, uint64_t data)
{
	struct epoll_event e = { EPOLLIN, { .u64 = data } };

	fdg_interest_changed(epoll, op, fd, &e, NULL);
}

static bool has(int epoll, int fd, uint64_t data)
{
	struct fdg_registration r;

	return fdg_interest_of(epoll, fd, &r) && r.data == data && r.fd == fd && fdg_interest_is_of(&r, epoll);
}

static void learn_epoll(int fd)
{
	fdg_ledger_learn(fd, FDG_KIND_EPOLL, 0, NULL);
}

static void a_hundred_thousand_are_known_and_found_by_any_data(void **state)
{
	struct fdg_registration r;
	unsigned same;
	int n = 0;

	(void)state;
	learn_epoll(MANY);
	for (int fd = 0; fd < MANY; fd++) {
		learn(fd);
		put(MANY, EPOLL_CTL_ADD, fd, scatter((unsigned)fd));
	}
	for (int fd = 0; fd < MANY; fd++)
		assert_true(has(MANY, fd, scatter((unsigned)fd)));
	for (int fd = 0; fd < MANY; fd += 997) {
		assert_true(fdg_interest_look(MANY, scatter((unsigned)fd), &r, &same) && r.fd == fd && same == 1);
		assert_true(fdg_interest_look(MANY, scatter((unsigned)fd), &r, NULL) && r.fd == fd);
	}
	while (fdg_interest_may_search())
		;
	for (int fd = 0; fd < MANY; fd++) /* without a search */
		assert_true(fdg_interest_look(MANY, scatter((unsigned)fd), &r, &same) && r.fd == fd && same == 1);
	for (int fd = 0; fd < MANY; fd += 2)
		put(MANY, EPOLL_CTL_DEL, fd, 0);
	for (int fd = 0; fd < MANY; fd++)
		assert_int_equal(fdg_interest_of(MANY, fd, &r), fd % 2);
	for (int fd = fdg_interest_next_fd(0); fd >= 0; fd = fdg_interest_next_fd(fd + 1)) {
		n += fdg_interest_of(MANY, fd, &r);
		fdg_interest_closing(fd, getpid());
		fdg_ledger_forget(fd);
	}
	assert_int_equal(n, MANY / 2);
	for (int fd = 0; fd < MANY; fd++)
		assert_false(fdg_interest_of(MANY, fd, &r));
}

/* A server that makes an epoll for each request, and keeps its listener in it. */
static void the_lists_of_closed_epolls_take_no_room(void **state)
{
	(void)state;
	learn(50);
	learn_epoll(EPOLLS);
	put(EPOLLS, EPOLL_CTL_ADD, 50, 1);
	for (unsigned i = 0; i < FDG_INTEREST_FURTHER + 1000; i++) {
		learn_epoll(EPOLLS + 1);
		put(EPOLLS + 1, EPOLL_CTL_ADD, 50, i);
		assert_true(has(EPOLLS + 1, 50, i));
		fdg_ledger_forget(EPOLLS + 1);
	}
	assert_true(has(EPOLLS, 50, 1));
	fdg_interest_closing(50, getpid());
}

/* The numbers of the lists are not those of the crowd. */
static void crowd(int op)
{
	for (int fd = FIRST_OF_CROWD; fd < FIRST_OF_CROWD + CROWD_FDS; fd++)
		for (int list = 0; list < CROWD_LISTS; list++)
			put(EPOLLS + list, op, fd, (unsigned)list);
}

/* None is another's, whether it is known or not. */
static unsigned known_of_crowd(void)
{
	struct fdg_registration r;
	unsigned known = 0;

	for (int fd = FIRST_OF_CROWD; fd < FIRST_OF_CROWD + CROWD_FDS; fd++)
		for (int list = 0; list < CROWD_LISTS; list++)
			if (fdg_interest_of(EPOLLS + list, fd, &r)) {
				assert_true(has(EPOLLS + list, fd, (unsigned)list));
				known++;
			}
	return known;
}

static void what_finds_no_room_is_not_known_and_does_no_harm(void **state)
{
	unsigned known;

	(void)state;
	for (int list = 0; list < CROWD_LISTS; list++)
		learn_epoll(EPOLLS + list);
	for (int fd = FIRST_OF_CROWD; fd < FIRST_OF_CROWD + CROWD_FDS; fd++)
		learn(fd);
	crowd(EPOLL_CTL_ADD);
	known = known_of_crowd();
	assert_true(known > FDG_INTEREST_FURTHER / 2 && known <= FDG_INTEREST_FURTHER + CROWD_FDS);
	crowd(EPOLL_CTL_DEL);
	assert_int_equal(known_of_crowd(), 0);
	crowd(EPOLL_CTL_ADD);
	assert_int_equal(known_of_crowd(), known);
	crowd(EPOLL_CTL_DEL);
	for (int fd = FIRST_OF_CROWD; fd < FIRST_OF_CROWD + CROWD_FDS; fd++) {
		put(EPOLLS, EPOLL_CTL_ADD, fd, 5);
		assert_true(has(EPOLLS, fd, 5));
		put(EPOLLS, EPOLL_CTL_DEL, fd, 5);
	}
}

/*
 * Processes
 */

static void nothing_is_written_in_foreign_memory(void **state)
{
	struct fdg_registration r;

	(void)state;
	learn_epoll(EPOLLS);
	learn(50);
	learn(51);
	put(EPOLLS, EPOLL_CTL_ADD, 50, 1);
	assert_true(fdg_interest_of(EPOLLS, 50, &r));
	fdg_vfork_depth = 1;
	put(EPOLLS, EPOLL_CTL_ADD, 51, 2);
	put(EPOLLS, EPOLL_CTL_MOD, 50, 2);
	put(EPOLLS, EPOLL_CTL_DEL, 50, 2);
	fdg_interest_closing(50, getpid());
	fdg_interest_state(&r, 1, 0);
	fdg_vfork_depth = 0;
	assert_false(has(EPOLLS, 51, 2));
	assert_true(has(EPOLLS, 50, 1));
	assert_true(fdg_interest_of(EPOLLS, 50, &r) && r.state == 0);
	put(EPOLLS, EPOLL_CTL_DEL, 50, 1);
}

static bool child_sees(int parent)
{
	struct fdg_registration r;

	fdg_interest_forked();
	if (!fdg_interest_of(EPOLLS, 50, &r) || r.owner != parent)
		return false;
	put(EPOLLS, EPOLL_CTL_ADD, 51, 2);
	if (!fdg_interest_of(EPOLLS, 51, &r) || r.owner != getpid())
		return false;
	fdg_interest_closing(50, getpid());
	fdg_interest_closing(51, getpid());
	return fdg_interest_of(EPOLLS, 50, &r) && r.owner == parent && !fdg_interest_of(EPOLLS, 51, &r);
}

static void a_child_has_its_parents_and_leaves_them(void **state)
{
	int parent = getpid(), status;
	pid_t child;

	(void)state;
	put(EPOLLS, EPOLL_CTL_ADD, 50, 1);
	child = fork();
	if (child == 0)
		_exit(child_sees(parent) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(has(EPOLLS, 50, 1));
	put(EPOLLS, EPOLL_CTL_DEL, 50, 1);
}

/*
 * Threads: each with a list and descriptors of its own, and some descriptors in all lists; one thread looks on. A record tells by its data whose it is.
 */

struct worker {
	int list;
	unsigned dice;
	bool has[OWN + COMMON];
	unsigned wrong;
};

static _Atomic bool done;

static int number_at(const struct worker *w, int i)
{
	return i < COMMON ? FIRST_COMMON + i : FIRST_OWN + w->list * OWN + i;
}

static uint64_t word(int list, int fd, unsigned salt)
{
	return (uint64_t)(unsigned)list << 56 | (uint64_t)(salt & 0xffff) << 32 | (unsigned)fd;
}

static bool is_word(uint64_t data, int list, int fd)
{
	return data >> 56 == (unsigned)list && (uint32_t)data == (uint32_t)fd;
}

static void work_once(struct worker *w)
{
	int i = (int)(w->dice = w->dice * 1103515245 + 12345) >> 8 & 0x7fffff, fd, epoll = EPOLLS + w->list;
	struct fdg_registration r;

	i %= OWN + COMMON;
	fd = number_at(w, i);
	if (w->has[i] && w->dice >> 31) {
		put(epoll, EPOLL_CTL_DEL, fd, 0);
		w->has[i] = false;
	} else {
		put(epoll, w->has[i] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, word(w->list, fd, w->dice >> 16));
		w->has[i] = true;
	}
	if (i >= COMMON && w->dice >> 16 & 1 << 7) {
		fdg_interest_closing(fd, getpid());
		fdg_ledger_forget(fd);
		learn(fd);
		w->has[i] = false;
	}
	w->wrong += fdg_interest_of(epoll, fd, &r) != w->has[i];
	w->wrong += w->has[i] && !is_word(r.data, w->list, fd);
}

static void *works(void *worker)
{
	for (int i = 0; i < ROUNDS; i++)
		work_once(worker);
	return NULL;
}

static unsigned look_on(int fd)
{
	struct fdg_registration r;
	unsigned at = 0, wrong = 0;

	while (fdg_interest_next(fd, &at, &r)) {
		int list = fdg_interest_epoll(&r) - EPOLLS;

		wrong += r.fd != fd || list < 0 || list >= THREADS || !is_word(r.data, list, fd);
	}
	return wrong;
}

static void *looks_on(void *ret_wrong)
{
	struct fdg_registration r;

	while (!done) {
		for (int fd = fdg_interest_next_fd(0); fd >= 0; fd = fdg_interest_next_fd(fd + 1))
			*(unsigned *)ret_wrong += look_on(fd);
		for (int list = 0; list < THREADS; list++)
			if (fdg_interest_look(EPOLLS + list, word(list, FIRST_COMMON, 5), &r, NULL))
				*(unsigned *)ret_wrong += !is_word(r.data, list, FIRST_COMMON);
	}
	return NULL;
}

static void threads_do_not_see_each_others(void **state)
{
	static struct worker workers[THREADS];
	pthread_t threads[THREADS], onlooker;
	unsigned wrong = 0;

	(void)state;
	for (int fd = FIRST_COMMON; fd < FIRST_COMMON + COMMON; fd++)
		learn(fd);
	for (int fd = FIRST_OWN; fd < FIRST_OWN + (THREADS + 1) * OWN; fd++)
		learn(fd);
	pthread_create(&onlooker, NULL, looks_on, &wrong);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .list = i, .dice = (unsigned)i };
		learn_epoll(EPOLLS + i);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, works, &workers[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	done = true;
	pthread_join(onlooker, NULL);
	assert_int_equal(wrong, 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(workers[i].wrong, 0);
		for (int n = 0; n < OWN + COMMON; n++)
			assert_int_equal(fdg_interest_of(EPOLLS + i, number_at(&workers[i], n),
							 &(struct fdg_registration){ 0 }),
					 workers[i].has[n]);
	}
}

/* One descriptor, one list, all threads: what is known in the end may be old, but the next word that is said of it is known. */
static void *quarrels(void *n)
{
	unsigned dice = (unsigned)(uintptr_t)n;

	for (int i = 0; i < ROUNDS; i++) {
		dice = dice * 1103515245 + 12345;
		put(EPOLLS, 1 + (int)(dice >> 16) % 3, FIRST_COMMON, dice);
		if (dice >> 29 == 0)
			fdg_interest_closing(FIRST_COMMON, getpid());
	}
	return NULL;
}

static void a_quarrel_leaves_nothing_behind(void **state)
{
	pthread_t threads[THREADS];
	struct fdg_registration r;
	unsigned at = 0;

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, quarrels, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	fdg_interest_closing(FIRST_COMMON, getpid());
	fdg_interest_closing(FIRST_COMMON, 0);
	assert_false(fdg_interest_next(FIRST_COMMON, &at, &r));
	put(EPOLLS, EPOLL_CTL_ADD, FIRST_COMMON, 7);
	assert_true(has(EPOLLS, FIRST_COMMON, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_lists_of_closed_epolls_take_no_room), /* the search for them is as long as the ledger */
		cmocka_unit_test(a_hundred_thousand_are_known_and_found_by_any_data),
		cmocka_unit_test(nothing_is_written_in_foreign_memory),
		cmocka_unit_test(a_child_has_its_parents_and_leaves_them),
		cmocka_unit_test(threads_do_not_see_each_others),
		cmocka_unit_test(a_quarrel_leaves_nothing_behind),
		cmocka_unit_test(what_finds_no_room_is_not_known_and_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
