// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/epoll/ghosts.h"
#include "guards/epoll/interest.h"
#include "ledger/ledger.h"

/* Numbers alone: interest.c asks the ledger, and the kernel only who we are. */
static void learn_epoll(int fd)
{
	fdg_ledger_learn(fd, FDG_KIND_EPOLL, 0, NULL);
}

static void learn(int fd)
{
	fdg_ledger_learn(fd, FDG_KIND_EVENT, 0, NULL);
}

static void add(int epfd, int fd, uint64_t data)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = data };

	fdg_interest_changed(epfd, EPOLL_CTL_ADD, fd, &e, &e);
}

static void modify(int epfd, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	fdg_interest_changed(epfd, EPOLL_CTL_MOD, fd, &e, NULL);
}

static void delete (int epfd, int fd)
{
	fdg_interest_changed(epfd, EPOLL_CTL_DEL, fd, NULL, NULL);
}

static unsigned lists_of(int fd)
{
	struct fdg_registration r;
	unsigned at = 0, n = 0;

	while (fdg_interest_next(fd, &at, &r)) {
		assert_int_equal(r.fd, fd);
		n++;
	}
	return n;
}

static int finish(void **state)
{
	(void)state;
	for (int fd = fdg_interest_next_fd(0); fd >= 0; fd = fdg_interest_next_fd(fd + 1)) {
		struct fdg_registration r;
		unsigned at = 0;

		while (fdg_interest_next(fd, &at, &r))
			fdg_interest_closing(fd, r.owner);
	}
	fdg_ledger_forget_range(0, ~0u);
	return 0;
}

static void what_was_registered(void **state)
{
	struct fdg_registration r;

	(void)state;
	learn_epoll(100);
	learn(5);
	assert_false(fdg_interest_of(100, 5, &r));
	add(100, 5, 0x1234);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.epfd, 100);
	assert_int_equal(r.fd, 5);
	assert_int_equal(r.data, 0x1234);
	assert_int_equal(r.events, EPOLLIN);
	assert_int_equal(r.owner, getpid());
	assert_int_equal(r.state, 0);
	assert_non_null(r.site);
	assert_true(fdg_ledger_state(5) & FDG_POLLED);
	assert_int_equal(fdg_interest_epoll(&r), 100);
	modify(100, 5, 0, 7);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.data, 7);
	assert_int_equal(r.events, 0);
	assert_int_equal(r.owner, getpid());
	delete (100, 5);
	assert_false(fdg_interest_of(100, 5, &r));
	assert_int_equal(lists_of(5), 0);
}

/* The number is another descriptor's, and nobody saw the first one closed. */
static void of_an_earlier_descriptor(void **state)
{
	struct fdg_registration r;
	struct fdg_ghost g;

	(void)state;
	learn_epoll(100);
	learn(5);
	add(100, 5, 1);
	learn(5);
	assert_false(fdg_interest_of(100, 5, &r));
	assert_false(fdg_interest_look(100, 1, &r, NULL));
	assert_int_equal(lists_of(5), 1);
	assert_false(fdg_ghost_find(100, 5, 1, &g));
	add(100, 5, 2);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.data, 2);
	assert_int_equal(lists_of(5), 1);
	assert_true(fdg_ghost_find(100, 5, 1, &g));
	assert_int_equal(g.r.owner, getpid());
	assert_null(g.closed_at);
	/* A MOD proves that it is what was registered. */
	learn(5);
	modify(100, 5, EPOLLOUT, 3);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.data, 3);
}

/* saved = dup(n); dup2(other, n); dup2(saved, n): the kernel has it as it was. */
static void a_number_that_comes_back(void **state)
{
	struct fdg_registration r;
	unsigned at = 0;

	(void)state;
	learn_epoll(100);
	learn(5);
	learn(6);
	add(100, 5, 1);
	fdg_ledger_copy(5, 7, 0, NULL);
	fdg_ledger_copy(6, 5, 0, NULL);
	assert_false(fdg_interest_of(100, 5, &r));
	assert_true(fdg_interest_next(5, &at, &r));
	assert_false(r.current);
	fdg_ledger_copy(7, 5, 0, NULL);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.generation, fdg_ledger_generation(5));
	fdg_ledger_forget(5);
	assert_false(fdg_interest_of(100, 5, &r));
	fdg_ledger_copy(7, 5, 0, NULL);
	assert_true(fdg_interest_look(100, 1, &r, NULL));
	assert_true(r.current);
}

static void one_in_several_lists(void **state)
{
	struct fdg_registration r;

	(void)state;
	learn(5);
	for (int i = 0; i < 64; i++) {
		learn_epoll(100 + i);
		add(100 + i, 5, (uint64_t)i);
	}
	assert_int_equal(lists_of(5), 64);
	for (int i = 0; i < 64; i++) {
		assert_true(fdg_interest_of(100 + i, 5, &r));
		assert_int_equal(r.data, i);
		assert_int_equal(r.epfd, 100 + i);
	}
	delete (100, 5);
	assert_true(fdg_ledger_state(5) & FDG_POLLED);
	delete (163, 5);
	assert_int_equal(lists_of(5), 62);
	add(163, 5, 99);
	assert_int_equal(lists_of(5), 63);
	assert_true(fdg_interest_of(163, 5, &r));
	assert_int_equal(r.data, 99);
	fdg_interest_closing(5, getpid());
	assert_int_equal(lists_of(5), 0);
}

/* Places of lists that are gone are used again: a program that makes an epoll for each of its waits. */
static void lists_that_come_and_go(void **state)
{
	struct fdg_registration r;

	(void)state;
	learn(900);
	for (unsigned i = 0; i < 2 * FDG_INTEREST_FURTHER; i++) {
		learn_epoll(100);
		add(100, 900, i);
		assert_true(fdg_interest_of(100, 900, &r));
		assert_int_equal(r.data, i);
		fdg_ledger_forget(100);
	}
	assert_true(lists_of(900) == 1);
}

/* The number of an epoll is another's; a duplicate of an epoll is the same list. */
static void lists_are_descriptions(void **state)
{
	struct fdg_registration r;

	(void)state;
	learn_epoll(100);
	learn(5);
	add(100, 5, 1);
	fdg_ledger_copy(100, 101, 0, NULL);
	fdg_interest_list_copied();
	assert_true(fdg_interest_of(101, 5, &r));
	fdg_ledger_forget(100);
	assert_int_equal(fdg_interest_epoll(&r), 101);
	learn_epoll(100);
	assert_false(fdg_interest_of(100, 5, &r));
	assert_true(fdg_interest_of(101, 5, &r));
	fdg_ledger_forget(101);
	assert_int_equal(fdg_interest_epoll(&r), -1);
}

/* Epolls and descriptors that the ledger does not know. */
static void unknown_numbers(void **state)
{
	struct fdg_registration r;

	(void)state;
	add(200, 0, 9);
	assert_true(fdg_interest_of(200, 0, &r));
	assert_true(fdg_interest_look(200, 9, &r, NULL));
	assert_int_equal(fdg_interest_epoll(&r), 200);
	assert_false(fdg_interest_of(201, 0, &r));
	add(200, -1, 9);
	add(200, FDG_LEDGER_MAX, 9);
	assert_false(fdg_interest_of(200, -1, &r));
	assert_false(fdg_interest_of(200, FDG_LEDGER_MAX, &r));
	modify(200, 7, EPOLLIN, 1); /* registered before we were there */
	assert_true(fdg_interest_of(200, 7, &r));
	assert_int_equal(r.owner, 0);
}

static void by_data(void **state)
{
	struct fdg_registration r;
	unsigned same = 77;

	(void)state;
	learn_epoll(100);
	learn_epoll(101);
	for (int fd = 3; fd < 90; fd++) {
		learn(fd);
		add(100, fd, (uint64_t)fd);
		add(101, fd, UINT64_C(0x7f0000000000) + (unsigned)fd * 16);
	}
	assert_true(fdg_interest_look(100, 40, &r, &same));
	assert_int_equal(r.fd, 40);
	assert_int_equal(same, 1);
	assert_true(fdg_interest_look(100, 41, &r, NULL));
	assert_int_equal(r.fd, 41);
	assert_false(fdg_interest_look(100, 90, &r, NULL));
	assert_false(fdg_interest_look(100, UINT64_C(0x100000028), &r, NULL));
	for (int i = 0; i < 3; i++) { /* found by a search, and then remembered */
		assert_true(fdg_interest_look(101, UINT64_C(0x7f0000000000) + 50 * 16, &r, NULL));
		assert_int_equal(r.fd, 50);
		assert_int_equal(r.epfd, 101);
	}
	modify(101, 50, EPOLLIN, 1); /* what is remembered is wrong now */
	assert_false(fdg_interest_look(101, UINT64_C(0x7f0000000000) + 50 * 16, &r, &same));
	assert_int_equal(same, 0);
	modify(101, 60, EPOLLIN, 1);
	modify(101, 61, EPOLLIN, 1);
	assert_true(fdg_interest_look(101, 1, &r, &same));
	assert_int_equal(same, 3);
	for (int fd = 3; fd < 90; fd++)
		modify(101, fd, EPOLLIN, 0);
	assert_true(fdg_interest_look(101, 0, &r, &same));
	assert_int_equal(same, FDG_INTEREST_SAME);
}

static void states(void **state)
{
	struct fdg_registration r, old;

	(void)state;
	learn_epoll(100);
	learn(5);
	add(100, 5, 1);
	assert_true(fdg_interest_of(100, 5, &old));
	fdg_interest_state(&old, 5, 0);
	fdg_interest_state(&old, 2, 1);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.state, 6);
	modify(100, 5, EPOLLOUT, 1);
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.state, 6);
	learn(5);
	add(100, 5, 1);
	fdg_interest_state(&old, 1, 0); /* of another descriptor */
	assert_true(fdg_interest_of(100, 5, &r));
	assert_int_equal(r.state, 0);
}

/* A hundred thousand, in chunks that are mapped on the way. */
static void many(void **state)
{
	struct fdg_registration r;
	int fd;

	(void)state;
	learn_epoll(100);
	for (fd = 1000; fd < 101000; fd++) {
		learn(fd);
		add(100, fd, UINT64_C(0x560000000000) + (uint64_t)fd * 64);
	}
	for (fd = 1000; fd < 101000; fd++) {
		assert_true(fdg_interest_of(100, fd, &r));
		assert_int_equal(r.data, UINT64_C(0x560000000000) + (uint64_t)fd * 64);
	}
	assert_true(fdg_interest_look(100, UINT64_C(0x560000000000) + UINT64_C(100999) * 64, &r, NULL));
	assert_int_equal(r.fd, 100999);
	for (fd = 1000; fd < 101000; fd++)
		delete (100, fd);
	assert_int_equal(fdg_interest_next_fd(1000), -1);
}

/* A child has its parent's, and they stay its parent's. */
static void in_a_child(void **state)
{
	struct fdg_registration r;
	int status;
	pid_t pid;

	(void)state;
	learn_epoll(100);
	learn(5);
	learn(6);
	add(100, 5, 1);
	assert_true(fdg_interest_has_own());
	pid = fork();
	if (pid == 0) {
		bool ok;

		fdg_interest_forked();
		ok = !fdg_interest_has_own() && fdg_interest_of(100, 5, &r) && r.owner == getppid();
		add(100, 6, 2);
		modify(100, 5, EPOLLOUT, 1);
		ok = ok && fdg_interest_has_own() && fdg_interest_of(100, 6, &r) && r.owner == getpid();
		ok = ok && fdg_interest_of(100, 5, &r) && r.owner == getppid();
		fdg_interest_closing(5, getpid());
		fdg_interest_closing(6, getpid());
		_exit(ok && fdg_interest_of(100, 5, &r) && !fdg_interest_of(100, 6, &r) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What a vfork child does is not ours to remember. */
static void in_foreign_memory(void **state)
{
	struct fdg_registration r;

	(void)state;
	learn_epoll(100);
	learn(5);
	learn(6);
	add(100, 5, 1);
	fdg_vfork_depth++;
	add(100, 6, 1);
	delete (100, 5);
	fdg_interest_closing(5, getpid());
	fdg_vfork_depth--;
	assert_true(fdg_interest_of(100, 5, &r));
	assert_false(fdg_interest_of(100, 6, &r));
}

#define THREADS 4
#define ROUNDS 20000

static void *work(void *p)
{
	int epfd = *(int *)p;
	struct fdg_registration r;

	for (unsigned i = 0; i < ROUNDS; i++) {
		int fd = 3 + (int)(i % 7);

		add(epfd, fd, ((uint64_t)epfd << 32) | (unsigned)fd);
		if (fdg_interest_of(epfd, fd, &r) &&
		    (r.epfd != epfd || r.data != (((uint64_t)epfd << 32) | (unsigned)fd)))
			return p;
		if (!fdg_interest_of(epfd, fd, &r) || !fdg_interest_look(epfd, r.data, &r, NULL) || r.fd != fd)
			return p;
		modify(epfd, fd, EPOLLOUT, ((uint64_t)epfd << 32) | (unsigned)fd);
		for (unsigned at = 0; fdg_interest_next(fd, &at, &r);)
			if ((int)(r.data >> 32) != r.epfd || (int)(uint32_t)r.data != fd)
				return p;
		delete (epfd, fd);
		if (fdg_interest_of(epfd, fd, &r))
			return p;
	}
	return NULL;
}

/* Each thread has a list of its own, with the descriptors of all. */
static void threads(void **state)
{
	pthread_t thread[THREADS];
	int epfd[THREADS];
	void *failed;

	(void)state;
	for (int fd = 3; fd < 10; fd++)
		learn(fd);
	for (int i = 0; i < THREADS; i++) {
		epfd[i] = 100 + i;
		learn_epoll(epfd[i]);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &epfd[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	for (int fd = 3; fd < 10; fd++)
		assert_int_equal(lists_of(fd), 0);
}

static void the_latest_ghosts(void **state)
{
	struct fdg_registration r = { .epfd = 100, .fd = 5 };
	struct fdg_ghost g;

	(void)state;
	learn_epoll(100);
	learn(5);
	add(100, 5, 1);
	assert_true(fdg_interest_of(100, 5, &r));
	fdg_ghost_keep(&r, state);
	assert_true(fdg_ghost_find(100, 5, 1, &g));
	assert_ptr_equal(g.closed_at, state);
	assert_false(fdg_ghost_find(100, 6, 1, &g));
	assert_false(fdg_ghost_find(100, 5, 2, &g));
	assert_false(fdg_ghost_find(101, 5, 1, &g));
	fdg_ghost_keep(&r, &r);
	assert_true(fdg_ghost_find(100, 5, 1, &g));
	assert_ptr_equal(g.closed_at, &r);
	r.fd = 6;
	for (unsigned i = 0; i < FDG_GHOSTS; i++)
		fdg_ghost_keep(&r, &r);
	assert_false(fdg_ghost_find(100, 5, 1, &g));
	assert_true(fdg_ghost_find(100, 6, 1, &g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_was_registered, finish),
		cmocka_unit_test_teardown(of_an_earlier_descriptor, finish),
		cmocka_unit_test_teardown(a_number_that_comes_back, finish),
		cmocka_unit_test_teardown(one_in_several_lists, finish),
		cmocka_unit_test_teardown(lists_that_come_and_go, finish),
		cmocka_unit_test_teardown(lists_are_descriptions, finish),
		cmocka_unit_test_teardown(unknown_numbers, finish),
		cmocka_unit_test_teardown(by_data, finish),
		cmocka_unit_test_teardown(states, finish),
		cmocka_unit_test_teardown(many, finish),
		cmocka_unit_test_teardown(in_a_child, finish),
		cmocka_unit_test_teardown(in_foreign_memory, finish),
		cmocka_unit_test_teardown(threads, finish),
		cmocka_unit_test_teardown(the_latest_ghosts, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
