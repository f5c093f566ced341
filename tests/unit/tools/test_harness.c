// SPDX-License-Identifier: MIT
/* A command is run and waited for, with all that it started. What it becomes is /bin/sh, without a launcher. */
#include "tools/harness.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct run run;
static struct harness h;
static sigset_t mask;
static struct sigaction pipe_was, child_was, file_size_was;
static int64_t began;
static unsigned ticks;
static int signal_at_tick;
static char note_text[64];

static const char *note(void *cookie, int pid)
{
	snprintf(note_text, sizeof(note_text), "%s %d", (const char *)cookie, pid);
	return note_text;
}

static void started(void *cookie, int pid)
{
	(void)cookie;
	began = pid;
}

static void tick(void *cookie)
{
	(void)cookie;
	if (ticks++ == 0 && signal_at_tick)
		kill(getpid(), signal_at_tick);
}

static int setup(void **state)
{
	(void)state;
	run = (struct run){ .max_time_ms = 0 };
	h = (struct harness){ .r = &run, .started = started, .tick = tick, .cookie = (void *)"note" };
	began = signal_at_tick = 0;
	ticks = 0;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGPIPE, NULL, &pipe_was);
	sigaction(SIGCHLD, NULL, &child_was);
	sigaction(SIGXFSZ, NULL, &file_size_was);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGPIPE, &pipe_was, NULL);
	sigaction(SIGCHLD, &child_was, NULL);
	sigaction(SIGXFSZ, &file_size_was, NULL);
	run_free(&run);
	return 0;
}

static void shell(const char *script)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	h.argv = argv;
	assert_true(harness_run(&h));
	assert_true(began > 0);
	assert_true(ticks > 0);
}

static void its_status_is_kept(void **state)
{
	(void)state;
	shell("exit 7");
	assert_int_equal(run.cmd_status, 7);
	assert_false(run.cmd_killed || run.timed_out || run.interrupted || run.stucks);
}

static void a_signal_that_killed_it_is_told(void **state)
{
	(void)state;
	shell("kill -9 $$");
	assert_int_equal(run.cmd_status, 137);
	assert_true(run.cmd_killed);
}

static void what_cannot_be_executed_has_the_shells_status(void **state)
{
	const char *none[] = { "/no/such", NULL }, *directory[] = { "/", NULL };

	(void)state;
	h.argv = none;
	assert_true(harness_run(&h));
	assert_int_equal(run.cmd_status, 127);
	h.argv = directory;
	assert_true(harness_run(&h));
	assert_int_equal(run.cmd_status, 126);
}

static void the_environment_is_made(void **state)
{
	const char *preload = getenv("LD_PRELOAD");

	(void)state;
	if (preload && strstr(preload, "libfdguard"))
		skip(); /* run under fdguard: the variable is the library's, and is gone after the exec */
	h.note = note;
	shell("test \"$FDGUARD_NOTE\" = \"note $$\"");
	assert_int_equal(run.cmd_status, 0);
	assert_null(getenv("FDGUARD_NOTE"));
}

/* As check found them, whatever it does for itself. */
static void signals_are_as_they_were(void **state)
{
	char line[128], script[512] = "";
	FILE *f = fopen("/proc/self/status", "r");

	(void)state;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "SigBlk", 6) != 0 && strncmp(line, "SigIgn", 6) != 0)
			continue;
		line[strlen(line) - 1] = '\0';
		snprintf(script + strlen(script), sizeof(script) - strlen(script), "grep -q -x '%s' /proc/self/status && ", line);
	}
	fclose(f);
	assert_true(strlen(script) > 80);
	strcat(script, "true");
	shell(script);
	assert_int_equal(run.cmd_status, 0);
}

static void orphans_are_waited_for(void **state)
{
	char name[] = "/tmp/fdguard-harness.XXXXXX", script[256];
	struct stat st;
	int fd = mkostemp(name, O_CLOEXEC);

	(void)state;
	snprintf(script, sizeof(script), "(sh -c 'sleep 0.3; echo done >%s' &) ; exit 3", name);
	shell(script);
	assert_int_equal(run.cmd_status, 3);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(run.stucks, 0);
	close(fd);
	unlink(name);
}

static void its_time_may_be_up(void **state)
{
	(void)state;
	run.max_time_ms = 200;
	shell("sleep 1000 & wait");
	assert_true(run.timed_out);
	assert_int_equal(run.cmd_status, 143);
	assert_int_equal(run.stucks, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(run.stuck[i].ended);
	assert_true(strcmp(run.stuck[0].command, "sleep 1000") == 0 || strcmp(run.stuck[1].command, "sleep 1000") == 0);
}

static void an_end_is_handed_on(void **state)
{
	(void)state;
	signal_at_tick = SIGTERM;
	shell("sleep 1000");
	assert_int_equal(run.interrupted, SIGTERM);
	assert_int_equal(run.cmd_status, 143);
	assert_false(run.timed_out);
}

/* CMD may make its own of it. */
static void an_interrupt_is_handed_on(void **state)
{
	(void)state;
	signal_at_tick = SIGINT;
	shell("trap 'exit 5' INT; while :; do sleep 0.1; done");
	assert_int_equal(run.interrupted, SIGINT);
	assert_int_equal(run.cmd_status, 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_status_is_kept),
		TEST(a_signal_that_killed_it_is_told),
		TEST(what_cannot_be_executed_has_the_shells_status),
		TEST(the_environment_is_made),
		TEST(signals_are_as_they_were),
		TEST(orphans_are_waited_for),
		TEST(its_time_may_be_up),
		TEST(an_end_is_handed_on),
		TEST(an_interrupt_is_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
