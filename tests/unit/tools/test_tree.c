// SPDX-License-Identifier: MIT
/* Coverage: which images are matched with which announcements, in every order that they can come in. */
#include "tools/tree.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/image.h"
#include "options/options.h"

static struct run run;
static struct tree *tree;
static unsigned uncovered;
static char last[512]; /* message of the last one */

static void heard(void *cookie, const struct log_line *l)
{
	(void)cookie;
	assert_string_equal(l->id, "run.uncovered");
	uncovered++;
	snprintf(last, sizeof(last), "%s", l->message);
}

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	run = (struct run){ .o = { .leaks = true } };
	tree = tree_new(&run, heard, NULL);
	uncovered = 0;
	last[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_free(tree);
	run_free(&run);
	return 0;
}

static struct log_line line(const char *format, ...)
{
	static char text[2048], rest[1024];
	struct log_line l;
	const char *why;
	va_list ap;
	int n;

	va_start(ap, format);
	vsnprintf(rest, sizeof(rest), format, ap);
	va_end(ap);
	n = snprintf(text, sizeof(text), "{\"v\":1,\"time\":\"t\",\"tid\":1,\"guard\":\"run\",\"id\":\"run.x\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"\",%s}", rest);
	if (!log_parse(&run.pool, text, (size_t)n, &l, &why))
		fail_msg("%s: %s", text, why);
	return l;
}

static void start(int pid, int ppid, const char *exe)
{
	struct log_line l = line("\"pid\":%d,\"exe\":\"%s\",\"ppid\":%d,\"argv\":[\"%s\",\"x\"]", pid, exe, ppid, exe);

	tree_start(tree, &l);
}

static void end(int pid)
{
	struct log_line l = line("\"pid\":%d,\"exe\":\"/x\",\"lost\":0", pid);

	tree_end(tree, &l);
}

static void announce(int pid, const char *file, int child, int error, int elsewhere)
{
	struct log_line l = line("\"pid\":%d,\"exe\":\"/bin/parent\",\"file\":\"%s\",\"child\":%d,\"error\":%d,\"elsewhere\":%d", pid, file, child, error, elsewhere);

	tree_exec(tree, &l);
}

static void finished(unsigned images, unsigned want)
{
	tree_finish(tree);
	assert_int_equal(run.images, images);
	assert_int_equal(uncovered, want);
}

static void an_exec_is_followed_by_its_image(void **state)
{
	(void)state;
	announce(10, "/bin/true", 0, 0, 0);
	start(10, 1, "/bin/true");
	end(10);
	finished(1, 0);
	assert_true(run.image[0].claimed);
	assert_true(run.image[0].ended);
	assert_string_equal(run.image[0].command, "/bin/true x");
	assert_int_equal(run.unended, 0);
	assert_int_equal(run.execs, 1);
}

static void one_that_never_came_is_told(void **state)
{
	(void)state;
	announce(10, "/no/such/program", 0, 0, 0);
	finished(0, 1);
	assert_non_null(strstr(last, "program (pid 10), started by parent, ran unguarded: it is gone from the disk"));
}

static void one_that_could_have_been_guarded_lost_its_preload(void **state)
{
	(void)state;
	assert_int_equal(fdg_options_set(&fdg_options, "follow=off", NULL, NULL), 0);
	announce(10, "/bin/true", 11, 0, 0);
	finished(0, 1);
	assert_non_null(strstr(last, "true (pid 11), started by parent (pid 10), ran unguarded: it is dynamically linked, but"));
	assert_non_null(strstr(last, "the preload was lost"));
}

static void one_that_could_not_be_preloaded_did_run(void **state)
{
	struct log_line l = line("\"pid\":10,\"exe\":\"/bin/parent\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"elsewhere\":0,\"barred\":1");

	(void)state;
	tree_exec(tree, &l);
	l = line("\"pid\":11,\"exe\":\"/bin/parent\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"elsewhere\":0,\"barred\":2");
	tree_exec(tree, &l);
	start(11, 10, "/bin/true"); /* it was preloaded all the same */
	l = line("\"pid\":12,\"exe\":\"/bin/parent\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"elsewhere\":0,\"barred\":99");
	tree_exec(tree, &l);
	finished(1, 1);
	assert_non_null(strstr(last, "true (pid 10), started by parent, ran unguarded: it is dynamically linked, but the library's file was out of its reach"));
}

static void told(int pid, const char *file, enum fdg_image_kind kind, unsigned detail, const char *more)
{
	struct log_line l = line("\"pid\":%d,\"exe\":\"/bin/parent\",\"file\":\"%s\",\"child\":0,\"error\":0,\"image\":%d,\"detail\":%u%s", pid, file, (int)kind, detail, more);

	tree_exec(tree, &l);
}

static void what_the_starter_saw_of_a_file_goes_before_what_is_there_now(void **state)
{
	(void)state;
	told(10, "/bin/true", FDG_IMAGE_STATIC, 0, "");
	tree_finish(tree);
	assert_non_null(strstr(last, "true (pid 10), started by parent, ran unguarded: it is statically linked"));
	told(11, "/bin/true", FDG_IMAGE_PRIVILEGED, FDG_IMAGE_CAPABLE, "");
	tree_finish(tree);
	assert_non_null(strstr(last, "has file capabilities"));
	told(12, "/bin/true", FDG_IMAGE_FOREIGN, 0, ",\"loader\":\"/lib/ld-musl.so\"");
	tree_finish(tree);
	assert_non_null(strstr(last, "other than glibc (/lib/ld-musl.so)"));
	told(13, "/proc/self/fd/3", FDG_IMAGE_STATIC, 0, ",\"real\":\"/memfd:x (deleted)\"");
	tree_finish(tree);
	assert_non_null(strstr(last, "memfd:x (deleted) (pid 13)"));
	assert_int_equal(uncovered, 4);
	told(14, "/no/such/program", FDG_IMAGE_DYNAMIC, 0, "");
	finished(0, 4);
	assert_int_equal(run.unbegun, 1);
}

static void what_was_told_is_no_kind_is_not_believed(void **state)
{
	(void)state;
	told(10, "/bin/true", FDG_IMAGE_KINDS, 0, "");
	told(11, "/bin/true", FDG_IMAGE_FOREIGN, 70000, "");
	told(12, "/bin/true", FDG_IMAGE_PRIVILEGED, 77, "");
	finished(0, 1);
}

static void a_static_program_is_not_the_dynamic_one_of_its_name(void **state)
{
	(void)state;
	told(10, "/a/app", FDG_IMAGE_STATIC, 0, "");
	start(10, 1, "/b/app");
	assert_int_equal(uncovered, 1);
	told(11, "/usr/libexec/valgrind/memcheck-amd64-linux", FDG_IMAGE_STATIC, 0, "");
	start(11, 1, "/b/app");
	told(12, "/a/app", FDG_IMAGE_PRIVILEGED, FDG_IMAGE_SUID, ""); /* the kernel had its reasons */
	start(12, 1, "/a/app");
	finished(3, 1);
}

static void what_the_loader_is_asked_about_does_not_run(void **state)
{
	struct log_line l = line("\"pid\":10,\"exe\":\"/bin/sh\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"barred\":%d", FDG_BARRED_QUESTION);

	(void)state;
	tree_exec(tree, &l);
	finished(0, 0);
	assert_int_equal(run.execs, 0);
	assert_int_equal(run.unbegun, 0);
}

static void one_that_was_handed_the_preload_may_have_ended_before_it_began(void **state)
{
	(void)state;
	announce(10, "/bin/true", 999999999, 0, 0);
	tree_look(tree);
	finished(0, 0);
	assert_int_equal(run.unbegun, 1);
}

static void cmd_that_ended_well_did_begin(void **state)
{
	(void)state;
	run.cmd_pid = 10;
	tree_expect(tree, 10, "/bin/sh", "t");
	start(10, 1, "/bin/sh");
	announce(10, "/bin/true", 0, 0, 0);
	finished(1, 1);
	assert_int_equal(run.unended, 0);
}

static void what_could_not_be_written_is_counted(void **state)
{
	struct log_line l = line("\"pid\":10,\"exe\":\"/x\",\"lost\":1,\"lost_run\":2,\"lost_below\":4,\"dropped\":8");

	(void)state;
	tree_end(tree, &l);
	assert_int_equal(run.lost, 15);
}

static void of_several_ends_the_last_one_counts(void **state)
{
	struct log_line l;

	(void)state;
	start(10, 1, "/bin/x");
	l = line("\"pid\":10,\"exe\":\"/bin/x\",\"lost\":2,\"until\":\"seccomp\"");
	tree_end(tree, &l);
	assert_true(run.image[0].filtered);
	l = line("\"pid\":10,\"exe\":\"/bin/x\",\"lost\":3");
	tree_end(tree, &l);
	assert_false(run.image[0].filtered);
	assert_int_equal(run.lost, 3);
	start(11, 1, "/bin/x");
	l = line("\"pid\":11,\"exe\":\"/bin/x\",\"lost\":0,\"until\":\"seccomp\"");
	tree_end(tree, &l);
	l = line("\"pid\":12,\"exe\":\"/bin/x\",\"lost\":0,\"until\":\"seccomp\"");
	tree_end(tree, &l);
	finished(2, 0);
	assert_int_equal(run.filtereds, 2);
	assert_true(run.filtered[0].forked);
	assert_int_equal(run.filtered[0].pid, 12);
	assert_int_equal(run.filtered[1].pid, 11);
	assert_false(run.filtered[1].forked);
	assert_int_equal(run.unended, 0);
}

static void an_image_without_an_end_is_cut_short(void **state)
{
	(void)state;
	start(10, 1, "/bin/sh");
	assert_true(tree_is_cut_short(tree, 10));
	assert_false(tree_is_cut_short(tree, 11));
	end(10);
	assert_false(tree_is_cut_short(tree, 10));
}

static void a_failed_exec_started_nothing(void **state)
{
	(void)state;
	announce(10, "/a/x", 0, 0, 0);
	announce(10, "/a/x", 0, 2, 0);
	announce(10, "/b/x", 0, 0, 0);
	start(10, 1, "/b/x");
	finished(1, 0);
	assert_int_equal(run.execs, 1);
}

static void a_number_that_is_used_again_does_not_hide_what_never_came(void **state)
{
	(void)state;
	announce(10, "/no/such", 0, 0, 0);
	announce(10, "/bin/true", 0, 0, 0);
	start(10, 1, "/bin/true");
	finished(1, 1);
}

static void a_spawn_may_be_announced_before_or_after(void **state)
{
	(void)state;
	announce(10, "/bin/true", 11, 0, 0);
	start(11, 10, "/bin/true");
	start(12, 10, "/bin/true");
	announce(10, "/bin/true", 12, 0, 0);
	finished(2, 0);
	assert_true(run.image[0].claimed);
	assert_true(run.image[1].claimed);
}

static void a_spawned_shell_may_exec_before_it_is_announced(void **state)
{
	(void)state;
	start(11, 10, "/bin/sh");
	announce(11, "/bin/true", 0, 0, 0);
	start(11, 10, "/bin/true");
	announce(10, "/bin/sh", 11, 0, 0);
	finished(2, 0);
}

static void the_child_of_popen_is_any(void **state)
{
	(void)state;
	announce(10, "/bin/sh", -1, 0, 0);
	start(11, 10, "/bin/sh");
	start(12, 10, "/bin/sh");
	announce(10, "/bin/sh", -1, 0, 0);
	finished(2, 0);
}

static void one_child_of_popen_that_is_missing_is_missed(void **state)
{
	(void)state;
	announce(10, "/bin/sh", -1, 0, 0);
	announce(10, "/bin/sh", -1, 0, 0);
	start(11, 10, "/bin/sh");
	finished(1, 1);
}

static void a_spawned_child_does_not_stand_for_one_of_popen(void **state)
{
	(void)state;
	start(11, 10, "/bin/true");
	announce(10, "/bin/true", 11, 0, 0);
	announce(10, "/bin/sh", -1, 0, 0);
	finished(1, 1);
}

/* A process that was there and is gone. */
static int a_dead_number(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return (int)pid;
}

static void what_a_dead_process_left_open_is_not_for_the_next_of_its_number(void **state)
{
	int dead = a_dead_number(), parent = a_dead_number();

	(void)state;
	announce(dead, "/no/such", 0, 0, 0); /* it never came */
	start(parent, 1, "/bin/parent");     /* nobody told of it */
	tree_look(tree);
	assert_int_equal(uncovered, 0); /* its line may not be read yet */
	tree_look(tree);
	assert_int_equal(uncovered, 1);
	announce(20, "/bin/sh", -1, 0, 0);
	start(dead, 20, "/bin/sh");
	announce(21, "/no/such/either", parent, 0, 0);
	finished(2, 2);
}

static void options_of_its_own_take_an_image_out_of_sight(void **state)
{
	(void)state;
	announce(10, "/bin/true", 0, 0, 1);
	announce(11, "/bin/true", 0, 0, 1);
	announce(11, "/bin/true", 0, 13, 1);
	announce(12, "/bin/true", 0, 0, 1);
	start(12, 10, "/bin/true"); /* its options name our log all the same */
	finished(1, 1);
	assert_non_null(strstr(last, "true (pid 10), started by parent, ran unguarded: it was started with FDGUARD_OPTIONS of its own, and reports elsewhere"));
	assert_int_equal(run.elsewhere, 0);
}

/* The launcher, installed with its tools or not, starts /bin/true as process 10. */
static void launch(bool installed)
{
	char folder[] = "/tmp/fdguard-tree.XXXXXX", other[64];
	struct log_line l;
	int fd;

	assert_non_null(mkdtemp(folder));
	snprintf(other, sizeof(other), "%s/fdguard-options", folder);
	fd = installed ? open(other, O_WRONLY | O_CREAT, 0700) : -1;
	l = line("\"pid\":10,\"exe\":\"%s/fdguard-cmd\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"elsewhere\":1", folder);
	tree_exec(tree, &l);
	tree_finish(tree);
	close(fd);
	unlink(other);
	rmdir(folder);
}

static void a_run_inside_may_have_options_of_its_own(void **state)
{
	(void)state;
	launch(true);
	finished(0, 0);
	assert_int_equal(run.elsewhere, 1);
}

static void another_program_of_that_name_may_not(void **state)
{
	(void)state;
	launch(false);
	finished(0, 1);
	assert_int_equal(run.elsewhere, 0);
}

static void numbers_mean_something_in_their_namespace(void **state)
{
	struct log_line l;

	(void)state;
	for (int space = 1; space <= 3; space++) {
		l = line("\"pid\":1,\"exe\":\"/bin/sh\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"pidns\":%d", space);
		tree_exec(tree, &l);
	}
	for (int space = 1; space <= 3; space++) {
		l = line("\"pid\":1,\"exe\":\"/bin/true\",\"ppid\":0,\"pidns\":%d", space);
		tree_start(tree, &l);
	}
	for (int space = 1; space <= 3; space++) {
		l = line("\"pid\":1,\"exe\":\"/bin/true\",\"lost\":0,\"pidns\":%d", space);
		tree_end(tree, &l);
	}
	l = line("\"pid\":2,\"exe\":\"/bin/sh\",\"file\":\"/bin/app\",\"child\":3,\"error\":0,\"image\":%d,\"pidns\":4", FDG_IMAGE_STATIC);
	tree_exec(tree, &l);
	tree_look(tree); /* 3 is somebody else here, or nobody */
	tree_look(tree);
	assert_int_equal(uncovered, 0);
	finished(3, 1);
	assert_int_equal(run.unended, 0);
	assert_int_equal(run.image[2].pid, 1);
	assert_non_null(strstr(last, "app (pid 3), started by sh (pid 2)"));
}

static void a_number_may_be_that_of_one_that_reported_elsewhere(void **state)
{
	char folder[] = "/tmp/fdguard-tree.XXXXXX", other[64];
	struct log_line l;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(other, sizeof(other), "%s/fdguard-options", folder);
	close(open(other, O_WRONLY | O_CREAT, 0700));
	l = line("\"pid\":10,\"exe\":\"%s/fdguard-cmd\",\"file\":\"/bin/true\",\"child\":0,\"error\":0,\"elsewhere\":1", folder);
	tree_exec(tree, &l);
	announce(20, "/bin/sh", -1, 0, 0);
	start(10, 20, "/bin/sh");
	finished(1, 0);
	assert_int_equal(run.elsewhere, 1);
	unlink(other);
	rmdir(folder);
}

static void what_is_left_out_by_name_is_not_awaited(void **state)
{
	(void)state;
	assert_int_equal(fdg_options_set(&fdg_options, "skip=tru*", NULL, NULL), 0);
	announce(10, "/bin/true", 0, 0, 0);
	assert_int_equal(fdg_options_set(&fdg_options, "follow=off", NULL, NULL), 0);
	announce(11, "/bin/false", 0, 0, 0);
	finished(0, 1);
	assert_non_null(strstr(last, "false (pid 11)"));
	assert_int_equal(run.left_out, 1);
}

static void cmd_itself_is_awaited(void **state)
{
	(void)state;
	run.cmd_pid = 10;
	tree_expect(tree, 10, "/bin/true", "t");
	finished(0, 1);
}

static void cmd_may_be_excused(void **state)
{
	(void)state;
	tree_expect(tree, 10, "nosuch", "t");
	tree_excuse(tree, 10);
	finished(0, 0);
}

static void what_is_open_at_the_end_is_added_up(void **state)
{
	struct log_line l = line("\"pid\":10,\"exe\":\"/x\",\"lost\":2,\"dropped\":1,\"open\":[{\"kind\":\"pipe\",\"count\":2,\"object\":\"/x\",\"offset\":\"0x1\"},"
				 "{\"kind\":\"file\",\"count\":9},{\"more\":4},7,{\"kind\":3,\"count\":1},{\"kind\":\"pipe\",\"count\":-5}]");

	(void)state;
	tree_end(tree, &l);
	tree_end(tree, &l);
	finished(0, 0);
	assert_int_equal(run.lost, 6);
	assert_int_equal(run.opens, 2);
	assert_string_equal(run.open[0].kind, "file");
	assert_int_equal(run.open[0].count, 18);
	assert_null(run.open[0].made.object);
	assert_int_equal(run.open[1].count, 4);
	assert_int_equal(run.open[1].images, 2);
	assert_int_equal(run.more_opens, 8);
}

static void a_thousand_processes_are_told_apart(void **state)
{
	(void)state;
	run.cmd_pid = 256000;
	for (int i = 1; i <= 1000; i++)
		announce(i * 256, "/bin/true", 0, 0, 0);
	for (int i = 1; i <= 999; i++)
		start(i * 256, 1, "/bin/true");
	finished(999, 1);
	assert_int_equal(run.unended, 999);
	assert_non_null(strstr(last, "(pid 256000)"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_exec_is_followed_by_its_image),
		TEST(one_that_never_came_is_told),
		TEST(one_that_could_have_been_guarded_lost_its_preload),
		TEST(one_that_could_not_be_preloaded_did_run),
		TEST(what_the_starter_saw_of_a_file_goes_before_what_is_there_now),
		TEST(what_was_told_is_no_kind_is_not_believed),
		TEST(a_static_program_is_not_the_dynamic_one_of_its_name),
		TEST(what_the_loader_is_asked_about_does_not_run),
		TEST(one_that_was_handed_the_preload_may_have_ended_before_it_began),
		TEST(cmd_that_ended_well_did_begin),
		TEST(what_could_not_be_written_is_counted),
		TEST(of_several_ends_the_last_one_counts),
		TEST(an_image_without_an_end_is_cut_short),
		TEST(a_failed_exec_started_nothing),
		TEST(a_number_that_is_used_again_does_not_hide_what_never_came),
		TEST(a_spawn_may_be_announced_before_or_after),
		TEST(a_spawned_shell_may_exec_before_it_is_announced),
		TEST(the_child_of_popen_is_any),
		TEST(one_child_of_popen_that_is_missing_is_missed),
		TEST(a_spawned_child_does_not_stand_for_one_of_popen),
		TEST(what_a_dead_process_left_open_is_not_for_the_next_of_its_number),
		TEST(options_of_its_own_take_an_image_out_of_sight),
		TEST(a_run_inside_may_have_options_of_its_own),
		TEST(another_program_of_that_name_may_not),
		TEST(numbers_mean_something_in_their_namespace),
		TEST(a_number_may_be_that_of_one_that_reported_elsewhere),
		TEST(what_is_left_out_by_name_is_not_awaited),
		TEST(cmd_itself_is_awaited),
		TEST(cmd_may_be_excused),
		TEST(what_is_open_at_the_end_is_added_up),
		TEST(a_thousand_processes_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
