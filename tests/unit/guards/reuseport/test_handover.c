// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "guards/reuseport/order.h"
#include "handover_common.h"

static void each_member(int family, int flags)
{
	const char *why;

	for (int i = 0; i < MEMBERS; i++) {
		unsigned queued;

		open_group(family, MEMBERS);
		connect_clients();
		queued = queue_of(member[i]);
		assert_int_equal(hand_over(i, &why), queued);
		assert_null(why);
		assert_true(!gap || strstr(gap, "hidden")); /* on a machine with thousands of descriptors it may not be */
		forget_member(i);
		assert_int_equal(accept_all(flags), CLIENTS);
		close_group();
	}
}

static void all_come(void **state)
{
	int before = open_numbers();

	(void)state;
	each_member(AF_INET, 0);
	each_member(AF_INET, SOCK_NONBLOCK);
	each_member(AF_INET, SOCK_CLOEXEC);
	each_member(AF_INET6, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_int_equal(open_numbers(), before);
}

/* What is queued is handed over all the same; what comes in that moment is not promised. */
static void order_not_known(void **state)
{
	const struct fdg_group_rows none = { .n = 0 };
	struct fdg_group g;
	const char *why;

	(void)state;
	open_group(AF_INET, MEMBERS);
	connect_clients();
	assert_true(fdg_group_ask(member[0], &g));
	fdg_order_agree(&g, &none);
	hand_over(0, &why);
	assert_null(why);
	assert_non_null(gap);
	assert_non_null(strstr(gap, "order"));
	forget_member(0);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* One after the other, until there is one: what was handed over is handed on. */
static void on_and_on(void **state)
{
	const char *why;

	(void)state;
	open_group(AF_INET, MEMBERS);
	connect_clients();
	for (int i = 0; i < MEMBERS - 1; i++) {
		hand_over(i, &why);
		assert_null(why);
		forget_member(i);
	}
	assert_int_equal(queue_of(member[MEMBERS - 1]), CLIENTS);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* From the beginning of the hand-over to the close nothing comes there, nor is anything left there for the close to reset. */
static void meanwhile(void **state)
{
	const char *why;

	(void)state;
	for (int i = 0; i < MEMBERS; i++) {
		open_group(AF_INET, MEMBERS);
		assert_int_equal(hand_over(i, &why), 0);
		assert_null(why);
		connect_clients();
		assert_int_equal(queue_of(member[i]), 0);
		assert_int_equal(forget_member(i), 0);
		assert_int_equal(accept_all(0), CLIENTS);
		close_group();
	}
}

/* After the close the kernel chooses among those that are left, as it did before. */
static void spread(void **state)
{
	const char *why;

	(void)state;
	open_group(AF_INET, MEMBERS);
	for (int i = 0; i < 2; i++) {
		hand_over(i, &why);
		assert_null(why);
		forget_member(i);
	}
	connect_clients();
	for (int i = 2; i < MEMBERS; i++)
		assert_in_range(queue_of(member[i]), 3, CLIENTS - 3); /* 40 fair coins */
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* No number is left for what came to it by itself; what had been handed to it goes on even so. */
static void moved_on(void **state)
{
	struct rlimit limit, few = { 100, 0 };
	const char *why;
	unsigned queued, saved;

	(void)state;
	open_group(AF_INET, 3);
	connect_clients();
	saved = hand_over(0, &why);
	forget_member(0);
	assert_int_equal(fdg_handover_count(), saved);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(hand_over(1, &why), 0);
	assert_string_equal(why, "fdguard keeps 256, and there have to be two numbers left for each (RLIMIT_NOFILE)");
	queued = queue_of(member[1]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(close_member(1), 0);
	assert_in_range(moved, 1, saved);
	assert_int_equal(accept_all(0), CLIENTS - (queued - moved));
	close_group();
}

/* Closed without a word, as what we do not see is: what stood for others in its queue is reset with what came to it by itself. */
static void closed_behind_us(void **state)
{
	unsigned queued, saved;
	const char *why;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	queued = queue_of(member[0]);
	saved = hand_over(0, &why);
	assert_int_equal(saved, queued);
	forget_member(0);
	assert_int_equal(fdg_handover_count(), saved);
	forget_member(1);
	assert_int_equal(fdg_handover_count(), 0);
	assert_int_equal(fdg_standin_next(0), -1);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(recv(client[i], &i, sizeof(i), 0), -1);
	close_group();
}

/* A sibling with room in its queue for few: what nobody takes is reset, and told. */
static void no_room(void **state)
{
	const char *why;
	unsigned queued, lost;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	queued = queue_of(member[0]);
	assert_int_equal(listen(member[1], 0), 0);
	assert_int_equal(hand_over(0, &why), queued);
	assert_null(why);
	lost = forget_member(0);
	assert_int_equal(lost, queued);
	assert_string_equal(why_lost, "the other listeners of the group take no more connections from this machine");
	assert_int_equal(accept_all(0), CLIENTS - (int)lost);
	assert_int_equal(fdg_standin_next(0), -1);
	close_group();
}

static struct held {
	int fd, until[2];
	_Atomic int thread;
} held;

static void *holds(void *arg)
{
	struct pollfd p[] = { { held.fd, POLLPRI, 0 }, { held.until[0], POLLIN, 0 } };

	atomic_store(&held.thread, gettid());
	poll(p, 2, -1);
	return arg;
}

static void wait_until_it_sleeps(void)
{
	char path[64], text[256] = "";

	while (!atomic_load(&held.thread))
		usleep(100);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&held.thread));
	while (!strstr(text, ") S ")) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
		close(fd);
	}
}

/* Closed, it listens on: what is handed over does not come back to it, and what comes later is not promised. */
static void held_by_a_call(void **state)
{
	pthread_t thread;
	const char *why;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	held.fd = member[0];
	assert_int_equal(pipe2(held.until, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, holds, NULL), 0);
	wait_until_it_sleeps();
	hand_over(0, &why);
	assert_null(why);
	assert_null(gap);
	assert_int_equal(forget_member(0), 0);
	assert_non_null(gap_after);
	assert_int_equal(accept_all(0), CLIENTS);
	close(held.until[1]);
	pthread_join(thread, NULL);
	close(held.until[0]);
	close_group();
}

/* The listener was reset, the client is gone, the program closed what is ours: there is nothing to give. */
static void gone(void **state)
{
	const char *why;
	int before;

	(void)state;
	open_group(AF_INET, 2);
	before = open_numbers();
	connect_clients();
	assert_true(hand_over(0, &why) > 0);
	forget_member(0);
	for (int fd = 900; fd < 2100; fd++)
		close(fd);
	assert_true(accept_all(0) < CLIENTS);
	close_group();
	assert_int_equal(open_numbers(), before - 2);
}

/* A number that is another file's by now is not given. */
static void replaced(void **state)
{
	const char *why;
	int pipes[2];

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_true(hand_over(0, &why) > 0);
	forget_member(0);
	for (int fd = 900; fd < 2100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dup2(pipes[0], fd);
	assert_true(accept_all(0) < CLIENTS);
	for (int fd = 900; fd < 2100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			assert_int_equal(close(fd), 0); /* it is the pipe still */
	close(pipes[0]);
	close(pipes[1]);
	close_group();
}

/*
 * Threads: one a listener, which is closed and made again; clients that connect meanwhile.
 */

enum { THREADS = 3, RESTARTS = 12, CALLS = 150 };

static _Atomic bool served;
static _Atomic unsigned answers, calls_lost;

static void answer(int listener)
{
	int fd = accept_one(listener, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (send(fd, "!", 1, MSG_NOSIGNAL) == 1)
		answers++;
	close(fd);
}

static void *serve(void *arg)
{
	int listener = make_member();

	for (int n = 0; !served; n++) {
		struct pollfd p = { listener, POLLIN, 0 };
		struct fdg_group g;
		const char *why, *why_gap;

		if (poll(&p, 1, 1) > 0)
			answer(listener);
		if (n % 20 != 19 || n / 20 > RESTARTS || !fdg_group_ask(listener, &g))
			continue;
		fdg_handover(listener, &g, &why, &why_gap);
		fdg_handover_last(listener);
		close(listener);
		fdg_groups_forget(listener);
		fdg_ledger_forget(listener);
		fdg_handover_closed(true, &(struct fdg_handover_end){ 0 });
		listener = make_member();
	}
	close(listener);
	fdg_groups_forget(listener);
	fdg_handover_closed(true, &(struct fdg_handover_end){ 0 });
	return arg;
}

static void *call(void *arg)
{
	for (int i = 0; i < CALLS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		char c;

		if (connect(fd, (struct sockaddr *)&where, where_len) != 0 || recv(fd, &c, 1, 0) != 1)
			calls_lost++;
		close(fd);
	}
	return arg;
}

static void in_threads(void **state)
{
	pthread_t server[THREADS], caller[THREADS];

	(void)state;
	open_group(AF_INET, 1); /* which stays, and so does the port */
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&server[i], NULL, serve, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&caller[i], NULL, call, NULL), 0);
	for (int n = 0; answers + calls_lost < THREADS * CALLS && n < 20000; n++) {
		answer(member[0]);
		usleep(200);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(caller[i], NULL);
	served = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(server[i], NULL);
	assert_int_equal(calls_lost, 0);
	assert_int_equal(answers, THREADS * CALLS);
	while (accept_one(member[0], 0) >= 0)
		fail();
	assert_int_equal(fdg_handover_count(), 0);
	assert_int_equal(fdg_standin_next(0), -1);
	close_group();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_come), cmocka_unit_test(order_not_known), cmocka_unit_test(on_and_on), cmocka_unit_test(meanwhile), cmocka_unit_test(spread), cmocka_unit_test(moved_on),
		cmocka_unit_test(closed_behind_us), cmocka_unit_test(no_room), cmocka_unit_test(held_by_a_call), cmocka_unit_test(gone), cmocka_unit_test(replaced), cmocka_unit_test(in_threads),
	};

	return cmocka_run_group_tests(tests, many_numbers, NULL);
}
