// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/nonblock/stdio.h"

#include "../../../harness/reported.h"

#define PIPES 20 /* more than are remembered */

static int pipes[PIPES], leash;
static pid_t holder;
static const void *site = (const void *)0x1000;

static unsigned findings(void)
{
	unsigned n = 0;

	for (const char *p = report(); (p = strstr(p, "[nonblock.stdio]")); p++)
		n++;
	return n;
}

static bool is_nonblocking(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK;
}

/* What the wrapper does: the call, and then the word. */
static void change(int fd, bool nonblocking)
{
	bool was = is_nonblocking(fd);
	int flags = fcntl(fd, F_GETFL);

	assert_int_equal(fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 0);
	fdg_stdio_changed(fd, was, nonblocking, site);
}

/* Pipes that were open at the start, and a child that holds them too. */
static int setup(void **state)
{
	int end[2], ready[2], fd[2];
	char c = 0;

	(void)state;
	fdg_options.nonblock = FDG_REPORT;
	for (int i = 0; i < PIPES; i++) {
		assert_int_equal(pipe(fd), 0);
		close(fd[1]);
		pipes[i] = fcntl(fd[0], F_DUPFD, 100 + i);
		close(fd[0]);
		fdg_ledger_learn(pipes[i], FDG_KIND_PIPE, FDG_INHERITED, NULL);
	}
	assert_int_equal(pipe(end), 0);
	leash = fcntl(end[1], F_DUPFD, 90);
	close(end[1]);
	assert_int_equal(pipe(ready), 0);
	holder = fork();
	if (holder == 0) {
		close(leash);
		dup2(pipes[0], 0); /* where a shared one usually is */
		_exit(write(ready[1], &c, 1) == 1 && read(end[0], &c, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(end[0]);
	close(ready[0]);
	close(ready[1]);
	report();
	site = (const char *)site + 0x100; /* each site is told once */
	return 0;
}

static void let_holder_go(void)
{
	close(leash);
	leash = -1;
	assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static int teardown(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_OFF;
	for (int i = 0; i < PIPES; i++) {
		fdg_stdio_closing((unsigned)pipes[i], (unsigned)pipes[i]);
		close(pipes[i]);
	}
	if (leash >= 0)
		let_holder_go();
	return 0;
}

static void what_is_left_is_told_once(void **state)
{
	(void)state;
	change(pipes[0], true);
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 1);
	assert_non_null(strstr(logged, "leaves descriptor 100 (pipe) non-blocking, and found it blocking"));
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 0);
	assert_true(is_nonblocking(pipes[0]));
}

static void what_is_put_back_is_not(void **state)
{
	(void)state;
	change(pipes[0], true);
	change(pipes[0], false);
	fdg_stdio_leave(NULL);
	change(pipes[1], true);
	fcntl(pipes[1], F_SETFL, O_RDONLY); /* by somebody else */
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 0);
}

static void fix_puts_it_back_and_a_failed_exec_takes_it_again(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_FIX;
	change(pipes[0], true);
	let_holder_go();
	fdg_stdio_leave("/bin/true");
	assert_false(is_nonblocking(pipes[0]));
	assert_int_equal(findings(), 1);
	assert_non_null(strstr(logged, "starts /bin/true with descriptor 100 (pipe) non-blocking"));
	assert_non_null(strstr(logged, "fixed: by fdguard"));
	fdg_stdio_stay();
	assert_true(is_nonblocking(pipes[0]));
	fdg_stdio_stay();
	fdg_stdio_leave(NULL);
	assert_false(is_nonblocking(pipes[0]));
}

static void a_stranger_keeps_it(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_FIX;
	change(pipes[0], true);
	fdg_stdio_leave("/bin/true");
	assert_true(is_nonblocking(pipes[0]));
	assert_int_equal(findings(), 1);
	assert_null(strstr(logged, "fixed: by fdguard"));
	assert_non_null(strstr(logged, "also held by"));
	let_holder_go();
	fdg_stdio_leave(NULL);
	assert_false(is_nonblocking(pipes[0]));
}

static void a_child_puts_back_what_it_met(void **state)
{
	int status;
	pid_t child;

	(void)state;
	fdg_options.nonblock = FDG_FIX;
	let_holder_go();
	change(pipes[0], true);
	child = fork();
	if (child == 0) {
		change(pipes[0], false);
		change(pipes[0], true);
		fdg_stdio_leave(NULL);
		_exit((int)findings());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(is_nonblocking(pipes[0]));
	fdg_stdio_leave(NULL);
	assert_false(is_nonblocking(pipes[0]));
}

static void a_child_is_not_its_parent(void **state)
{
	int status;
	pid_t child;

	(void)state;
	change(pipes[0], true);
	child = fork();
	if (child == 0) {
		fdg_stdio_leave(NULL);
		_exit((int)findings());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	/* The child puts back what its parent found. */
	child = fork();
	if (child == 0) {
		change(pipes[0], false);
		fdg_stdio_leave(NULL);
		_exit((int)findings());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 0);
}

static void a_copy_stands_for_a_closed_one(void **state)
{
	int copy;

	(void)state;
	copy = fcntl(pipes[0], F_DUPFD, 150);
	fdg_ledger_copy(pipes[0], copy, 0, NULL);
	change(pipes[0], true);
	fdg_stdio_closing((unsigned)pipes[0], (unsigned)pipes[0]);
	fdg_ledger_forget(pipes[0]);
	close(pipes[0]);
	assert_int_equal(findings(), 0);
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 1);
	fdg_stdio_closing(0, ~0u);
	close(copy);
}

static void a_full_table_is_quiet_and_is_emptied_by_closing(void **state)
{
	(void)state;
	usleep(150000); /* the holder has them above 2: that says something once it has had the time to close them */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < PIPES; i++)
			change(pipes[i], true);
		fdg_stdio_leave(NULL);
		assert_int_equal(findings(), round ? 0 : 15); /* of 16; the first was told above */
		fdg_stdio_closing((unsigned)pipes[0], (unsigned)pipes[PIPES - 1]);
		for (int i = 0; i < PIPES; i++)
			assert_int_equal(fcntl(pipes[i], F_SETFL, O_RDONLY), 0);
	}
	/* There is room again, for one that was not told yet. */
	change(pipes[PIPES - 1], true);
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 1);
}

static void a_file_has_no_mode(void **state)
{
	int fd;

	(void)state;
	fd = open("/dev/null", O_RDONLY);
	fdg_ledger_learn(fd, FDG_KIND_DEVICE, FDG_INHERITED, NULL);
	change(fd, true);
	fdg_stdio_leave(NULL);
	assert_int_equal(findings(), 0);
	fdg_ledger_forget(fd);
	close(fd);
}

static int start(void **state)
{
	(void)state;
	return begin_reports(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_left_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_put_back_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(fix_puts_it_back_and_a_failed_exec_takes_it_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stranger_keeps_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_puts_back_what_it_met, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_is_not_its_parent, setup, teardown),
		cmocka_unit_test_setup_teardown(a_copy_stands_for_a_closed_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_table_is_quiet_and_is_emptied_by_closing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_has_no_mode, setup, teardown),
	};

	return cmocka_run_group_tests(tests, start, end_reports);
}
