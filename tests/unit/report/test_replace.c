// SPDX-License-Identifier: MIT
#include "report/replace.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "common.h"

static const char *folder;

static int setup(void **state)
{
	(void)state;
	folder = enter_folder();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leave_folder(folder);
	return 0;
}

static unsigned entries(void)
{
	DIR *d = opendir(".");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void a_file_is_made_and_replaced(void **state)
{
	struct stat st;
	ino_t first;

	(void)state;
	umask(022);
	assert_int_equal(fdg_replace_file("f", "one\n", 4), 0);
	assert_string_equal(slurp("f"), "one\n");
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	first = st.st_ino;
	assert_int_equal(fdg_replace_file("f", "more\n", 5), 0);
	assert_string_equal(slurp("f"), "more\n");
	assert_int_equal(stat("f", &st), 0);
	assert_true(st.st_ino != first);
	assert_int_equal(entries(), 1);
}

static void who_has_it_open_goes_on_with_what_it_was(void **state)
{
	char text[8] = "";
	int fd;

	(void)state;
	assert_int_equal(fdg_replace_file("f", "one\n", 4), 0);
	fd = open("f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fdg_replace_file("f", "two!\n", 5), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "one\n");
	close(fd);
}

static void what_is_no_file_stays(void **state)
{
	(void)state;
	assert_int_equal(symlink("elsewhere", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(fdg_replace_file("link", "x", 1), -FDG_REPLACE_OTHER);
	assert_int_equal(fdg_replace_file("fifo", "x", 1), -FDG_REPLACE_OTHER);
	assert_int_equal(fdg_replace_file(".", "x", 1), -FDG_REPLACE_OTHER);
	assert_int_equal(fdg_replace_file("none/f", "x", 1), -ENOENT);
	assert_int_equal(entries(), 2);
}

static void without_room_it_stays_as_it_was(void **state)
{
	static char much[100000];
	struct rlimit old, small;

	(void)state;
	assert_int_equal(fdg_replace_file("f", "one\n", 4), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){ 50000, old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(fdg_replace_file("f", much, sizeof(much)), -EFBIG); /* and SIGXFSZ has ended nobody */
	setrlimit(RLIMIT_FSIZE, &old);
	assert_string_equal(slurp("f"), "one\n");
	assert_int_equal(entries(), 1);
}

static void a_program_without_a_descriptor_left_is_told_of_too(void **state)
{
	struct rlimit old, none;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &old);
	none = (struct rlimit){ 64, old.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	while (fcntl(2, F_DUPFD_CLOEXEC, 3) >= 0)
		continue;
	assert_int_equal(fdg_replace_file("f", "one\n", 4), 0);
	setrlimit(RLIMIT_NOFILE, &old);
	closefrom(3);
	assert_string_equal(slurp("f"), "one\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_made_and_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_it_open_goes_on_with_what_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(without_room_it_stays_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_without_a_descriptor_left_is_told_of_too, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
