// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/select/select.h"
#include "ledger/ledger.h"

#include "../../../harness/reported.h"

#define S FDG_SET_BYTES

static struct fdg_select s;
static unsigned char static_set[S], large_static_set[4 * S];

enum verdict { KERNEL, WAIT };

/* A new call site for each test: one site is told once. */
static enum verdict call(int nfds, void *r, void *w, int64_t *timeout)
{
	static uintptr_t site = 0x1000;

	memset(&s, 0, sizeof(s));
	s.call = (struct fdg_select_call){ nfds, { r, w, NULL }, timeout, 1000000, true, false, NULL, (const void *)(site += 16), 0, false, false };
	return fdg_select_overran(&s.call) && fdg_select_before(&s) ? WAIT : KERNEL;
}

static void open_until(int last)
{
	for (int fd = 20; fd <= last; fd++) {
		assert_int_equal(dup2(0, fd), fd);
		fdg_ledger_learn(fd, FDG_KIND_PIPE, 0, (const char *)(uintptr_t)open_until + 4);
		fdg_select_numbered(fd);
	}
}

static int setup(void **state)
{
	struct rlimit r;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	fdg_options.select_mode = FDG_FIX;
	atomic_store(&fdg_select_use, FDG_SELECT_UNUSED);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	report();
	fdg_ledger_forget_range(3, ~0u);
	closefrom(20);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return begin_reports("/usr/bin/program");
}

static void sets_on_the_heap_are_what_they_are(void **state)
{
	uint64_t *r = calloc(1, 4096), *w = calloc(1, 4096);

	(void)state;
	open_until(1045);
	assert_int_equal(call(1046, r, w, NULL), KERNEL);
	assert_int_equal(fdg_select_use, FDG_SELECT_BIG);
	free(r);
	free(w);
	assert_string_equal(report(), "");
}

/* Two sets in one piece of the heap: an argument that lies in a set says how long it is. */
static void a_neighbouring_argument(void **state)
{
	struct { unsigned char r[S], w[S]; int64_t timeout[2]; } *m = calloc(1, sizeof(*m));

	(void)state;
	open_until(1045);
	((unsigned char *)m)[1045 / 8] |= 1 << 1045 % 8;
	assert_int_equal(call(1046, m->r, m->w, m->timeout), WAIT);
	assert_true(fdg_bit(s.want[FDG_READ_SET], 1045));
	assert_non_null(strstr(report(), "called select on fd 1045: readfds has 1,024 bits, and the bit was written into writefds behind it [select.overflow]"));
	assert_non_null(strstr(logged, "the kernel would read: select(1046, [1045], [21], NULL, {0, 0})"));
	assert_non_null(strstr(logged, "meant: select(1046, [1045], [], NULL, {0, 0})"));
	assert_non_null(strstr(logged, "fixed: by fdguard"));
	assert_non_null(strstr(logged, "most of the numbers below 1,024: 1,004 pipes made at "));
	assert_true(fdg_select_before(&s));
	assert_string_equal(report(), ""); /* the same site again */
	free(m);
}

static void reporting_changes_nothing(void **state)
{
	struct { unsigned char w[S]; int64_t timeout[2]; } *m = calloc(1, sizeof(*m));

	(void)state;
	fdg_options.select_mode = FDG_REPORT;
	open_until(1045);
	m->timeout[0] = 5 | 1 << 21;
	assert_int_equal(call(1046, NULL, m->w, m->timeout), KERNEL);
	assert_int_equal(m->timeout[0], 5 | 1 << 21);
	assert_non_null(strstr(report(), "[select.overflow]"));
	assert_null(strstr(logged, "fixed:"));
	fdg_options.select_mode = FDG_OFF;
	assert_int_equal(call(1046, NULL, m->w, m->timeout), KERNEL);
	assert_string_equal(report(), "");
	free(m);
}

/* nfds is what the program thinks; the table is what the kernel takes. */
static void a_small_table(void **state)
{
	struct { unsigned char r[S], w[S]; } *m = calloc(1, sizeof(*m));
	pid_t pid;
	int status;

	(void)state;
	pid = fork(); /* this process' own table never shrinks */
	if (pid == 0) {
		bool kernel = call(20000, m->r, m->w, NULL) == KERNEL, small = fdg_select_table_is_small;

		open_until(1100);
		/* The kernel would go beyond the sets; but nothing was meant there, and to wait for nothing helps nobody. */
		_exit(!(kernel && small && !fdg_select_table_is_small && call(20000, m->r, m->w, NULL) == KERNEL && s.call.n >= 1101));
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_non_null(strstr(report(), "which makes the kernel read and write"));
	assert_null(strstr(logged, "fixed:"));
	free(m);
}

#if defined(__SANITIZE_ADDRESS__)
#define PADDED 1 /* variables, and their symbols */
#else
#define PADDED 0
#endif

static void the_size_of_a_static_set(void **state)
{
	(void)state;
	if (PADDED)
		return;
	open_until(1045);
	assert_int_equal(call(1046, large_static_set, NULL, NULL), KERNEL);
	assert_string_equal(report(), "");
	assert_int_equal(call(1046, static_set, NULL, NULL), WAIT);
	assert_non_null(strstr(report(), "into what lies behind it"));
	assert_int_equal(call(1046, static_set, NULL, NULL), WAIT); /* remembered */
}

/* What lies above us on the stack, up to our callers' return addresses. */
static void sets_on_the_stack(void **state)
{
	uint64_t large[1024] = { 0 };

	(void)state;
	open_until(1045);
	large[0] = 1;
	assert_int_equal(call(1046, large, NULL, NULL), KERNEL);
	assert_string_equal(report(), "");
	open_until(4000);
	/* A set that begins at the end of ours reaches into the frames that called us. */
	call(4001, large + 1024 - S / 8, NULL, NULL);
	assert_true(fdg_select_overran(&s.call));
	assert_false(s.call.is_cut);
	/* Of one that the kernel reads further than we look, a part would be worse than nothing. */
	open_until(4200);
	assert_int_equal(call(4201, large + 1024 - S / 8, NULL, NULL), KERNEL);
	assert_true(fdg_select_overran(&s.call));
	assert_true(s.call.is_cut);
}

static void the_warning_before(void **state)
{
	(void)state;
	open_until(1030);
	fdg_select_obtained(1030);
	assert_string_equal(report(), ""); /* never used */
	fdg_select_used(NULL, static_set, NULL);
	fdg_select_obtained(1023);
	assert_string_equal(report(), "");
	fdg_select_obtained(1030);
	assert_non_null(strstr(report(), "fdguard: warning: unit-guards-select waits with select, and has obtained fd 1030"));
	assert_non_null(strstr(logged, "[select.overflow]"));
	assert_non_null(strstr(logged, "1,004 pipes made at "));
	fdg_select_obtained(1030);
	assert_string_equal(report(), "");
}

static void those_who_know_need_no_warning(void **state)
{
	uint64_t *r = calloc(1, 4096);

	(void)state;
	open_until(1030);
	fdg_select_used(NULL, static_set, NULL);
	call(1031, r, NULL, NULL);
	fdg_select_obtained(1030);
	assert_string_equal(report(), "");
	atomic_store(&fdg_select_use, FDG_SELECT_UNUSED);
	fdg_select_used(r, NULL, NULL); /* of any size */
	fdg_select_obtained(1030);
	assert_string_equal(report(), "");
	free(r);
}

static void what_is_about_to_abort(void **state)
{
	(void)state;
	open_until(1045);
	fdg_select_fortify(1045, (const char *)(uintptr_t)report + 4);
	assert_non_null(strstr(report(), "fdguard: error: FD_SET is about to abort unit-guards-select: fd 1045 has no bit in an fd_set, which ends at 1,023 [select.fortify]"));
	assert_non_null(strstr(logged, "made at open_until"));
	assert_non_null(strstr(logged, "called at report"));
	fdg_select_fortify(-1, (const void *)0x10);
	assert_non_null(strstr(report(), "-1 is no descriptor"));
	assert_null(strstr(logged, "\n  fd: "));
	fdg_options.select_mode = FDG_OFF;
	fdg_select_fortify(1044, (const void *)0x20);
	assert_string_equal(report(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_small_table, setup, teardown), /* the first: this process' table is small yet */
		cmocka_unit_test_setup_teardown(sets_on_the_heap_are_what_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(a_neighbouring_argument, setup, teardown),
		cmocka_unit_test_setup_teardown(reporting_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_size_of_a_static_set, setup, teardown),
		cmocka_unit_test_setup_teardown(sets_on_the_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(the_warning_before, setup, teardown),
		cmocka_unit_test_setup_teardown(those_who_know_need_no_warning, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_about_to_abort, setup, teardown),
	};

	return cmocka_run_group_tests(tests, start, end_reports);
}
