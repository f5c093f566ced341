// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <signal.h>
#include <sys/syscall.h>

#include "../../../harness/reported.h"
#include "reuseport_common.h"

static int setup(void **state)
{
	(void)state;
	fdg_options.reuseport = FDG_REPORT;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	new_group(AF_INET);
	report();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int fd = fdg_groups_next(-1); fd >= 0; fd = fdg_groups_next(fd)) {
		close(fd);
		fdg_groups_forget(fd);
	}
	return 0;
}

static in_port_t port;

static bool told(const char *text)
{
	bool is = strstr(report(), text) != NULL;

	if (!is)
		print_error("%s\n", logged);
	return is;
}

static bool told_count(int n)
{
	char text[64];

	snprintf(text, sizeof(text), "\n  count: %d\n", n);
	return told(text);
}

static bool silent(void)
{
	bool is = !*report();

	if (!is)
		print_error("%s\n", logged);
	return is;
}

static int with_queue(int *ret_other)
{
	int a = member();

	*ret_other = member();
	connect_clients();
	assert_true(queued(a) > 0 && queued(*ret_other) > 0);
	return a;
}

static void a_queue_is_reset(void **state)
{
	int b, a = with_queue(&b), was = queued(a);

	(void)state;
	closes(a);
	assert_true(told_count(was));
	assert_non_null(strstr(logged, "[reuseport.reset]"));
	assert_non_null(strstr(logged, "half-open requests, which are not counted; the 1 other listener"));
	assert_int_equal(resets(), was);
	closes(b);
	assert_true(silent()); /* it is the last */
}

static void shut_down(void **state)
{
	int b, a = with_queue(&b), was = queued(a);

	(void)state;
	fdg_reuseport_shutting(a, SHUT_WR, setup);
	shutdown(a, SHUT_WR);
	fdg_reuseport_shut(a, false);
	assert_true(silent());
	fdg_reuseport_shutting(a, SHUT_RD, setup);
	shutdown(a, SHUT_RD);
	fdg_reuseport_shut(a, false);
	assert_true(told_count(was));
	assert_int_equal(resets(), was);
	closes(a);
	assert_true(silent());
}

/* Nothing was closed, or what was lives on. */
static void nothing_is_lost(void **state)
{
	int b, a = with_queue(&b), copy;

	(void)state;
	fdg_reuseport_closing(a, setup); /* the call failed */
	fdg_reuseport_closed(a);
	assert_true(silent());
	copy = dup(a); /* nobody saw it */
	closes(a);
	assert_true(silent());
	assert_int_equal(resets(), 0);
	close(copy);
}

static void drained(void **state)
{
	int b, a = with_queue(&b), fd;

	(void)state;
	while ((fd = accept(a, NULL, NULL)) >= 0)
		close(fd);
	closes(a);
	assert_true(silent());
	resets();
}

static void off_and_retired(void **state)
{
	int b, a = with_queue(&b);

	(void)state;
	atomic_store(&fdg_phase, FDG_RETIRED);
	closes(a);
	atomic_store(&fdg_phase, FDG_ACTIVE);
	assert_true(silent());
	fdg_options.reuseport = FDG_OFF;
	closes(b);
	assert_true(silent());
	resets();
}

/* Both at once: the group goes as a whole. One of two: it does not. */
static void ranges(void **state)
{
	int b, a = with_queue(&b), c, was;

	(void)state;
	assert_int_equal(b, a + 1);
	fdg_reuseport_closing_range((unsigned)a, (unsigned)b, setup);
	assert_int_equal(syscall(SYS_close_range, a, b, 0), 0);
	fdg_reuseport_closed_range((unsigned)a, (unsigned)b);
	assert_true(silent());
	assert_false(fdg_groups_has(a) || fdg_groups_has(b));
	resets();
	new_group(AF_INET);
	a = with_queue(&b);
	c = member();
	was = queued(a) + queued(b);
	fdg_reuseport_closing_range((unsigned)a, (unsigned)b, setup);
	assert_int_equal(syscall(SYS_close_range, a, b, 0), 0);
	fdg_reuseport_closed_range((unsigned)a, (unsigned)b);
	assert_true(told_count(was));
	assert_non_null(strstr(logged, " and 1 more, SO_REUSEPORT listeners on "));
	assert_non_null(strstr(logged, " in their queues: the kernel resets them"));
	assert_non_null(strstr(logged, "; the 1 other listener of the group gets none"));
	assert_null(strstr(logged, "by now"));
	assert_int_equal(resets(), was);
	closes(c);
}

static void over_another(void **state)
{
	int b, a = with_queue(&b), null = dup(0), was = queued(a);

	(void)state;
	fdg_reuseport_replacing(-1, a, setup);
	fdg_reuseport_replacing(a, a, setup);
	fdg_reuseport_closed(a);
	assert_true(silent());
	assert_true(fdg_groups_has(a));
	fdg_reuseport_replacing(null, a, setup);
	assert_int_equal(dup2(null, a), a);
	fdg_reuseport_closed(a);
	assert_true(told_count(was));
	assert_false(fdg_groups_has(a));
	assert_int_equal(resets(), was);
	close(a);
	close(null);
}

/* As the wrapper of fork does. */
static int forks(void)
{
	int child;

	fdg_reuseport_starting();
	child = fork();
	if (child == 0)
		fdg_reuseport_forked();
	return child;
}

static void exit_is_judged_by_relatives(void **state)
{
	int b, a = with_queue(&b), p[2], child, status;
	char c;

	(void)state;
	assert_true(fdg_reuseport_is_last(a));
	assert_int_equal(pipe(p), 0);
	child = forks();
	if (child == 0) {
		close(p[1]);
		_exit(read(p[0], &c, 1) != 0);
	}
	assert_false(fdg_reuseport_is_last(a));
	assert_true(fdg_reuseport_is_elsewhere(a));
	fdg_reuseport_leaving(false, NULL);
	assert_true(silent());
	close(p[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(fdg_reuseport_is_last(a));
	fdg_reuseport_leaving(false, NULL);
	assert_true(silent()); /* the group ends with it */
	close(p[0]);
	resets();
}

/* The group goes on in another process. */
static void exit_of_a_member(void **state)
{
	int b, a = with_queue(&b), p[2], child, status, was = queued(a) + queued(b);
	char c;

	(void)state;
	assert_int_equal(pipe(p), 0);
	child = forks();
	if (child == 0) {
		close(a);
		close(b);
		b = member();
		if (write(p[1], "", 1) != 1 || read(p[0], &c, 0) != 0)
			_exit(1);
		pause();
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	fdg_reuseport_leaving(false, NULL);
	assert_true(told_count(was));
	assert_non_null(strstr(logged, "ends, and with it 2 SO_REUSEPORT listeners"));
	assert_int_equal(fcntl(a, F_SETFD, 0), 0);
	was = queued(b);
	fdg_reuseport_leaving(true, setup);
	assert_true(told_count(was)); /* a stays */
	assert_non_null(strstr(logged, "executes another program, and closes 1 SO_REUSEPORT listener"));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(p[0]);
	close(p[1]);
	resets();
}

/* What is another program's too is nobody's to judge. */
static void from_elsewhere(void **state)
{
	int b, a = with_queue(&b);

	(void)state;
	fdg_ledger_flag(a, FDG_PASSED, 0);
	assert_true(fdg_reuseport_is_elsewhere(a));
	fdg_ledger_forget(b);
	assert_true(fdg_reuseport_is_elsewhere(b));
	fdg_reuseport_leaving(false, NULL);
	assert_true(silent());
	resets();
}

static void *opens_and_closes(void *p)
{
	for (int i = 0; i < 100; i++) {
		int fd = *(const int *)p;
		struct sockaddr_in6 at;
		socklen_t n = sizeof(at);
		int one = 1, more = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
		setsockopt(more, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		fdg_groups_noted(more, SOL_SOCKET, SO_REUSEPORT);
		assert_int_equal(bind(more, (struct sockaddr *)&at, n), 0);
		listens(more);
		if (connect(peer, (struct sockaddr *)&at, n) == 0 || errno == ECONNRESET) /* another thread closed that one */
			closes(more);
		close(peer);
	}
	return NULL;
}

static void in_threads(void **state)
{
	pthread_t thread[4];
	int a = member();

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, opens_and_closes, &a), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(fdg_groups_next(-1), a);
	assert_int_equal(fdg_groups_next(a), -1);
	report();
}

static int count_of(const char *text)
{
	int n = 0;

	for (const char *at = strstr(logged, text); at; at = strstr(at + 1, text))
		n++;
	return n;
}

/* A worker that restarts for ever is told again when there are twice as many, with their sum. */
static void again_and_again(void **state)
{
	int b, a, sum = 0;

	(void)state;
	for (int i = 0; i < 32; i++) {
		new_group(AF_INET);
		if (i)
			((struct sockaddr_in *)&address)->sin_port = port;
		a = with_queue(&b);
		port = ((struct sockaddr_in *)&address)->sin_port;
		sum += queued(a);
		closes(a);
		resets();
		close(b);
		fdg_reuseport_closed(b);
	}
	report();
	assert_in_range(count_of("[reuseport.reset]"), 2, 7);
	assert_non_null(strstr(logged, " such closings"));
	assert_true(sum > 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(again_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_queue_is_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(shut_down, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(drained, setup, teardown),
		cmocka_unit_test_setup_teardown(off_and_retired, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(over_another, setup, teardown),
		cmocka_unit_test_setup_teardown(exit_is_judged_by_relatives, setup, teardown),
		cmocka_unit_test_setup_teardown(exit_of_a_member, setup, teardown),
		cmocka_unit_test_setup_teardown(from_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(in_threads, setup, teardown),
	};

	if (begin_reports(NULL))
		return 99;
	return cmocka_run_group_tests(tests, NULL, end_reports);
}
