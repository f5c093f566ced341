// SPDX-License-Identifier: MIT
/* select-corpus [--all] [--bare] [--failures] [--ideal PRELOAD] [--build NAME] [--pattern NAME] DIR LIBRARY: runs the programs of DIR, bare and with LIBRARY
   preloaded, many at a time, and prints which share of them ends with the right result. Fails if that share is too small (judge.c).
   --all: every case, not a sample. --failures: list what is wrong. --ideal: also with a preload that knows the answer, and tells the cases apart. */
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATTERN(name, happening, ready_limit, idle_limit, ...) \
	{ #name, happening, ready_limit, idle_limit, { __VA_ARGS__ } },
const struct row rows[] = {
#include "patterns.def"
};
#undef PATTERN
const int row_count = sizeof rows / sizeof *rows;
const int fds[FDS] = { 1024, 1029, 1045, 1055, 1087, 1088, 1100, 1500, 2047, 4000 };
const char *const compilers[COMPILERS] = { "gcc", "clang" };
const char *const crowds[CROWDS] = { "sparse", "own", "inherited" };
static const char *const levels[LEVELS] = { "O0", "O1", "O2", "O3", "Os" };

enum {
	SAMPLE = 3,   /* descriptors per pattern and build, without --all */
	FILES = 8192, /* RLIMIT_NOFILE of the programs */
};

static struct corpus corpus;
static const char *only_build, *only_pattern;
static bool all, list_failures;

const char *build_name(int build)
{
	static char name[64];
	snprintf(name, sizeof name, "%s-%s-%s", compilers[build_compiler(build)], levels[build / 2 % LEVELS],
		 build_protected(build) ? "ssp" : "plain");
	return name;
}

static bool have_build(int build)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", corpus.directory, build_name(build));
	return access(path, X_OK) == 0;
}

static void add_test(int row, int build, int fd, int crowd, bool ready)
{
	if (rows[row].idle_limit < 0 && !ready)
		return;
	corpus.tests[corpus.count++] =
		(struct test){ .row = row, .build = build, .fd = fd, .crowd = crowd, .ready = ready };
}

static void add_all(int row, int build)
{
	for (int fd = 0; fd < FDS; fd++)
		for (int crowd = 0; crowd < CROWDS; crowd++)
			for (int ready = 0; ready < 2; ready++)
				add_test(row, build, fds[fd], crowd, ready);
}

/* A sample that is the same in each run: over the patterns and builds, every descriptor with every table, two thirds of them becoming ready. */
static void add_sample(int row, int build)
{
	static const int step[SAMPLE] = { 0, 3, 7 };
	for (int i = 0; i < SAMPLE; i++) {
		unsigned mix = (unsigned)(row * 64 + build * 3 + i) * 2654435761u;
		bool ready = rows[row].idle_limit < 0 || (mix >> 24) % 3 != 0;
		add_test(row, build, fds[(row + 3 * build + step[i]) % FDS], (int)((mix >> 16) % CROWDS), ready);
	}
}

static bool left_out(const char *only, const char *name)
{
	return only && strcmp(only, name) != 0;
}

static int add_tests(void)
{
	int builds = 0;

	corpus.tests = calloc((size_t)row_count * BUILDS * FDS * CROWDS * 2, sizeof *corpus.tests);
	for (int build = 0; build < BUILDS && corpus.tests; build++) {
		if (!have_build(build) || left_out(only_build, build_name(build)))
			continue;
		builds++;
		for (int row = 0; row < row_count; row++) {
			if (left_out(only_pattern, rows[row].name))
				continue;
			if (all)
				add_all(row, build);
			else
				add_sample(row, build);
		}
	}
	return builds;
}

/* The least knowable place of all bits counts. That of the canary is in use, and what was written over before select was called is too. */
static enum place place_of(const struct test *test, bool in_use)
{
	if (test->seen & 1 << ON_CANARY)
		return ON_CANARY;
	if (test->seen & 1 << ON_OTHER)
		return in_use ? ON_OTHER : ON_NOTHING;
	return test->seen & 1 << ON_ARGUMENT ? ON_ARGUMENT : ON_OTHER;
}

/* A run in which that memory is damaged says whether it is in use. */
static bool find_places(void)
{
	struct corpus probed = { .directory = corpus.directory, .preload[PROBE] = corpus.preload[IDEAL] };
	int *of = calloc((size_t)corpus.count, sizeof *of);

	probed.tests = calloc((size_t)corpus.count, sizeof *probed.tests);
	for (int i = 0; i < corpus.count; i++) {
		struct test *test = &corpus.tests[i];
		test->place = place_of(test, true);
		if (test->seen && test->place == ON_OTHER) {
			of[probed.count] = i;
			probed.tests[probed.count++] = *test;
		}
	}
	if (probed.count > 0 && !run(&probed))
		return false;
	for (int i = 0; i < probed.count; i++)
		corpus.tests[of[i]].place = place_of(&corpus.tests[of[i]], !is_right(&probed.tests[i], PROBE));
	return true;
}

static bool read_arguments(char **argument)
{
	bool bare_only = false;

	for (; *argument && **argument == '-'; argument++) {
		if (strcmp(*argument, "--all") == 0)
			all = true;
		else if (strcmp(*argument, "--failures") == 0)
			list_failures = true;
		else if (strcmp(*argument, "--bare") == 0)
			bare_only = true;
		else if (strcmp(*argument, "--ideal") == 0 && argument[1])
			corpus.preload[IDEAL] = *++argument;
		else if (strcmp(*argument, "--build") == 0 && argument[1])
			only_build = *++argument;
		else if (strcmp(*argument, "--pattern") == 0 && argument[1])
			only_pattern = *++argument;
		else
			return false;
	}
	if (!argument[0] || !argument[1] || argument[2])
		return false;
	corpus.directory = argument[0];
	corpus.preload[BARE] = "";
	corpus.preload[OURS] = bare_only ? NULL : argument[1];
	return true;
}

/* Room for the descriptors, and no core files: a limit of 1 also keeps a core_pattern that is a pipe from being run. */
static bool set_limits(void)
{
	struct rlimit files, core = { 1, 1 };

	setrlimit(RLIMIT_CORE, &core);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = FILES;
	if (files.rlim_max < FILES)
		files.rlim_max = FILES;
	return setrlimit(RLIMIT_NOFILE, &files) == 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || !read_arguments(argv + 1)) {
		fprintf(stderr,
			"usage: select-corpus [--all] [--bare] [--failures] [--ideal PRELOAD] [--build NAME] [--pattern NAME] DIR LIBRARY\n");
		return 2;
	}
	if (!set_limits()) {
		fprintf(stderr, "select-corpus: the limit on open files (ulimit -Hn) is too low: it needs %d\n", FILES);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	int builds = add_tests();
	printf("%d cases of %d patterns in %d builds\n", corpus.count, row_count, builds);
	for (int i = 0; i < COMPILERS; i++)
		if (!have_build(i * LEVELS * 2))
			printf("no builds by %s: it is not installed\n", compilers[i]);
	if (corpus.count == 0)
		return 2;
	if (!run(&corpus) || (corpus.preload[IDEAL] && !find_places()))
		return 2;
	tell_tables(&corpus);
	if (list_failures)
		tell_cases(&corpus, corpus.preload[OURS] ? OURS : BARE, "wrong");
	return judge(&corpus, !only_build && !only_pattern) != 0;
}
