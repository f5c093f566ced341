// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "handover_common.h"

#include "guards/reuseport/lent.h"
#include "guards/reuseport/standins_parts.h"

/* Before a process is started what waits is reset: the child has none of it, and what stood for it is passed over there as here. */
static void started(void **state)
{
	const char *why;
	int status, before;
	unsigned saved;
	pid_t pid;

	(void)state;
	open_group(AF_INET, 2);
	before = open_numbers();
	connect_clients();
	saved = hand_over(0, &why);
	assert_true(saved > 2);
	forget_member(0);
	fdg_handover_starting();
	assert_int_equal(fdg_handover_count(), 0);
	assert_int_equal(open_numbers(), before + CLIENTS - 1);
	pid = fork();
	if (pid == 0) {
		int n = 0, fd;

		fdg_handover_forked();
		while ((fd = accept_one(member[1], 0)) >= 0)
			n += close(fd) == 0;
		_exit(n == CLIENTS - (int)saved ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close_group();
}

/* It was accepted, and is taken back before anybody looked what it is. */
static void taken_back_meanwhile(void **state)
{
	const char *why;
	unsigned saved, gone = 0, n = 0;
	bool is_ours[FDG_HANDOVER_MAX] = { false };
	int fd[CLIENTS];

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	saved = hand_over(0, &why);
	assert_true(saved > 2);
	forget_member(0);
	while (n < CLIENTS && (fd[n] = accept4(member[1], NULL, NULL, 0)) >= 0)
		n++;
	assert_int_equal(n, CLIENTS);
	for (unsigned i = 0; i < FDG_HANDOVER_MAX; i++) /* as far as that has come by then */
		if (fdg_slot((int)i)->state == WAITING) {
			is_ours[i] = true;
			fdg_slot((int)i)->state = SPENT;
			fdg_slot((int)i)->is_ending = true;
			fdg_board()->waiting--;
			fdg_board()->spent++;
		}
	while (n-- > 0)
		if (fdg_handover_accepted(fd[n], 0) == FDG_HANDED_GONE)
			gone++;
		else
			close(fd[n]);
	assert_int_equal(gone, saved);
	for (unsigned i = 0; i < FDG_HANDOVER_MAX; i++)
		if (is_ours[i]) {
			assert_int_equal(fdg_slot((int)i)->state, SPENT);
			assert_true(fdg_slot((int)i)->is_found);
			assert_true(fdg_standin_drop((int)i));
			fdg_board()->spent--;
		}
	close_group();
}

/* While such are in a queue, one that its client reset is that still. */
static void a_client_resets(void **state)
{
	struct linger now = { 1, 0 };
	unsigned n = 0, saved, spent = fdg_board()->spent;
	const char *why;
	int fd;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	saved = hand_over(0, &why);
	assert_true(saved > 2 && saved < CLIENTS);
	forget_member(0);
	fdg_handover_starting();
	assert_int_equal(fdg_board()->spent, spent + saved);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(setsockopt(client[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
		close(client[i]);
	}
	for (; (fd = accept_one(member[1], 0)) >= 0; n++)
		close(fd);
	assert_int_equal(n, CLIENTS - saved);
	assert_int_equal(fdg_board()->spent, spent);
	close_group();
}

static _Atomic bool ends;
static _Atomic unsigned strangers;

static void *accepts(void *arg)
{
	int fd, who;

	while (!ends)
		while ((fd = accept_one(member[1], 0)) >= 0) {
			strangers += recv(fd, &who, sizeof(who), MSG_DONTWAIT) == 0;
			close(fd);
		}
	return arg;
}

/* … by another thread, which accepts at that moment. */
static void taken_back_in_threads(void **state)
{
	const char *why;
	pthread_t t;

	(void)state;
	for (int i = 0; i < 20; i++) {
		open_group(AF_INET, 2);
		connect_clients();
		hand_over(0, &why);
		assert_null(why);
		forget_member(0);
		ends = false;
		assert_int_equal(pthread_create(&t, NULL, accepts, NULL), 0);
		usleep((useconds_t)i * 10);
		fdg_handover_starting();
		ends = true;
		pthread_join(t, NULL);
		assert_int_equal(fdg_handover_count(), 0);
		close_group();
	}
	assert_int_equal(strangers, 0);
}

/* A fork that nobody saw coming: the child has no copy. */
static void forked(void **state)
{
	const char *why;
	int status;
	pid_t pid;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	assert_true(hand_over(0, &why) > 2);
	forget_member(0);
	pid = fork();
	if (pid == 0) {
		int n = 0;

		fdg_handover_forked();
		for (int fd = 900; fd < 2100; fd++)
			n += fcntl(fd, F_GETFD) >= 0;
		_exit(n || fdg_handover_count());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

static void refused_for(int blocking, const char *expected)
{
	const char *why;

	assert_int_equal(fcntl(member[blocking], F_SETFL, O_RDWR), 0);
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, expected);
	assert_int_equal(fcntl(member[blocking], F_SETFL, O_RDWR | O_NONBLOCK), 0);
}

static void refused(void **state)
{
	const char *why;
	int copy;

	(void)state;
	open_group(AF_INET, 1);
	connect_clients();
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "no other listener of the group is in this process");
	close_group();
	open_group(AF_INET, 2);
	connect_clients();
	copy = dup(member[0]);
	fdg_ledger_copy(member[0], copy, 0, NULL);
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "the listener has another number in this process");
	close(copy);
	fdg_ledger_forget(copy);
	refused_for(1, "another listener of the group blocks (it has no O_NONBLOCK)");
	refused_for(0, "the listener blocks (it has no O_NONBLOCK)");
	fdg_ledger_flag(member[1], FDG_PASSED, 0);
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "another process may have another listener of the group: it came from elsewhere, or one was started since it was made");
	fdg_ledger_flag(member[1], 0, FDG_PASSED);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* A member in another process: a stand-in could end there. */
static void not_own(void **state)
{
	const char *why;
	int said[2];
	char c;
	pid_t pid;

	(void)state;
	open_group(AF_INET, 2);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(member[0]);
		close(member[1]);
		make_member();
		assert_int_equal(write(said[1], "x", 1), 1);
		pause();
	}
	assert_int_equal(read(said[0], &c, 1), 1);
	connect_clients();
	fdg_lent_starting();
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "another process may have the listener: it came from elsewhere, or one was started since it was made");
	for (int i = 0; i < 2; i++) {
		forget_member(i);
		member[i] = make_member();
	}
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "other processes have listeners of the group");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(said[0]);
	close(said[1]);
	close_group();
}

static void left_alone(void **state)
{
	const char *why;

	(void)state;
	fdg_handover_leave_alone();
	open_group(AF_INET, 2);
	connect_clients();
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "this program has a BPF program of its own on its groups");
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(started), cmocka_unit_test(forked), cmocka_unit_test(refused), cmocka_unit_test(not_own), cmocka_unit_test(taken_back_meanwhile), cmocka_unit_test(a_client_resets), cmocka_unit_test(taken_back_in_threads),
		cmocka_unit_test(left_alone),
	};

	return cmocka_run_group_tests(tests, many_numbers, NULL);
}
