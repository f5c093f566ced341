// SPDX-License-Identifier: MIT
/* Each case is a process of its own; many at a time, since they mostly sleep. What does not end is killed: time is no part of any verdict but that. */
#include "runner.h"
#include "scene.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	YOUNG = 64,    /* processes at a time … */
	OLD_MS = 1000, /* … but those that have slept for so long do not count */
	HANGS_MS = 8000,
};

struct process {
	pid_t pid;
	int test, mode;
	long started;
};

static struct corpus *corpus;
static struct process *processes;
static int process_count;
static char logs[4096];

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What a preload has written about a test. */
static void log_path(char *ret_path, size_t size, int test, int mode)
{
	snprintf(ret_path, size, "%s/%d.%d", logs, test, mode);
}

static void set_environment(int test, int mode)
{
	char path[4128], options[4224];

	if (mode == BARE)
		return;
	setenv("LD_PRELOAD", corpus->preload[mode], 1);
	log_path(path, sizeof path, test, mode);
	if (mode != OURS) {
		setenv("SELECT_CORPUS_PLACES", path, 1);
		if (mode == PROBE)
			setenv("SELECT_CORPUS_PROBE", "1", 1);
		return;
	}
	snprintf(options, sizeof options, "format=json:log='%s'", path);
	setenv("FDGUARD_OPTIONS", options, 1);
}

/* In the child. */
static void become(int number, int mode)
{
	const struct test *test = &corpus->tests[number];
	char path[4096], fd[16];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close(null);
	if (test->crowd == INHERITED)
		crowd_open(3, test->fd - 1);
	snprintf(path, sizeof path, "%s/%s", corpus->directory, build_name(test->build));
	snprintf(fd, sizeof fd, "%d", test->fd);
	set_environment(number, mode);
	execl(path, path, rows[test->row].name, fd, crowds[test->crowd], test->ready ? "ready" : "idle", NULL);
	_exit(NO_SCENE);
}

static bool start(int test, int mode)
{
	pid_t pid = fork();
	if (pid == 0)
		become(test, mode);
	if (pid < 0)
		return false;
	processes[process_count++] = (struct process){ pid, test, mode, now_ms() };
	return true;
}

static int young(void)
{
	long now = now_ms();
	int count = 0;
	for (int i = 0; i < process_count; i++)
		count += now - processes[i].started < OLD_MS;
	return count;
}

static bool overflow_in_log(int test)
{
	char path[4128], line[8192];
	bool found = false;

	log_path(path, sizeof path, test, OURS);
	FILE *log = fopen(path, "re");
	if (!log)
		return false;
	while (fgets(line, sizeof line, log))
		found = found || (strstr(line, "\"select.overflow\"") && strstr(line, "\"error\""));
	fclose(log);
	unlink(path);
	return found;
}

static unsigned places_in_log(int test, int mode)
{
	char path[4128];
	unsigned seen = 0;
	int digit;

	log_path(path, sizeof path, test, mode);
	FILE *log = fopen(path, "re");
	if (!log)
		return 0;
	while ((digit = fgetc(log)) != EOF)
		seen |= 1u << (digit - '0');
	fclose(log);
	unlink(path);
	return seen;
}

static void end(int i, int status)
{
	struct test *test = &corpus->tests[processes[i].test];
	int mode = processes[i].mode;

	test->status[mode] = status;
	if (mode == OURS)
		test->reported = overflow_in_log(processes[i].test);
	if (mode == IDEAL || mode == PROBE)
		test->seen = places_in_log(processes[i].test, mode);
	processes[i] = processes[--process_count];
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < process_count; i++)
			if (processes[i].pid == pid) {
				end(i, status);
				break;
			}
}

static void kill_the_hanging(void)
{
	long now = now_ms();
	for (int i = process_count - 1; i >= 0; i--)
		if (now - processes[i].started > HANGS_MS) {
			int status;
			kill(processes[i].pid, SIGKILL);
			waitpid(processes[i].pid, &status, 0);
			end(i, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? HUNG : status);
		}
}

/* The next test and mode, all modes of a test one after the other. */
static bool next(int *test, int *mode)
{
	do {
		if (++*mode == MODES) {
			*mode = 0;
			++*test;
		}
	} while (*test < corpus->count && !corpus->preload[*mode]);
	return *test < corpus->count;
}

/* A helper of a program that was killed may have written after its log was read. */
static void remove_logs(void)
{
	DIR *directory = opendir(logs);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(logs);
}

bool run(struct corpus *all)
{
	const struct timespec tick = { 0, 50000000 };
	int test = 0, mode = -1;
	sigset_t child;

	corpus = all;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	processes = calloc((size_t)corpus->count * MODES, sizeof *processes);
	snprintf(logs, sizeof logs, "%s/select-corpus.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!processes || !mkdtemp(logs))
		return false;
	bool more = next(&test, &mode);
	while (more || process_count > 0) {
		for (; more && young() < YOUNG; more = next(&test, &mode))
			if (!start(test, mode))
				break;
		sigtimedwait(&child, NULL, &tick);
		reap();
		kill_the_hanging();
	}
	free(processes);
	remove_logs();
	return true;
}
