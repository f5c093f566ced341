// SPDX-License-Identifier: MIT
/* What is lost is counted where the whole tree of processes can tell it, whoever reaches the log. */
#include "report/lost.h"

#include <signal.h>

#include "base/image.h"
#include "common.h"
#include "report/run.h"

static const char *folder;

static int setup(void **state)
{
	struct fdg_lost_tree none = { 0 };
	int fd;

	(void)state;
	folder = enter_folder();
	mkdir("taken", 0700); /* what cannot be opened for writing */
	fd = open("taken.lost", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, &none, sizeof(none)), sizeof(none));
	close(fd);
	set_options(FDG_JSON, "taken");
	fdg_options.run_exec = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leave_folder(folder);
	return 0;
}

static uint64_t number(void)
{
	int fd = open("taken.lost", O_RDONLY);
	uint64_t n;

	assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
	close(fd);
	return n;
}

static void start(void)
{
	fdg_report_start(EXE, 0, NULL);
}

static void report(const char *key)
{
	struct fdg_finding f = leak();

	f.key = key;
	fdg_report(&f);
}

static void lose_and_vanish(void)
{
	start();
	fdg_report_run_start();
	report("a");
	if (fork() == 0) {
		fdg_report_fork_child();
		report("b");
		kill(getpid(), SIGKILL);
	}
	wait(NULL);
	kill(getpid(), SIGKILL);
}

static void those_that_are_killed_have_told(void **state)
{
	(void)state;
	in_child(lose_and_vanish);
	assert_int_equal(number(), 3);
}

static void end_alone(void)
{
	start();
	fdg_report_end();
}

static void an_end_alone_is_no_loss(void **state)
{
	(void)state;
	in_child(end_alone);
	assert_int_equal(number(), 0);
}

static void without_the_option(void **state)
{
	(void)state;
	fdg_options.run_exec = false;
	in_child(lose_and_vanish);
	assert_int_equal(number(), 0);
}

static void cut_it_short(void)
{
	start();
	if (truncate("taken.lost", 0) != 0)
		_exit(1);
	report("a");
}

static void a_file_that_was_cut_short_ends_nobody(void **state)
{
	(void)state;
	assert_exit(in_child(cut_it_short), 0);
}

static void start_two(void)
{
	start();
	for (const char *const *file = (const char *const[]){ "/no/such\npath/one", "/two", NULL }; *file; file++)
		fdg_report_run_exec(&(struct fdg_run_exec){ .file = *file });
	fdg_report_run_exec(&(struct fdg_run_exec){ .file = "/two", .error = 2 });
}

static void the_first_program_is_named(void **state)
{
	struct fdg_lost_tree seen = { 0 };
	int fd;

	(void)state;
	in_child(start_two);
	fd = open("taken.lost", O_RDONLY);
	assert_int_equal(read(fd, &seen, sizeof(seen)), sizeof(seen));
	close(fd);
	assert_string_equal(seen.program, "/no/such\\x0apath/one");
	assert_int_equal(seen.lines, 3);
}

static void lose_one(void)
{
	start();
	report("a");
}

static void one_that_is_too_short_or_no_file_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(truncate("taken.lost", 4), 0);
	assert_exit(in_child(lose_one), 0);
	assert_int_equal(unlink("taken.lost"), 0);
	assert_exit(in_child(lose_one), 0);
	assert_int_equal(symlink("/dev/zero", "taken.lost"), 0);
	assert_exit(in_child(lose_one), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_that_are_killed_have_told),
		TEST(an_end_alone_is_no_loss),
		TEST(without_the_option),
		TEST(a_file_that_was_cut_short_ends_nobody),
		TEST(the_first_program_is_named),
		TEST(one_that_is_too_short_or_no_file_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
