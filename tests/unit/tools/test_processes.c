// SPDX-License-Identifier: MIT
/* The processes below this one: a child, its child, and what is no more. */
#include "tools/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct pool pool;
static int never[2], grandchild_is[2];
static pid_t child, grandchild;

static void wait_for_a_byte(void)
{
	char c;

	if (read(never[0], &c, 1) < 0)
		_exit(1);
	_exit(0);
}

/* A child that has one itself; both wait in read. */
static int setup(void **state)
{
	(void)state;
	child = grandchild = 0;
	if (pipe(never) < 0 || pipe(grandchild_is) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		pid_t pid = fork();

		if (pid != 0 && write(grandchild_is[1], &pid, sizeof(pid)) < 0)
			_exit(1);
		wait_for_a_byte();
	}
	return child > 0 && read(grandchild_is[0], &grandchild, sizeof(grandchild)) == sizeof(grandchild) ? 0 : -1;
}

static int teardown(void **state)
{
	int status;

	(void)state;
	if (grandchild > 0)
		kill(grandchild, SIGKILL);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	for (int i = 0; i < 2; i++) {
		close(never[i]);
		close(grandchild_is[i]);
	}
	pool_free(&pool);
	return 0;
}

static bool is_below(pid_t pid)
{
	int64_t *pids;
	size_t n = processes_below(&pids);
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found |= pids[i] == pid;
	free(pids);
	return found;
}

static void all_of_the_tree_is_found(void **state)
{
	(void)state;
	assert_true(is_below(child));
	assert_true(is_below(grandchild));
	assert_false(is_below(getpid()));
	assert_false(is_below(getppid()));
	assert_false(is_below(1));
}

static void what_has_ended_is_not(void **state)
{
	siginfo_t info;

	(void)state;
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_false(is_below(child)); /* a zombie */
}

static void a_signal_reaches_all(void **state)
{
	int status;

	(void)state;
	assert_int_equal(processes_signal(SIGKILL), 2);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	child = 0;
	while (kill(grandchild, 0) == 0 && is_below(grandchild))
		poll(NULL, 0, 10);
	assert_int_equal(processes_signal(SIGKILL), 0);
	grandchild = 0;
}

/* It may not be in its read yet. */
static void describe(pid_t pid, struct run_stuck *ret)
{
	do {
		assert_true(processes_describe(&pool, pid, ret));
	} while (strncmp(ret->where, "running", 7) == 0 || strstr(ret->where, "system call -1"));
}

static void where_it_hangs_is_told(void **state)
{
	char want[32], exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	struct run_stuck s;

	(void)state;
	describe(child, &s);
	assert_int_equal(s.pid, child);
	assert_int_equal(strlen(s.exe), n);
	assert_memory_equal(s.exe, exe, n);
	assert_non_null(strstr(s.command, "processes"));
	assert_memory_equal(s.where, "sleeping in ", 12);
	snprintf(want, sizeof(want), "read of %d (pipe:[", never[0]);
	/* Not every container lets one look. */
	if (!strstr(s.where, "kernel"))
		assert_non_null(strstr(s.where, want));
}

static void what_is_gone_is_not_told(void **state)
{
	struct run_stuck s;
	int status;

	(void)state;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(processes_describe(&pool, child, &s));
	assert_false(processes_is_unguarded(child));
	child = 0;
}

/* This program has the C library, and the preload only where these tests run under it. */
static bool is_guarded(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4096];
	bool guarded = false;

	while (fgets(line, sizeof(line), f))
		guarded |= strstr(line, "/libfdguard") != NULL;
	fclose(f);
	return guarded;
}

static void the_preload_is_looked_for(void **state)
{
	(void)state;
	assert_int_equal(processes_is_unguarded(child), !is_guarded());
}

static void map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_ptr_not_equal(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), MAP_FAILED);
	close(fd);
	unlink(path);
}

static void the_library_is_told_by_its_whole_name(void **state)
{
	char folder[] = "/tmp/fdguard-processes.XXXXXX", path[64];

	(void)state;
	if (is_guarded())
		return; /* this suite runs under check as well */
	assert_non_null(mkdtemp(folder));
	assert_true(processes_is_unguarded(getpid()));
	snprintf(path, sizeof(path), "%s/libfdguard-x", folder);
	map_file(path);
	snprintf(path, sizeof(path), "%s/libfdguard.sock", folder);
	map_file(path);
	assert_true(processes_is_unguarded(getpid()));
	snprintf(path, sizeof(path), "%s/libfdguard.so", folder);
	map_file(path);
	assert_false(processes_is_unguarded(getpid()));
	rmdir(folder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_of_the_tree_is_found),
		TEST(what_has_ended_is_not),
		TEST(a_signal_reaches_all),
		TEST(where_it_hangs_is_told),
		TEST(what_is_gone_is_not_told),
		TEST(the_preload_is_looked_for),
		TEST(the_library_is_told_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
