// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/baseline.h"

#define HEAD "# fdguard: findings that fdguard check lets through; a line goes when its finding is gone. Written by --update-baseline.\n"
#define A "cloexec.leaked kind=file site=o:f created=o:g peer=none"
#define B "cloexec.leaked kind=pipe site=o:f created=o:g peer=none"
#define OLD "cloexec.leaked site=o:f created=o:g peer=none"

static char path[] = "/tmp/fdguard-baseline.XXXXXX";
static struct run run;
static struct baseline baseline;

static bool reads(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	baseline_free(&baseline);
	baseline = (struct baseline){ 0 };
	return baseline_read(&baseline, &run.pool, path, true);
}

static struct run_finding found(const char *fingerprint, enum run_verdict verdict, size_t places)
{
	const struct baseline_entry *e = baseline_find(&baseline, fingerprint);

	return (struct run_finding){ .fingerprint = fingerprint, .verdict = verdict, .places = places, .baseline = e ? e->line : 0,
				     .line = { .id = "cloexec.leaked", .level = FDG_LEVEL_ERROR } };
}

static void assert_written(struct run_finding *f, size_t n, bool whole, const char *want)
{
	char text[4096] = "";
	FILE *file;

	run.o.fail_on = FDG_LEVEL_WARNING;
	run.finding = f;
	run.findings = n;
	memset(&run.update, 0, sizeof(run.update));
	assert_true(baseline_update(&baseline, &run, path, whole));
	file = fopen(path, "r");
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_memory_equal(text, HEAD, strlen(HEAD));
	assert_string_equal(text + strlen(HEAD), want);
}

static void an_entry_tells_places_and_a_reason(void **state)
{
	const struct baseline_entry *e;

	(void)state;
	assert_true(reads("# comment\n\n" A " places=3 # why\n" B " places=1\n"));
	e = baseline_find(&baseline, A);
	assert_non_null(e);
	assert_int_equal(e->places, 3);
	assert_int_equal(e->line, 3);
	assert_string_equal(e->reason, "# why");
	assert_null(baseline_find(&baseline, OLD));
	assert_int_equal(baseline_old_entries(&baseline), 0);
}

static void an_old_entry_is_good_for_every_kind(void **state)
{
	(void)state;
	assert_true(reads(OLD "\n"));
	assert_int_equal(baseline_old_entries(&baseline), 1);
	assert_int_equal(baseline_find(&baseline, A)->places, 0);
	assert_int_equal(baseline_find(&baseline, B)->line, 1);
	assert_null(baseline_find(&baseline, "cloexec.leaked kind=file site=o:f created=o:h peer=none"));
	assert_true(reads(OLD " places=1\n"));
	assert_null(baseline_find(&baseline, A)); /* that one is of a finding that has no kind */
}

static void of_twins_the_one_that_knows_more_counts(void **state)
{
	static const char *const texts[] = { A " places=2\n" A " places=5\n", A " places=5\n" A " places=2\n", A " places=1\n" A " places=5\n" A " places=2\n" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(reads(texts[i]));
		assert_int_equal(baseline_find(&baseline, A)->places, 5);
		run.stale_baselines = 0;
		baseline_list_stale(&baseline, &run);
		assert_int_equal(run.stale_baselines, 0);
	}
	assert_true(reads(A " places=5\n" A "\n"));
	assert_int_equal(baseline_find(&baseline, A)->places, 0);
}

static void what_is_no_entry_is_refused(void **state)
{
	static const char *const texts[] = { "what\n", A " places=\n", A " places=0\n", A " places=-2\n", A " places=1x\n", A " places=1 2\n", A "x y\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (reads(texts[i]))
			fail_msg("accepted: %s", texts[i]);
}

static void a_whole_run_writes_what_there_is(void **state)
{
	struct run_finding f[2];

	(void)state;
	assert_true(reads(A " places=3 # why\n" B " places=1\n"));
	f[0] = found(A, RUN_BASELINED, 2);
	assert_written(f, 1, true, A " places=2 # why\n");
	assert_int_equal(run.update.gone, 1);
	assert_int_equal(run.update.changed, 1);
	assert_true(reads(A " places=1 # why\n"));
	f[0] = found(A, RUN_NEW, 2);
	f[1] = found(B, RUN_NEW, 0);
	f[0].excess = "2 places";
	assert_written(f, 2, true, A " places=2 # why\n" B " places=1\n");
	assert_int_equal(run.update.added, 1);
	assert_int_equal(f[0].verdict, RUN_BASELINED);
	assert_null(f[0].excess);
}

static void a_broken_run_takes_nothing_away(void **state)
{
	struct run_finding f[1];

	(void)state;
	assert_true(reads(A " places=3\n" B " places=1 # b\n"));
	f[0] = found(A, RUN_BASELINED, 1);
	assert_written(f, 1, false, A " places=3\n" B " places=1 # b\n");
	assert_true(reads(OLD " # old\n"));
	f[0] = found(A, RUN_BASELINED, 1);
	assert_written(f, 1, false, OLD " # old\n");
	assert_true(reads(OLD " # old\n"));
	f[0] = found(A, RUN_BASELINED, 1);
	assert_written(f, 1, true, A " places=1 # old\n");
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd >= 0 ? close(fd) : -1;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	baseline_free(&baseline);
	pool_free(&run.pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_tells_places_and_a_reason),
		cmocka_unit_test(an_old_entry_is_good_for_every_kind),
		cmocka_unit_test(of_twins_the_one_that_knows_more_counts),
		cmocka_unit_test(what_is_no_entry_is_refused),
		cmocka_unit_test(a_whole_run_writes_what_there_is),
		cmocka_unit_test(a_broken_run_takes_nothing_away),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
