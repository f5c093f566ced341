// SPDX-License-Identifier: MIT
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/repository.h"

static char top[PATH_MAX];

static void touch(const char *name)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fclose(f);
}

static int enter(void **state)
{
	char name[] = "/tmp/fdguard-repository.XXXXXX";

	(void)state;
	if (!mkdtemp(name) || chdir(name) < 0 || !getcwd(top, sizeof(top)))
		return -1;
	mkdir("src", 0700);
	mkdir("build", 0700);
	touch("src/pool.c");
	touch("build/made.c");
	touch("a.txt");
	return symlink("src/pool.c", "link.c");
}

static int leave(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return chdir("/") < 0 || system(command);
}

static const char *under_top(const char *name)
{
	static char path[PATH_MAX + 256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void paths_are_relative_to_the_root(void **state)
{
	struct repository r;

	(void)state;
	repository_open(&r, top, "/nonexistent");
	assert_string_equal(r.root, top);
	assert_string_equal(repository_path(&r, under_top("src/pool.c")), "src/pool.c");
	assert_string_equal(repository_path(&r, under_top("build/../src/./pool.c")), "src/pool.c");
	assert_string_equal(repository_path(&r, under_top("link.c")), "src/pool.c");
	assert_string_equal(repository_path(&r, "./src/pool.c"), "src/pool.c"); /* -ffile-prefix-map */
	repository_close(&r);
}

static void what_is_outside_or_not_there_has_no_path(void **state)
{
	struct repository r;

	(void)state;
	repository_open(&r, top, top);
	assert_null(repository_path(&r, "/usr/include/stdio.h"));
	assert_null(repository_path(&r, under_top("src/gone.c")));
	assert_null(repository_path(&r, under_top("src")));
	assert_null(repository_path(&r, under_top("../outside")));
	assert_null(repository_path(&r, "../../../../../../etc/passwd"));
	assert_null(repository_path(&r, ""));
	assert_null(repository_path(&r, NULL));
	repository_close(&r);
	repository_open(&r, under_top("src"), top);
	assert_null(repository_path(&r, under_top("a.txt")));
	repository_close(&r);
}

static void a_directory_beside_is_not_inside(void **state)
{
	struct repository r;

	(void)state;
	repository_open(&r, under_top("src"), top);
	mkdir("src-old", 0700);
	touch("src-old/a.c");
	assert_null(repository_path(&r, under_top("src-old/a.c")));
	repository_close(&r);
	unlink("src-old/a.c");
	rmdir("src-old");
}

static void the_stable_file_is_the_build_description(void **state)
{
	struct repository r;

	(void)state;
	repository_open(&r, NULL, top);
	assert_string_equal(r.stable, "a.txt");
	repository_close(&r);
	touch("README.md");
	repository_open(&r, NULL, top);
	assert_string_equal(r.stable, "README.md");
	repository_close(&r);
	touch("Makefile");
	repository_open(&r, NULL, top);
	assert_string_equal(r.stable, "Makefile");
	repository_close(&r);
	unlink("Makefile");
	unlink("README.md");
}

static void without_any_file_there_is_a_name_all_the_same(void **state)
{
	struct repository r;

	(void)state;
	mkdir("empty", 0700);
	repository_open(&r, "empty", top);
	assert_string_equal(r.stable, "README.md");
	repository_close(&r);
	rmdir("empty");
	repository_open(&r, "/nonexistent", top);
	assert_string_equal(r.root, "");
	assert_string_equal(r.stable, "README.md");
	assert_null(repository_path(&r, "/etc/passwd"));
	repository_close(&r);
	repository_open(&r, "/", top);
	assert_null(repository_path(&r, "/etc/passwd"));
	repository_close(&r);
}

/* git says what is the repository's: not what a build made, nor what nobody added. */
static void in_a_work_tree_git_is_asked(void **state)
{
	struct repository r;

	(void)state;
	assert_int_equal(system("git init -q . && echo build/ > .gitignore && touch README.md CMakeLists.txt && git add README.md src .gitignore"), 0);
	repository_open(&r, NULL, under_top("src"));
	assert_string_equal(r.root, top);
	assert_string_equal(repository_path(&r, under_top("src/pool.c")), "src/pool.c");
	assert_null(repository_path(&r, under_top("build/made.c")));
	assert_null(repository_path(&r, under_top("a.txt")));
	assert_string_equal(r.stable, "README.md"); /* CMakeLists.txt was not added */
	repository_close(&r);
}

static void without_git_every_file_counts(void **state)
{
	char *path = strdup(getenv("PATH"));
	struct repository r;

	(void)state;
	setenv("PATH", "/nonexistent", 1);
	repository_open(&r, NULL, top);
	setenv("PATH", path, 1);
	free(path);
	assert_string_equal(r.root, top);
	assert_string_equal(repository_path(&r, under_top("a.txt")), "a.txt");
	assert_string_equal(r.stable, "CMakeLists.txt");
	repository_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_relative_to_the_root),
		cmocka_unit_test(what_is_outside_or_not_there_has_no_path),
		cmocka_unit_test(a_directory_beside_is_not_inside),
		cmocka_unit_test(the_stable_file_is_the_build_description),
		cmocka_unit_test(without_any_file_there_is_a_name_all_the_same),
		cmocka_unit_test(in_a_work_tree_git_is_asked),
		cmocka_unit_test(without_git_every_file_counts),
	};

	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	unsetenv("GIT_WORK_TREE");
	return cmocka_run_group_tests(tests, enter, leave);
}
