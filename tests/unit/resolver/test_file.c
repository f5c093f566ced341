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

static char all[1000000];
static size_t all_len;
static unsigned parts, unended;

static int append(void *cookie, char *lines, size_t n)
{
	(void)cookie;
	assert_true(n > 0 && all_len + n <= sizeof(all));
	memcpy(all + all_len, lines, n);
	all_len += n;
	parts++;
	unended += lines[n - 1] != '\n';
	memset(lines, 'x', n); /* they may be written to */
	return n == 4 ? -ECANCELED : 0;
}

/* Lines of all lengths, one of them longer than what is read at a time, and no end of the last. */
static void a_file_comes_in_whole_lines(void **state)
{
	static char text[1000000];
	size_t n = 0;
	struct fdg_file file;
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	while (n < 400000) {
		size_t line = n > 150000 && n < 160000 ? 200000 : any(3000);

		memset(text + n, 'a' + (int)any(26), line);
		n += line;
		text[n++] = '\n';
	}
	n--;
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(fdg_file_read(path, 1 << 20, &file, append, NULL), 0);
	fdg_file_free(&file);
	assert_int_equal(all_len, n);
	assert_memory_equal(all, text, n);
	assert_true(parts > 3);
	assert_int_equal(unended, 1);
	assert_int_equal(fdg_file_read(path, 1 << 17, &file, append, NULL), -EFBIG);
	fdg_file_free(&file);
	write_file("one\n");
	assert_int_equal(fdg_file_read(path, 1 << 20, &file, append, NULL), -ECANCELED);
	fdg_file_free(&file);
	assert_int_equal(fdg_file_read("/nowhere", 1 << 20, &file, append, NULL), -ENOENT);
	assert_int_equal(file.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole),
		cmocka_unit_test(a_change_shows_in_the_stamp),
		cmocka_unit_test(a_file_that_is_not_there_has_a_stamp),
		cmocka_unit_test(no_descriptor_is_left),
		cmocka_unit_test(a_file_comes_in_whole_lines),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
