// SPDX-License-Identifier: MIT
/* Where the log and the results lie, and what a command may do to them in the meantime. */
#include "tools/place.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct pool pool;
static struct place place;
static char top[] = "/tmp/fdguard-place.XXXXXX";

static const char *in_top(const char *name)
{
	return pool_format(&pool, "%s/%s", top, name);
}

static int setup(void **state)
{
	(void)state;
	memcpy(top + sizeof(top) - 7, "XXXXXX", 6);
	return !mkdtemp(top) || setenv("TMPDIR", top, 1);
}

static int teardown(void **state)
{
	(void)state;
	pool_free(&pool);
	return rmdir(top);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void appended(const char *text)
{
	int fd = open(place.log, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void one_of_its_own_leaves_nothing(void **state)
{
	char text[8] = "";

	(void)state;
	assert_true(place_make(&pool, NULL, &place));
	assert_memory_equal(place.directory, top, strlen(top));
	assert_false(mode_of(place.directory) & 066);
	appended("line\n");
	assert_int_equal(read(place.log_read, text, sizeof(text)), 5);
	assert_string_equal(text, "line\n");
	assert_int_equal(place_is_full(&place), 0);
	assert_int_equal(place_lost(&place), 0);
	assert_null(place_harm(&place));
	place_leave(&place);
	place_leave(&place);
	assert_int_equal(access(place.directory, F_OK), -1);
}

static void one_that_is_asked_for_stays(void **state)
{
	const char *out = in_top("out");

	(void)state;
	for (int round = 0; round < 2; round++) { /* there already, the second time */
		int fd;

		assert_true(place_make(&pool, out, &place));
		appended("line\n");
		fd = place_open(&place, "summary.txt");
		assert_int_equal(write(fd, "x", 1), 1);
		close(fd);
		place_leave(&place);
		assert_int_equal(mode_of(in_top("out/log.jsonl")), 0600);
	}
	assert_int_equal(unlink(in_top("out/log.jsonl")), 0);
	assert_int_equal(unlink(in_top("out/summary.txt")), 0);
	assert_int_equal(rmdir(out), 0); /* there is nothing else in it */
}

static void harm_is_seen(void **state)
{
	char c;

	(void)state;
	assert_true(place_make(&pool, NULL, &place));
	appended("line\n");
	assert_int_equal(read(place.log_read, &c, 1), 1);
	assert_int_equal(truncate(place.log, 0), 0);
	assert_string_equal(place_harm(&place), "was truncated");
	appended("more\n");
	assert_null(place_harm(&place));
	assert_int_equal(rename(place.log, in_top("old")), 0);
	assert_string_equal(place_harm(&place), "was deleted or replaced");
	assert_int_equal(close(open(place.log, O_WRONLY | O_CREAT, 0600)), 0);
	assert_string_equal(place_harm(&place), "was deleted or replaced");
	assert_int_equal(unlink(in_top("old")), 0);
	place_leave(&place);
}

static void links_and_pipes_are_not_followed(void **state)
{
	const char *victim = in_top("victim");

	(void)state;
	assert_int_equal(close(open(victim, O_WRONLY | O_CREAT, 0600)), 0);
	assert_true(place_make(&pool, in_top("out"), &place));
	assert_int_equal(symlink(victim, in_top("out/link")), 0);
	assert_int_equal(mkfifo(in_top("out/pipe"), 0600), 0);
	assert_int_equal(place_open(&place, "link"), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(place_open(&place, "pipe"), -1);
	assert_int_equal(errno, ENXIO);
	place_leave(&place);
	unlink(in_top("out/link"));
	unlink(in_top("out/pipe"));
	unlink(in_top("out/log.jsonl"));
	unlink(victim);
	assert_int_equal(rmdir(in_top("out")), 0);
}

/* The command may have moved our directory away, and put another in its place. */
static void what_is_not_ours_is_left_alone(void **state)
{
	const char *moved = in_top("moved"), *theirs;

	(void)state;
	assert_true(place_make(&pool, NULL, &place));
	assert_int_equal(rename(place.directory, moved), 0);
	assert_int_equal(mkdir(place.directory, 0700), 0);
	theirs = pool_format(&pool, "%s/%s", place.directory, strrchr(place.log, '/') + 1);
	assert_int_equal(close(open(theirs, O_WRONLY | O_CREAT, 0600)), 0);
	place_leave(&place);
	assert_int_equal(unlink(theirs), 0);
	assert_int_equal(rmdir(place.directory), 0);
	assert_int_equal(rmdir(moved), 0); /* what was ours is gone */
}

static void results_do_not_follow_a_link_in_its_place(void **state)
{
	const char *out = in_top("out"), *moved = in_top("moved"), *theirs = in_top("theirs");
	int fd;

	(void)state;
	assert_int_equal(mkdir(theirs, 0700), 0);
	assert_true(place_make(&pool, out, &place));
	assert_int_equal(rename(out, moved), 0);
	assert_int_equal(symlink(theirs, out), 0);
	fd = place_open(&place, "findings.json");
	assert_true(fd >= 0);
	close(fd);
	place_leave(&place);
	assert_int_equal(rmdir(theirs), 0); /* nothing came there */
	assert_int_equal(unlink(in_top("moved/findings.json")), 0);
	assert_int_equal(unlink(in_top("moved/log.jsonl")), 0);
	assert_int_equal(rmdir(moved), 0);
	assert_int_equal(unlink(out), 0);
}

static void where_nothing_can_be_written_nothing_is_left(void **state)
{
	struct rlimit before, none;

	(void)state;
	assert_int_equal(mkdir(in_top("there"), 0700), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(place_make(&pool, NULL, &place));
	assert_false(place_make(&pool, in_top("out"), &place));
	assert_false(place_make(&pool, in_top("there"), &place));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(access(in_top("out"), F_OK), -1);
	assert_int_equal(rmdir(in_top("there")), 0); /* that one is not ours to take away */
}

static void bad_places_are_refused(void **state)
{
	const char *file = in_top("file"), *quote = in_top("it's");

	(void)state;
	assert_int_equal(close(open(file, O_WRONLY | O_CREAT, 0600)), 0);
	assert_false(place_make(&pool, file, &place));
	assert_false(place_make(&pool, in_top("no/such"), &place));
	assert_int_equal(mkdir(quote, 0700), 0);
	assert_false(place_make(&pool, quote, &place));
	setenv("TMPDIR", quote, 1);
	assert_false(place_make(&pool, NULL, &place));
	assert_int_equal(rmdir(quote), 0); /* nothing was left in it */
	assert_int_equal(unlink(file), 0);
}

static void a_relative_tmpdir_does_not_count(void **state)
{
	(void)state;
	setenv("TMPDIR", "tmp", 1);
	assert_true(place_make(&pool, NULL, &place));
	assert_memory_equal(place.directory, "/tmp/", 5);
	place_leave(&place);
	assert_int_equal(access(place.directory, F_OK), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_of_its_own_leaves_nothing),
		TEST(one_that_is_asked_for_stays),
		TEST(harm_is_seen),
		TEST(links_and_pipes_are_not_followed),
		TEST(what_is_not_ours_is_left_alone),
		TEST(results_do_not_follow_a_link_in_its_place),
		TEST(where_nothing_can_be_written_nothing_is_left),
		TEST(bad_places_are_refused),
		TEST(a_relative_tmpdir_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
