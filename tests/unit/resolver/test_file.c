// SPDX-License-Identifier: MIT
#include "resolver/file.h"

#include "common.h"

#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/test_file.XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void a_file_is_read_whole(void **state)
{
	struct fdg_file f;

	(void)state;
	write_file("one\ntwo");
	assert_int_equal(fdg_file_load(path, 100, &f), 0);
	assert_int_equal(f.text.n, 7);
	assert_memory_equal(f.text.s, "one\ntwo", 7);
	fdg_file_free(&f);
	assert_int_equal(fdg_file_load(path, 7, &f), 0);
	fdg_file_free(&f);
	assert_int_equal(fdg_file_load(path, 6, &f), -EFBIG);
	fdg_file_free(&f);
	write_file("");
	assert_int_equal(fdg_file_load(path, 6, &f), 0);
	assert_int_equal(f.text.n, 0);
	fdg_file_free(&f);
	assert_int_equal(fdg_file_load("/dev/null", 1 << 20, &f), 0);
	assert_int_equal(f.text.n, 0);
	fdg_file_free(&f);
	assert_int_equal(fdg_file_load("/", 1 << 20, &f), -EISDIR);
}

static void a_change_shows_in_the_stamp(void **state)
{
	struct fdg_file f;
	struct fdg_file_stamp now;

	(void)state;
	write_file("a");
	assert_int_equal(fdg_file_load(path, 100, &f), 0);
	fdg_file_stamp(path, &now);
	assert_true(fdg_file_same(&f.stamp, &now));
	write_file("ab");
	fdg_file_stamp(path, &now);
	assert_false(fdg_file_same(&f.stamp, &now));
	fdg_file_free(&f);
}

static void a_file_that_is_not_there_has_a_stamp(void **state)
{
	struct fdg_file f;
	struct fdg_file_stamp now;

	(void)state;
	assert_int_equal(fdg_file_load("/tmp/no/such/file", 100, &f), -ENOENT);
	fdg_file_stamp("/tmp/no/such/file", &now);
	assert_true(fdg_file_same(&f.stamp, &now));
	fdg_file_stamp(path, &now);
	assert_false(fdg_file_same(&f.stamp, &now));
}

static void no_descriptor_is_left(void **state)
{
	struct fdg_file f;
	int before = dup(0), after;

	(void)state;
	close(before);
	fdg_file_load(path, 100, &f);
	fdg_file_free(&f);
	fdg_file_load("/", 100, &f);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole),
		cmocka_unit_test(a_change_shows_in_the_stamp),
		cmocka_unit_test(a_file_that_is_not_there_has_a_stamp),
		cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
